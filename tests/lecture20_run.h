// Runs the lecture 20 program as a user does, in a directory of its own.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>
#include <unistd.h>

class Lecture20Run {
 public:
  explicit Lecture20Run(const std::string& options)
      : out_(std::filesystem::temp_directory_path() / ("gradus_lecture20_" + std::to_string(getpid()))) {
    const std::string command =
        std::string(GRADUS_EXAMPLES_DIR) + "/lecture20_denoising_autoencoder --out '" + out_.string() + "' " + options;
    status_ = std::system(command.c_str());
  }
  ~Lecture20Run() { std::filesystem::remove_all(out_); }
  Lecture20Run(const Lecture20Run&) = delete;
  Lecture20Run& operator=(const Lecture20Run&) = delete;

  bool succeeded() const { return status_ == 0; }
  bool wrote(const std::string& name) const { return std::filesystem::exists(out_ / name); }
  std::string text(const std::string& name) const {
    std::ifstream in(out_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  nlohmann::json results() const { return nlohmann::json::parse(text("results.json")); }

 private:
  std::filesystem::path out_;
  int status_;
};
