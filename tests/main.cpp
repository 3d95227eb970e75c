// The main function of the tests. `unit_tests "[#shape_test]"` runs the cases of shape_test.cpp, as one entry of ctest.
// With --skip-without DATA first, it exits with 77, ctest's word for skipped, where GRADUS_DATA holds no folder DATA
// and GRADUS_REQUIRE_DATA is not 1.
#define CATCH_CONFIG_RUNNER
#include "catch.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

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

}  // namespace

std::string require_data(const std::string& what) {
  gradus::check(has_data(what), "test", what_to_set(what));
  return environment("GRADUS_DATA");
}

int main(int count, char* arguments[]) {
  if (count > 2 && std::string(arguments[1]) == "--skip-without") {
    const std::string what = arguments[2];
    if (!has_data(what) && environment("GRADUS_REQUIRE_DATA") != "1") {
      std::printf("skipped: %s\n", what_to_set(what).c_str());
      return 77;
    }
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
