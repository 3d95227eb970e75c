#include <gradus/examples/program.h>

#include <sys/resource.h>

#include <charconv>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <iostream>
#include <new>
#include <utility>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <gradus/core/error.h>
#include <gradus/core/files.h>
#include <gradus/core/random.h>
#include <gradus/core/version.h>
#include <gradus/kernels/parallel.h>
#include <gradus/report/curves.h>

namespace gradus {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

std::string formatted_list(const char* format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  std::string text(static_cast<std::size_t>(std::max(std::vsnprintf(nullptr, 0, format, again), 0)), '\0');
  va_end(again);
  std::vsnprintf(text.data(), text.size() + 1, format, arguments);
  return text;
}

// A check for CLI11: "" when `text` is a T of at least `least`, else what is wrong with it.
template <class T>
CLI::Validator at_least(T least) {
  const auto refuse = [least](const std::string& text) -> std::string {
    T value{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    bool good = problem == std::errc() && end == text.data() + text.size() && value >= least;
    if constexpr (std::is_floating_point_v<T>) good = good && std::isfinite(value);
    if (good) return "";
    return std::string("expected a ") + (std::is_floating_point_v<T> ? "" : "whole ") + "number" +
           (std::isinf(static_cast<double>(least)) ? "" : formatted(" of at least %g", static_cast<double>(least))) +
           ", got '" + text + "'";
  };
  return CLI::Validator(refuse, "");
}

std::string refuse_device(const std::string& text) {
  try {
    parse_device(text);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

// CLI11's side of a program, and each option's value as JSON, in the order of declaration.
struct Program::CommandLine {
  CLI::App app;
  std::string device = "cpu";
  std::vector<std::pair<std::string, std::function<Json()>>> settings;

  template <class T>
  CLI::Option* add(const std::string& name, T& value, const std::string& help) {
    settings.emplace_back(name.substr(2), [&value] { return Json(value); });
    return app.add_option(name, value, help)->capture_default_str();
  }
};

Program::Program(std::string name, std::string purpose, CommonOptions defaults)
    : options(std::move(defaults)), name_(std::move(name)), command_line_(std::make_unique<CommandLine>()) {
  CommandLine& line = *command_line_;
  line.device = options.device.str();
  line.app.description(std::move(purpose));
  line.app.name(name_);
  line.app.set_version_flag("--version", version(),
                            "print the versions of gradus, CUDA and cuDNN and the instruction set, and stop");
  line.add("--data", options.data,
           "folder that holds mnist/; left out: GRADUS_DATA, else ./datasets, else digits that gradus draws itself");
  line.add("--out", options.out, "folder for what the run writes");
  line.add("--batch-size", options.batch_size, "images a step")->check(at_least<Index>(1));
  line.add("--seed", options.seed, "where the random numbers start")->check(at_least<std::uint64_t>(0));
  line.add("--threads", options.threads, "CPU threads; as many as there are CPUs when left out")
      ->check(at_least<int>(1))
      ->default_str("");
  line.add("--device", line.device, "cpu, cuda or cuda:1")->check(CLI::Validator(refuse_device, ""));
  line.app.add_flag("--quiet", options.quiet, "print nothing but errors");
  line.settings.emplace_back("quiet", [this] { return Json(options.quiet); });
}

Program::~Program() = default;

void Program::option(const std::string& name, int& value, const std::string& help, int least) {
  command_line_->add(name, value, help)->check(at_least(least));
}
void Program::option(const std::string& name, double& value, const std::string& help, double least) {
  command_line_->add(name, value, help)->check(at_least(least));
}
void Program::option(const std::string& name, std::string& value, const std::string& help,
                     const std::vector<std::string>& allowed) {
  command_line_->add(name, value, help)->check(CLI::IsMember(allowed));
}

std::optional<int> Program::parse(int argc, const char* const* argv) {
  CommandLine& line = *command_line_;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return line.app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    std::cerr << name_ << ": " << error.what() << "\n" << name_ << " --help lists the options.\n";
    return 2;
  }
  options.device = parse_device(line.device);
  if (options.threads > 0) kernels::set_num_threads(options.threads);
  options.threads = kernels::num_threads();
  return std::nullopt;
}

int Program::run(int argc, const char* const* argv, const std::function<void()>& work) {
  try {
    if (const auto code = parse(argc, argv)) return *code;
    started_ = std::chrono::steady_clock::now();
    manual_seed(options.seed);
    check_writable(options.out);
    work();
    write_results();
    return 0;
  } catch (const std::bad_alloc&) {
    std::cerr << name_ << ": memory ran out; a smaller --batch-size may help\n";
  } catch (const std::exception& error) {
    std::cerr << name_ << ": " << error.what() << "\n";
  }
  return 1;
}

std::ostream& Program::log() {
  static std::ostream nowhere(nullptr);
  return options.quiet ? nowhere : std::cout;
}

void Program::say(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  log() << formatted_list(format, arguments) << std::flush;
  va_end(arguments);
}

fs::path Program::file(const std::string& name) const { return fs::path(options.out) / name; }

double Program::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

void Program::record(const Epoch& epoch) {
  check(epoch.phase.find_first_of(",\"\r\n") == std::string::npos, "record",
        "a phase's name may hold no comma, quote or new ", "line: '", epoch.phase, "'");
  // The results of an earlier run beside this one's metrics would mislead.
  if (epochs_.empty()) fs::remove(file("results.json"));
  epochs_.push_back(epoch);

  std::string csv = "phase,epoch,loss,accuracy,seconds\n";
  std::vector<Series> losses, accuracies;
  const auto add_point = [](std::vector<Series>& all, const Epoch& e, double y) {
    if (all.empty() || all.back().name != e.phase) all.push_back({e.phase, {}, {}});
    all.back().x.push_back(e.epoch);
    all.back().y.push_back(y);
  };
  for (const Epoch& e : epochs_) {
    const std::string loss = std::isnan(e.loss) ? "nan" : formatted("%.9g", e.loss);  // printf knows a "-nan"
    const std::string accuracy = e.accuracy ? formatted("%.6g", *e.accuracy) : "";
    csv += formatted("%s,%d,%s,%s,%.3f\n", e.phase.c_str(), e.epoch, loss.c_str(), accuracy.c_str(), e.seconds);
    add_point(losses, e, e.loss);
    if (e.accuracy) add_point(accuracies, e, *e.accuracy);
  }
  write_file(file("metrics.csv"), csv);
  std::vector<Plot> plots{{"Loss", "epoch", "loss", losses, true}};
  if (!accuracies.empty()) plots.push_back({"Accuracy on the test set", "epoch", "accuracy (%)", accuracies, false});
  write_curves(file("curves.svg"), plots);
}

void Program::result(const std::string& name, double value) { results_.emplace_back(name, value); }
void Program::result(const std::string& name, const std::string& text) { texts_.emplace_back(name, text); }
void Program::result(const ClassAccuracy& accuracy) { class_accuracy_ = accuracy; }

void Program::write_results() const {
  const VersionFacts facts = version_facts();
  Json json{{"program", name_},
            {"version", facts.gradus},
            {"instruction_set", facts.instruction_set},
            {"cuda", facts.cuda},
            {"cudnn", facts.cudnn}};
  Json& settings = json["settings"] = Json::object();
  for (const auto& [name, value] : command_line_->settings) settings[name] = value();
  Json& results = json["results"] = Json::object();
  for (const auto& [name, value] : results_) results[name] = value;
  for (const auto& [name, text] : texts_) results[name] = text;
  if (class_accuracy_) {
    Json& classes = json["accuracy_per_class"] = Json::object();
    for (std::size_t i = 0; i < class_accuracy_->size(); ++i)
      classes[class_accuracy_->name(i)] = class_accuracy_->of(i);
  }
  json["seconds"] = seconds();
  json["peak_memory_mb"] = peak_memory_mb();
  write_file(file("results.json"), json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

void ClassAccuracy::add(const Tensor& predicted, const Tensor& labels) {
  check(predicted.shape() == labels.shape() && labels.dim() == 1, "class_accuracy",
        "expected predictions and labels of one ", "shape [n], got ", predicted.shape(), " and ", labels.shape());
  const auto guesses = predicted.to_vector<std::int64_t>(), truths = labels.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < truths.size(); ++i) {
    check(truths[i] >= 0 && truths[i] < static_cast<Index>(size()), "class_accuracy", "label ", truths[i],
          " is none of the ", size(), " classes");
    const auto truth = static_cast<std::size_t>(truths[i]);
    ++total_[truth];
    right_[truth] += guesses[i] == truths[i];
  }
}

double ClassAccuracy::overall() const {
  Index right = 0, total = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    right += right_[i];
    total += total_[i];
  }
  return percent(right, total);
}

std::string ClassAccuracy::str() const {
  std::string table;
  for (std::size_t i = 0; i < size(); ++i)
    table += total_[i] > 0 ? formatted("Accuracy of %5s : %f %%\n", classes_[i].c_str(), of(i))
                           : formatted("Accuracy of %5s : no image of this class\n", classes_[i].c_str());
  return table;
}

std::string formatted(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::string text = formatted_list(format, arguments);
  va_end(arguments);
  return text;
}

double peak_memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;  // Linux counts in KiB
}

}  // namespace gradus
