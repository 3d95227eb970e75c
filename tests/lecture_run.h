// Runs a lecture's program as a user does, in a directory of its own.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

class LectureRun {
 public:
  LectureRun(const std::string& program, const std::string& options, const std::string& suffix = "")
      : out_(std::filesystem::temp_directory_path() / ("gradus_" + program + std::to_string(getpid()) + suffix)) {
    const char* const moved = std::getenv("GRADUS_EXAMPLES");  // where the build lies elsewhere now
    const std::string examples = moved ? moved : GRADUS_EXAMPLES_DIR;
    const std::string command = "'" + examples + "'/" + program + " --out '" + out_.string() + "' " + options;
    status_ = std::system(command.c_str());
  }
  ~LectureRun() { std::filesystem::remove_all(out_); }
  LectureRun(const LectureRun&) = delete;
  LectureRun& operator=(const LectureRun&) = delete;

  bool succeeded() const { return status_ == 0; }
  int exit_code() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1; }
  bool wrote(const std::string& name) const { return std::filesystem::exists(out_ / name); }
  std::string path(const std::string& name) const { return (out_ / name).string(); }
  std::string text(const std::string& name) const {
    std::ifstream in(out_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  nlohmann::json results() const { return nlohmann::json::parse(text("results.json")); }

 private:
  std::filesystem::path out_;
  int status_;
};
