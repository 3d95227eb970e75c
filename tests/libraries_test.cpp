// Which libraries a GPU's products go to: what may be asked for, and the sentences where it cannot be had.
#include <gradus/kernels/libraries.h>

#include "catch.h"

namespace gradus::kernels {
namespace {

TEST_CASE("libraries and precisions are read from their names") {
  CHECK(parse_libraries("GRADUS_LIBRARIES", "own") == Libraries::own);
  CHECK(parse_libraries("GRADUS_LIBRARIES", "vendor") == Libraries::vendor);
  CHECK(parse_precision("--precision", "float32") == Precision::float32);
  CHECK(parse_precision("--precision", "tf32") == Precision::tf32);
  CHECK(message_of([] { parse_libraries("GRADUS_LIBRARIES", "cudnn"); }) ==
        "GRADUS_LIBRARIES: expected own or vendor, got \"cudnn\"");
  CHECK(message_of([] { parse_libraries("GRADUS_LIBRARIES", ""); }) ==
        "GRADUS_LIBRARIES: expected own or vendor, got \"\"");
  CHECK(message_of([] { parse_precision("--precision", "float16"); }) ==
        "--precision: expected float32 or tf32, got \"float16\"");
}

TEST_CASE("own kernels can always be chosen, and know no TF32") {
  set_libraries(Libraries::own);
  CHECK(libraries() == Libraries::own);
  CHECK_FALSE(uses_cublas());
  CHECK_FALSE(uses_cudnn());
  CHECK(library_facts().matrix_products == "own kernels");
  CHECK(library_facts().convolutions == "own kernels");
  CHECK(library_facts().precision == "float32");
  CHECK(libraries_line() ==
        "matrix products: own kernels; convolutions: own kernels; float32 is multiplied in float32");
  set_precision(Precision::tf32);
  CHECK(precision() == Precision::tf32);
  CHECK(library_facts().precision == "float32");
  CHECK(libraries_line().find("(own kernels know no TF32)") != std::string::npos);
  set_precision(Precision::float32);
}

#if !defined(GRADUS_HAS_CUBLAS) && !defined(GRADUS_HAS_CUDNN)
TEST_CASE("where no library was built in, own kernels compute, and who asks for vendor is told") {
  CHECK(libraries() == Libraries::own);
  CHECK(message_of([] { set_libraries(Libraries::vendor); }) ==
        "set_libraries: vendor was asked for, but this gradus was built without cuBLAS and cuDNN; own is always there");
  CHECK(libraries() == Libraries::own);
  CHECK(cudnn_version() == "none");
}
#endif

// ctest's entry libraries_environment runs this one, with GRADUS_LIBRARIES=cublas: it is read once in a program.
TEST_CASE("what GRADUS_LIBRARIES asks for must be one of two", "[.environment]") {
  for (int time = 0; time < 2; ++time) {
    CHECK(message_of([] { libraries(); }) == "GRADUS_LIBRARIES: expected own or vendor, got \"cublas\"");
  }
  set_libraries(Libraries::own);
  CHECK(libraries() == Libraries::own);  // a program's word counts for more
}

}  // namespace
}  // namespace gradus::kernels
