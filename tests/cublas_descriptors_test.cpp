// cuBLASLt on a machine without a GPU: it opens, and takes what it is told of every kind of product. What it computes,
// tests/cuda_libraries_test.cpp compares on a GPU.
#include <regex>

#include <gradus/kernels/libraries.h>
#include <gradus/kernels/vendor/cublas.h>
#include <gradus/kernels/vendor/product.h>
#include <gradus/kernels/vendor/shared_library.h>

#include "catch.h"

namespace gradus::kernels {
namespace {

TEST_CASE("cuBLASLt opens and says its version") {
  REQUIRE(cublas::why_not() == "");
  CHECK(std::regex_match(cublas::version(), std::regex("[0-9]+\\.[0-9]+\\.[0-9]+")));
  set_libraries(Libraries::vendor);
  CHECK(uses_cublas());
  CHECK(library_facts().matrix_products == "cuBLASLt " + cublas::version());
  set_libraries(Libraries::own);
}

TEST_CASE("a library that does not open, or lacks a function, says so") {
  SharedLibrary none({"libgradus_none.so.1", ""});
  CHECK(none.why_not().find("libgradus_none.so.1") != std::string::npos);
  CHECK(none["cublasLtCreate"].address == nullptr);
  CHECK(none.why_not().find("libgradus_none.so.1") != std::string::npos);

  SharedLibrary second({"libgradus_none.so.1", "libc.so.6"});
  CHECK(second.why_not() == "");
  int (*const absolute)(int) = second["abs"];
  REQUIRE(absolute != nullptr);
  CHECK(absolute(-3) == 3);
  CHECK(second.why_not() == "");
  CHECK(second["gradus_none"].address == nullptr);
  CHECK(second.why_not() == "libc.so.6 has no gradus_none; a newer version may");
}

TEST_CASE("TF32 is what the facts say where it was asked for") {
  set_libraries(Libraries::vendor);
  CHECK(library_facts().precision == "float32");
  set_precision(Precision::tf32);
  CHECK(library_facts().precision == "TF32");
  CHECK(libraries_line().find("float32 is multiplied in TF32") != std::string::npos);
  set_precision(Precision::float32);
  set_libraries(Libraries::own);
}

TEST_CASE("cuBLASLt takes what describes a product") {
  for (const bool is_double : {false, true})
    for (const auto epilogue :
         {Product::Epilogue::none, Product::Epilogue::bias, Product::Epilogue::bias_relu, Product::Epilogue::row_sums})
      for (const auto precision : {Precision::float32, Precision::tf32})
        for (const int transposed : {0, 1, 2, 3}) {
          Product p{100, 1000, 784, (transposed & 1) != 0, (transposed & 2) != 0, epilogue, is_double, precision};
          CHECK_NOTHROW(cublas::check_description(p));
          p.alignment = 4;
          CHECK_NOTHROW(cublas::check_description(p));
        }
}

}  // namespace
}  // namespace gradus::kernels
