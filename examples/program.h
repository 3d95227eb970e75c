// What the lectures' programs share: options, the files of a run, and how it ends. A program declares its own options,
// then hands its work to run():
//
//   int epochs = 20;
//   Program program("lecture20", "Trains ...", {.out = "out/lecture20", .batch_size = 1000});
//   program.option("--epochs", epochs, "epochs of the autoencoder; 0 skips it", 0);
//   return program.run(argc, argv, [&] { ... });
//
// program_epochs.h has the loops over a data set, program_loss.h the mean of losses, program_models.h what becomes of
// saved networks.
//
// A run leaves in --out: metrics.csv, curves.svg and report.html, brought up to date by every record(), the pictures
// that it draws, and at its end results.json. After Ctrl-C it finishes its step and saves what it has
// (program_interrupt.h). Where a loss is NaN or infinite it stops before it writes any more (program_loss.h).
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
#include <gradus/examples/program_accuracy.h>
#include <gradus/examples/program_interrupt.h>
#include <gradus/examples/program_record.h>
#include <gradus/report/tiles.h>

namespace gradus {

// Options of every program. What a program sets here first are its defaults.
struct CommonOptions {
  std::string data = "";  // empty: find_data chooses (data/source.h)
  std::string out = "out";
  Index batch_size = 100;
  std::uint64_t seed = 0;
  int threads = 0;  // 0: as many as the process has CPUs; run() puts their number here
  Device device = cpu;
  std::string precision = "float32";  // or "tf32", for NVIDIA's libraries on a GPU (core/libraries.h)
  bool plain = false;                 // on a GPU: no StepGraph (core/step_graph.h), every step launch by launch
  bool quiet = false;
};

// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

class Program {
 public:
  Program(std::string name, std::string purpose, CommonOptions defaults = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Options of the program's own, "--name"; `value` holds the default and takes what the user gives, and must live as
  // long as the program. Values under `least`, and text that is not among `allowed`, if there are any, are refused.
  void option(const std::string& name, int& value, const std::string& help, int least);
  void option(const std::string& name, double& value, const std::string& help,
              double least = -std::numeric_limits<double>::infinity());
  void option(const std::string& name, std::string& value, const std::string& help,
              const std::vector<std::string>& allowed = {});
  void flag(const std::string& name, bool& value, const std::string& help);  // true where it is given

  // An option that, when given, has run() call `work`, with the option's words, instead of its own: --evaluate FILE.
  // `words` names them for --help, and a last one that ends in "..." stands for one or more. Where the user gives no
  // --out, what is written goes to a folder of the option's name in it, so that the training's files stay.
  using Words = std::vector<std::string>;
  void instead(const std::string& name, const std::string& words, const std::string& help,
               std::function<void(const Words&)> work);

  // Reads the command line, sets threads and seed, makes sure that --out can be written, calls `work` and writes
  // results.json. Returns the exit code: 0; 2 for a wrong command line; 1 for an error, said on stderr; 130 after
  // Ctrl-C, 143 after SIGTERM.
  int run(int argc, const char* const* argv, const std::function<void()>& work);

  CommonOptions options;
  std::string title;                 // the report's; the program's name where it is not set
  std::string epoch_name = "epoch";  // what the rows from now on count, as the report calls it: "step"

  // --- for `work` ---
  void say(const char* format, ...) __attribute__((format(printf, 2, 3)));  // printf, unless --quiet
  std::ostream& log();                                                      // the same for <<
  std::filesystem::path file(const std::string& name) const;                // in --out

  // Rows of metrics.csv and points in curves.svg; both are whole files at any time.
  void record(const std::vector<Epoch>& epochs);
  void record(const Epoch& epoch) { record(std::vector<Epoch>{epoch}); }
  // A point (x, y) of a further plot, under the title `plot`, whose x counts what rows count. The files have it with
  // the next record(), or at the end.
  void measure(const std::string& plot, const std::string& series, double x, double y);
  const std::vector<Epoch>& epochs() const { return run_.epochs; }

  // A final figure, or a sentence, of results.json; a name's last value counts. The report prints the unit after the
  // name.
  void result(const std::string& name, double value, const std::string& unit = "");
  void result(const std::string& name, const std::string& text);
  void result(const ClassAccuracy& accuracy);  // and the accuracy of each class

  // A PNG, `name` in --out, and a figure of the report. Panels stand side by side, each under its title. A name's last
  // picture counts.
  void picture(const std::string& name, const std::string& caption, const Image& image);
  void picture(const std::string& name, const std::string& caption, const std::vector<Titled>& panels);
  // A PNG, `name` in --out, and the next frame of a film: the report shows all frames of one `film` in turn, as one
  // figure. Throws Error, and writes nothing, for a frame of another size than the film's.
  void frame(const std::string& film, const std::string& caption, const std::string& name, const Image& image);

  // What Ctrl-C is to save, from now on. It is called where the work is left (stop_if_interrupted), so that it may
  // refer to what is alive there:
  //   program.on_interrupt([&] { save_model(program, "autoencoder", net); });
  void on_interrupt(std::function<void()> save) { save_ = std::move(save); }

  double seconds() const { return watch_.seconds(); }  // since run() began

 private:
  struct CommandLine;
  std::optional<int> parse(int argc, const char* const* argv);  // the exit code, when there is nothing to run
  void tell_libraries();
  RunRecord::Figure& figure(const std::string& name, bool is_film);  // made where there is none
  void write_record();
  void finish();
  void leave();  // what there is, after Ctrl-C

  std::unique_ptr<CommandLine> command_line_;
  std::function<void()> instead_;  // what run() calls, where an option says so
  std::function<void()> save_;     // what Ctrl-C saves
  RunRecord run_;
  Stopwatch watch_;
};

std::string formatted(const char* format, ...) __attribute__((format(printf, 1, 2)));  // as printf would print it
double peak_memory_mb();  // the most memory that the process has held, in 10^6 bytes

}  // namespace gradus
