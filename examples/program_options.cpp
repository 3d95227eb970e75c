// The command line of a program: the options of all, its own, and what they may be.
#include <algorithm>
#include <iostream>
#include <list>
#include <utility>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <gradus/core/error.h>
#include <gradus/core/version.h>
#include <gradus/examples/program.h>
#include <gradus/examples/program_command_line.h>
#include <gradus/kernels/libraries.h>
#include <gradus/kernels/parallel.h>

namespace gradus {

using Json = nlohmann::ordered_json;

namespace {

std::string refuse_device(const std::string& text) {
  try {
    parse_device(text);
    return "";
  } catch (const Error& error) {
    const std::string text = error.what(), op = "device: ";  // CLI11 says --device
    return text.starts_with(op) ? text.substr(op.size()) : text;
  }
}

// As one would type it in a shell.
std::string shell_words(int argc, const char* const* argv) {
  const std::string plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./=:,+-@%";
  std::string line;
  for (int i = 0; i < argc; ++i) {
    std::string word = argv[i];
    if (word.empty() || word.find_first_not_of(plain) != std::string::npos) {
      for (std::size_t at = 0; (at = word.find('\'', at)) != std::string::npos; at += 4) word.replace(at, 1, "'\\''");
      word = "'" + word + "'";
    }
    line += (i > 0 ? " " : "") + word;
  }
  return line;
}

}  // namespace

// CLI11's side of a program, and each option's value as JSON, in the order of declaration.
struct Program::CommandLine {
  CLI::App app;
  std::string device = "cpu";
  std::vector<std::pair<std::string, std::function<Json()>>> settings;

  struct Alternative {
    std::string name;
    Words words;
    std::function<void(const Words&)> work;
    CLI::Option* option;
  };
  std::list<Alternative> alternatives;  // CLI11 keeps pointers to the words

  template <class T>
  CLI::Option* add(const std::string& name, T& value, const std::string& help) {
    settings.emplace_back(name.substr(2), [&value] { return Json(value); });
    // The last one counts, so that a script can put its defaults before what its user gives.
    return app.add_option(name, value, help)
        ->capture_default_str()
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
};

Program::Program(std::string name, std::string purpose, CommonOptions defaults)
    : options(std::move(defaults)), command_line_(std::make_unique<CommandLine>()) {
  run_.program = std::move(name);
  run_.purpose = purpose;
  CommandLine& line = *command_line_;
  line.device = options.device.str();
  line.app.description(std::move(purpose));
  line.app.name(run_.program);
  line.app.set_version_flag("--version", version(),
                            "print the versions of gradus, CUDA and cuDNN and the instruction set, and stop");
  line.add("--data", options.data,
           "folder that holds mnist/ or cifar-10-batches-bin/; left out: GRADUS_DATA, else ./datasets, else pictures "
           "that gradus draws itself")
      ->check(
          CLI::Validator([](const std::string& name) { return name.empty() ? "the folder's name is empty" : ""; }, ""));
  line.add("--out", options.out, "folder for what the run writes");
  line.add("--batch-size", options.batch_size, "images a step")->check(at_least<Index>(1));
  line.add("--seed", options.seed, "where the random numbers start")->check(at_least<std::uint64_t>(0));
  line.add("--threads", options.threads, "CPU threads; as many as there are CPUs when left out")
      ->check(at_least<int>(1))
      ->default_str("");
  line.add("--device", line.device, "cpu, cuda or cuda:1")->check(CLI::Validator(refuse_device, ""));
  line.add("--precision", options.precision,
           "float32, or tf32: NVIDIA's libraries on a GPU may round the factors of float32 products")
      ->check(CLI::IsMember({"float32", "tf32"}));
  flag("--plain", options.plain,
       "on a GPU, launch a step's kernels one by one instead of all at once; the results are the same, the speed is "
       "not");
  flag("--quiet", options.quiet, "print nothing but errors");
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
  CLI::Option* const added = command_line_->add(name, value, help);
  if (!allowed.empty()) added->check(CLI::IsMember(allowed));
}

void Program::flag(const std::string& name, bool& value, const std::string& help) {
  command_line_->app.add_flag(name, value, help);
  command_line_->settings.emplace_back(name.substr(2), [&value] { return Json(value); });
}

void Program::instead(const std::string& name, const std::string& words, const std::string& help,
                      std::function<void(const Words&)> work) {
  CommandLine& line = *command_line_;
  line.alternatives.push_back({name.substr(2), {}, std::move(work), nullptr});
  CommandLine::Alternative& alternative = line.alternatives.back();
  const auto least = static_cast<int>(std::count(words.begin(), words.end(), ' ')) + 1;
  const bool more = words.ends_with("...");
  alternative.option = line.app.add_option(name, alternative.words, help);
  alternative.option->type_name(words.substr(0, words.size() - (more ? 3 : 0)));  // CLI11 adds dots of its own
  alternative.option->expected(least, more ? CLI::detail::expected_max_vector_size : least);
  for (const CommandLine::Alternative& other : line.alternatives) {
    if (&other != &alternative) alternative.option->excludes(other.option);
  }
}

std::optional<int> Program::parse(int argc, const char* const* argv) {
  CommandLine& line = *command_line_;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    return line.app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    return refuse(line.app, error);
  }
  options.device = parse_device(line.device);
  kernels::set_precision(kernels::parse_precision("--precision", options.precision));
  if (options.threads > 0) kernels::set_num_threads(options.threads);
  options.threads = kernels::num_threads();
  for (const CommandLine::Alternative& alternative : line.alternatives) {
    if (alternative.option->count() == 0) continue;
    instead_ = [&alternative] { alternative.work(alternative.words); };
    if (line.app.get_option("--out")->count() == 0) options.out += "/" + alternative.name;
    line.settings.emplace_back(alternative.name, [&alternative] { return Json(alternative.words); });
  }
  for (const auto& [name, value] : line.settings)
    run_.settings.push_back({name, value().dump(-1, ' ', false, Json::error_handler_t::replace)});
  run_.command = shell_words(argc, argv);
  run_.title = title.empty() ? run_.program : title;
  return std::nullopt;
}

}  // namespace gradus
