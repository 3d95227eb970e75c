// The main function of the tests. `unit_tests "[#shape_test]"` runs the cases of shape_test.cpp, as one entry of ctest.
// With --skip-without WHAT first, it exits with 77, ctest's word for skipped, where WHAT is missing: a GPU (`gpu`), or
// a folder of GRADUS_DATA (`mnist`). With GRADUS_REQUIRE_CUDA=1, or GRADUS_REQUIRE_DATA=1, that is a failure.
#define CATCH_CONFIG_RUNNER
#include "catch.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#ifdef GRADUS_HAS_CUDA
#include <gradus/kernels/cuda.h>
#endif

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string what_to_set(const std::string& what) {
  const std::string data = environment("GRADUS_DATA");
  return "set GRADUS_DATA to a directory that holds " + what + "/ (it is " + (data.empty() ? "not set" : data) + ")";
}

bool has_data(const std::string& what) {
  const std::string data = environment("GRADUS_DATA");
  return !data.empty() && std::filesystem::is_directory(std::filesystem::path(data) / what);
}

// Why there is no GPU to test on, or "".
std::string why_no_gpu() {
#ifdef GRADUS_HAS_CUDA
  return gradus::kernels::device_count() > 0 ? "" : gradus::kernels::why_no_device();
#else
  return "this was built without CUDA";
#endif
}

// The exit code where `what` is missing; -1 where it is there, or where the tests themselves say what is.
int exit_without(const std::string& what) {
  const bool gpu = what == "gpu";
  const bool required = environment(gpu ? "GRADUS_REQUIRE_CUDA" : "GRADUS_REQUIRE_DATA") == "1";
  if (gpu ? why_no_gpu().empty() : has_data(what) || required) return -1;
  std::printf("%s: %s\n", required ? "failed" : "skipped",
              (gpu ? "needs a GPU, but " + why_no_gpu() +
                         (required ? ", and GRADUS_REQUIRE_CUDA=1" : "; set GRADUS_REQUIRE_CUDA=1 to have it fail")
                   : what_to_set(what))
                  .c_str());
  return required ? 1 : 77;
}

}  // namespace

std::string require_data(const std::string& what) {
  gradus::check(has_data(what), "test", what_to_set(what));
  return environment("GRADUS_DATA");
}

int main(int count, char* arguments[]) {
  if (count > 2 && std::string(arguments[1]) == "--skip-without") {
    if (const int code = exit_without(arguments[2]); code >= 0) return code;
    arguments[2] = arguments[0];
    arguments += 2;
    count -= 2;
  }
  Catch::Session session;
  session.configData().filenamesAsTags = true;
  const int wrong_option = session.applyCommandLine(count, arguments);
  if (wrong_option != 0) return wrong_option;
  return session.run() == 0 ? 0 : 1;  // Catch2 2.13 returns the number of failures, and 77 of them are not a skip
}
