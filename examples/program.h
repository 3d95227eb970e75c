// What the lectures' programs share: options, the files of a run, and how it ends. A program declares its own options,
// then hands its work to run():
//
//   int epochs = 20;
//   Program program("lecture20", "Trains ...", {.out = "out/lecture20", .batch_size = 1000});
//   program.option("--epochs", epochs, "epochs of the autoencoder; 0 skips it", 0);
//   return program.run(argc, argv, [&] { ... });
//
// A run leaves in --out: metrics.csv and curves.svg, brought up to date by every epoch, and at its end results.json.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gradus/core/tensor.h>

namespace gradus {

// Options of every program. What a program sets here first are its defaults.
struct CommonOptions {
  std::string data = "";  // empty: find_data chooses (data/source.h)
  std::string out = "out";
  Index batch_size = 100;
  std::uint64_t seed = 0;
  int threads = 0;  // 0: as many as the process has CPUs; run() puts their number here
  Device device = cpu;
  bool quiet = false;
};

// One row of metrics.csv. `seconds` is what the epoch took.
struct Epoch {
  std::string phase;
  int epoch = 0;  // from 1
  double loss = 0;
  std::optional<double> accuracy;  // in percent of the whole test set
  double seconds = 0;
};

// Counts, class by class, how many predictions were right.
class ClassAccuracy {
 public:
  explicit ClassAccuracy(std::vector<std::string> classes)
      : classes_(std::move(classes)), right_(size()), total_(size()) {}

  // predicted, labels: [n], int64. Throws Error for other shapes and dtypes, and for a label that is no class.
  void add(const Tensor& predicted, const Tensor& labels);

  std::size_t size() const { return classes_.size(); }
  const std::string& name(std::size_t i) const { return classes_[i]; }
  double of(std::size_t i) const { return percent(right_[i], total_[i]); }  // of class i; NaN when none was seen
  double overall() const;
  std::string str() const;  // the lectures' table, a line a class: "Accuracy of  zero : 97.551020 %"

 private:
  static double percent(Index right, Index total) {
    return total > 0 ? 100 * static_cast<double>(right) / static_cast<double>(total)
                     : std::numeric_limits<double>::quiet_NaN();
  }
  std::vector<std::string> classes_;
  std::vector<Index> right_, total_;
};

class Program {
 public:
  Program(std::string name, std::string purpose, CommonOptions defaults = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Options of the program's own, "--name"; `value` holds the default and takes what the user gives, and must live as
  // long as the program. Values under `least`, and for text outside `allowed`, are refused.
  void option(const std::string& name, int& value, const std::string& help, int least);
  void option(const std::string& name, double& value, const std::string& help,
              double least = -std::numeric_limits<double>::infinity());
  void option(const std::string& name, std::string& value, const std::string& help,
              const std::vector<std::string>& allowed);

  // Reads the command line, sets threads and seed, makes sure that --out can be written, calls `work` and writes
  // results.json. Returns the exit code: 0; 2 for a wrong command line; 1 for an error, said on stderr.
  int run(int argc, const char* const* argv, const std::function<void()>& work);

  CommonOptions options;

  // --- for `work` ---
  void say(const char* format, ...) __attribute__((format(printf, 2, 3)));  // printf, unless --quiet
  std::ostream& log();                                                      // the same for <<
  std::filesystem::path file(const std::string& name) const;                // in --out

  void record(const Epoch& epoch);  // a row of metrics.csv and a point in curves.svg; both are whole files at any time
  const std::vector<Epoch>& epochs() const { return epochs_; }

  void result(const std::string& name, double value);  // a final figure of results.json
  void result(const std::string& name, const std::string& text);
  void result(const ClassAccuracy& accuracy);  // and the accuracy of each class
  double seconds() const;                      // since run() began

 private:
  struct CommandLine;
  std::optional<int> parse(int argc, const char* const* argv);  // the exit code, when there is nothing to run
  void write_results() const;

  std::string name_;
  std::unique_ptr<CommandLine> command_line_;
  std::vector<Epoch> epochs_;
  std::vector<std::pair<std::string, double>> results_;
  std::vector<std::pair<std::string, std::string>> texts_;
  std::optional<ClassAccuracy> class_accuracy_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

std::string formatted(const char* format, ...) __attribute__((format(printf, 1, 2)));  // as printf would print it
double peak_memory_mb();  // the most memory that the process has held, in 10^6 bytes

}  // namespace gradus
