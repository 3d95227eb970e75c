// What the library says of itself, against what the compiler and CMake say here.
#include "catch.h"

#include <fstream>
#include <regex>
#include <sstream>

#include <gradus/core/version.h>

using namespace gradus;

TEST_CASE("the version is the one that CMakeLists.txt names", "[version]") {
  std::ifstream file(GRADUS_SOURCE_DIR "/CMakeLists.txt");
  std::ostringstream text;
  text << file.rdbuf();
  CHECK(text.str().find("project(gradus VERSION " + version_facts().gradus + " ") != std::string::npos);
}

TEST_CASE("the facts are those of this build", "[version]") {
  const VersionFacts facts = version_facts();
#if defined(__AVX512F__)
  CHECK(facts.instruction_set == "AVX-512");
#elif defined(__AVX2__)
  CHECK(facts.instruction_set == "AVX2");
#else
  CHECK((facts.instruction_set == "NEON" || facts.instruction_set == "SSE2"));
#endif
#if defined(GRADUS_CUDA_EMULATED)
  CHECK(facts.cuda == "emulated");
#elif defined(GRADUS_HAS_CUDA)
  CHECK(std::regex_match(facts.cuda, std::regex("1[0-9]\\.[0-9]+")));
#else
  CHECK(facts.cuda == "none");
#endif
#ifdef GRADUS_HAS_CUDNN
  CHECK(std::regex_match(facts.cudnn, std::regex("[0-9]+\\.[0-9]+\\.[0-9]+")));
#else
  CHECK(facts.cudnn == "none");
#endif
}

TEST_CASE("version is the facts in a line", "[version]") {
  const VersionFacts facts = version_facts();
  CHECK(version() == "gradus " + facts.gradus + " (" + facts.instruction_set + ", CUDA " + facts.cuda + ", cuDNN " +
                         facts.cudnn + ")");
}
