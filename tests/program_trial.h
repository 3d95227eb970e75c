// A program to try things with, what it prints, and what it leaves in its folder.
#pragma once
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <unistd.h>

#include <gradus/examples/program.h>
#include <gradus/kernels/parallel.h>

// What is printed while it lives.
struct Printed {
  std::ostringstream out, err;
  std::streambuf *old_out = std::cout.rdbuf(out.rdbuf()), *old_err = std::cerr.rdbuf(err.rdbuf());
  ~Printed() {
    std::cout.rdbuf(old_out);
    std::cerr.rdbuf(old_err);
  }
};

// A program with options of its own, in a folder of its own, run with a command line.
struct Trial {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("gradus_program_trial." + std::to_string(::getpid()));
  int epochs = 20, threads_before = gradus::kernels::num_threads();
  double noise = 0.2;
  std::string form = "mean";
  gradus::CommonOptions options;
  std::string out, err;
  bool worked = false;

  Trial() { std::filesystem::remove_all(folder); }
  ~Trial() {
    std::filesystem::remove_all(folder);
    gradus::kernels::set_num_threads(threads_before);
  }
  int run(std::vector<std::string> words, const std::function<void(gradus::Program&)>& work = {}) {
    gradus::Program program("trial", "Tries things.", {.out = folder.string(), .batch_size = 1000});
    program.option("--epochs", epochs, "how often", 0);
    program.option("--noise", noise, "how loud", 0);
    program.option("--form", form, "which", {"mean", "sum", "none"});
    words.insert(words.begin(), "trial");
    std::vector<const char*> argv;
    for (const auto& word : words) argv.push_back(word.c_str());
    worked = false;
    Printed printed;
    const int code = program.run(static_cast<int>(argv.size()), argv.data(), [&] {
      worked = true;
      if (work) work(program);
    });
    options = program.options;
    out = printed.out.str();
    err = printed.err.str();
    return code;
  }
};

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

inline std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}
