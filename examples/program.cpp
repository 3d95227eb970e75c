#include <gradus/examples/program.h>

#include <sys/resource.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <iostream>
#include <new>

#include <gradus/core/error.h>
#include <gradus/core/files.h>
#include <gradus/core/random.h>
#include <gradus/report/curves.h>

namespace gradus {

namespace fs = std::filesystem;

namespace {

std::string formatted_list(const char* format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  std::string text(static_cast<std::size_t>(std::max(std::vsnprintf(nullptr, 0, format, again), 0)), '\0');
  va_end(again);
  std::vsnprintf(text.data(), text.size() + 1, format, arguments);
  return text;
}

// In the place of the one with its name, or at the end.
template <class Named>
void set(std::vector<Named>& all, Named one) {
  for (Named& other : all)
    if (other.name == one.name) {
      other = std::move(one);
      return;
    }
  all.push_back(std::move(one));
}

}  // namespace

int Program::run(int argc, const char* const* argv, const std::function<void()>& work) {
  try {
    if (const auto code = parse(argc, argv)) return *code;
    watch_ = {};
    manual_seed(options.seed);
    tell_libraries();
    check_writable(options.out);
    Interrupts interrupts([this] {
      if (save_) save_();
    });
    try {
      instead_ ? instead_() : work();
      finish();
    } catch (const Interrupted&) {
      leave();
    }
    if (interrupts.signal() == 0) return 0;
    std::cerr << run_.program << ": interrupted; " << file("report.html").string() << " shows what it has come to\n";
    return 128 + interrupts.signal();
  } catch (const std::bad_alloc&) {
    std::cerr << run_.program << ": memory ran out; a smaller --batch-size may help\n";
  } catch (const std::exception& error) {
    std::cerr << run_.program << ": " << error.what() << "\n";
  }
  return 1;
}

// On a GPU, which libraries compute. Throws Error where GRADUS_LIBRARIES asks for what cannot be had.
void Program::tell_libraries() {
  if (options.device.is_cpu()) {
    if (options.precision != "float32") say("On the CPU float32 stays float32, whatever --precision is\n");
    return;
  }
  run_.libraries = kernels::library_facts();
  say("On %s, %s\n", options.device.str().c_str(), kernels::libraries_line().c_str());
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

void Program::record(const std::vector<Epoch>& epochs) {
  for (const Epoch& epoch : epochs) {
    check(epoch.phase.find_first_of(",\"\r\n") == std::string::npos, "record",
          "a phase's name may hold no comma, quote or new line: '", epoch.phase, "'");
  }
  // The results of an earlier run beside this one's metrics would mislead.
  if (run_.epochs.empty()) fs::remove(file("results.json"));
  for (const Epoch& epoch : epochs) {
    run_.epochs.push_back(epoch);
    run_.epochs.back().unit = epoch_name;
  }
  write_record();
}

void Program::measure(const std::string& plot, const std::string& series, double x, double y) {
  run_.measures.push_back({plot, series, x, y, epoch_name});
}

void Program::result(const std::string& name, double value, const std::string& unit) {
  set(run_.results, {name, value, unit});
}
void Program::result(const std::string& name, const std::string& text) { set(run_.results, {name, text, ""}); }
void Program::result(const ClassAccuracy& accuracy) { run_.class_accuracy = accuracy; }

RunRecord::Figure& Program::figure(const std::string& name, bool is_film) {
  for (RunRecord::Figure& figure : run_.figures)
    if (figure.name == name && figure.is_film == is_film) return figure;
  return run_.figures.emplace_back(RunRecord::Figure{name, "", {}, is_film, {}});
}

void Program::picture(const std::string& name, const std::string& caption, const Image& image) {
  write_png(file(name), image);
  figure(name, false) = {name, caption, {html_picture(image, caption)}, false, {}};
}

void Program::picture(const std::string& name, const std::string& caption, const std::vector<Titled>& panels) {
  write_png(file(name), side_by_side(panels));
  std::vector<HtmlPicture> pictures;
  for (const auto& [title, image] : panels) pictures.push_back(html_picture(image, title + ": " + caption, title));
  figure(name, false) = {name, caption, pictures, false, {}};
}

void Program::frame(const std::string& film, const std::string& caption, const std::string& name, const Image& image) {
  RunRecord::Figure& figure = this->figure(film, true);
  std::vector<HtmlPicture>& pictures = figure.pictures;
  if (!pictures.empty())
    check(image.width() == pictures[0].width && image.height() == pictures[0].height, "frame", name, " has ",
          image.width(), " x ", image.height(), " pixels, the other frames of '", film, "' have ", pictures[0].width,
          " x ", pictures[0].height);
  write_png(file(name), image);
  figure.caption = caption;
  const auto at = std::find(figure.frames.begin(), figure.frames.end(), name) - figure.frames.begin();
  figure.frames.resize(std::max<std::size_t>(figure.frames.size(), at + 1), name);
  pictures.resize(figure.frames.size());
  pictures[at] = html_picture(image, caption);
}

void Program::write_record() {
  if (!run_.epochs.empty()) write_file(file("metrics.csv"), metrics_csv(run_));
  if (const std::vector<Plot> plots = curves(run_); !plots.empty()) write_curves(file("curves.svg"), plots);
  run_.seconds = seconds();
  run_.peak_memory_mb = peak_memory_mb();
  write_html(file("report.html"), report_of(run_));
}

void Program::finish() {
  run_.finished = true;
  write_record();
  write_file(file("results.json"), results_json(run_));
  if (!run_.epochs.empty())
    say("\nPeak memory %.0f MB, %.1f s. The report is in %s\n", peak_memory_mb(), seconds(),
        file("report.html").c_str());
}

void Program::leave() {
  run_.interrupted = true;
  // Those of an earlier run would not be this one's.
  for (const char* name : {"results.json", "metrics.csv", "curves.svg"})
    if (run_.epochs.empty() || name == std::string("results.json")) fs::remove(file(name));
  write_record();
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
