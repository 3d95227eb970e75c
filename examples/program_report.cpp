// report.html: the sections of a run's report.
#include <algorithm>
#include <cctype>
#include <cmath>

#include <nlohmann/json.hpp>

#include <gradus/core/version.h>
#include <gradus/examples/program.h>
#include <gradus/examples/program_record.h>

namespace gradus {

namespace {

// "share_of_code" as words.
std::string words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

constexpr double seconds_a_frame = 0.4;

std::string number(double value) { return std::isnan(value) ? "-" : formatted("%.6g", value); }
std::string percent(double value) { return std::isnan(value) ? "-" : formatted("%.2f", value); }

// "Data: MNIST from ...", of ("data", "MNIST from ...") and of ("data", "data: MNIST from ...").
std::string sentence(const std::string& name, const std::string& text) {
  std::string all = text.rfind(name + ": ", 0) == 0 ? text : words(name) + ": " + text;
  all[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(all[0])));
  return all;
}

void describe(HtmlReport& report, const RunRecord& run) {
  report.paragraph(run.purpose);
  for (const auto& result : run.results)
    if (const auto* text = std::get_if<std::string>(&result.value)) report.paragraph(sentence(result.name, *text));
  if (run.finished) return;
  const std::string state = run.interrupted ? "This run was interrupted" : "This run has not finished";
  if (run.epochs.empty()) return report.paragraph(state + ", and has no figures yet.");
  const Epoch& last = run.epochs.back();
  report.paragraph(state +
                   formatted(": it has come to %s %d of phase %s.", last.unit.c_str(), last.epoch, last.phase.c_str()));
}

// A phase's rows in metrics.csv, between which those of other phases may stand.
struct Phase {
  const Epoch* first;
  const Epoch* last;
  double seconds;
};

std::vector<Phase> phases(const RunRecord& run) {
  std::vector<Phase> all;
  for (const Epoch& e : run.epochs) {
    auto phase = std::find_if(all.begin(), all.end(), [&](const Phase& p) { return p.first->phase == e.phase; });
    if (phase == all.end()) phase = all.insert(all.end(), {&e, &e, 0});
    phase->last = &e;
    phase->seconds += e.seconds;
  }
  return all;
}

std::vector<std::string> units(const RunRecord& run) {
  std::vector<std::string> all;
  for (const Epoch& e : run.epochs)
    if (std::find(all.begin(), all.end(), e.unit) == all.end()) all.push_back(e.unit);
  return all;
}

// A column a phase, a row a figure: how many epochs, or steps, and what came of the first and the last.
HtmlTable training_table(const RunRecord& run) {
  HtmlTable table{"Training", {""}, {}};
  const std::vector<Phase> columns = phases(run);
  const auto row = [&](const std::string& name, auto&& cell) {
    table.rows.push_back({name});
    for (const Phase& phase : columns) table.rows.back().push_back(cell(phase));
  };
  const auto accuracy = [](const Epoch& e) { return e.accuracy ? percent(*e.accuracy) : ""; };
  for (const Phase& phase : columns) table.head.push_back(words(phase.first->phase));
  for (const std::string& unit : units(run))
    row(unit + "s", [&](const Phase& p) { return p.last->unit == unit ? std::to_string(p.last->epoch) : ""; });
  row("first loss", [](const Phase& p) { return formatted("%.6f", p.first->loss); });
  row("last loss", [](const Phase& p) { return formatted("%.6f", p.last->loss); });
  if (std::none_of(run.epochs.begin(), run.epochs.end(), [](const Epoch& e) { return e.accuracy.has_value(); }))
    return table;
  row("first accuracy, %", [&](const Phase& p) { return accuracy(*p.first); });
  row("last accuracy, %", [&](const Phase& p) { return accuracy(*p.last); });
  return table;
}

void show_results(HtmlReport& report, const RunRecord& run) {
  HtmlTable figures{"Final figures", {}, {}}, classes{"Class accuracy, %", {}, {}};
  for (const auto& [name, value, unit] : run.results)
    if (const auto* figure = std::get_if<double>(&value))
      figures.rows.push_back({words(name) + (unit.empty() ? "" : ", " + unit), number(*figure)});
  if (run.class_accuracy)
    for (std::size_t i = 0; i < run.class_accuracy->size(); ++i)
      classes.rows.push_back({run.class_accuracy->name(i), percent(run.class_accuracy->of(i))});
  if (figures.rows.empty() && classes.rows.empty() && run.epochs.empty()) return;
  report.heading("Results");
  if (!run.epochs.empty()) report.table(training_table(run));
  if (!figures.rows.empty()) report.table(figures);
  if (!classes.rows.empty()) report.table(classes);
}

void show_curves(HtmlReport& report, const RunRecord& run) {
  const std::vector<Plot> plots = curves(run);
  if (plots.empty()) return;
  const std::vector<std::string> drawn = curves_svg_each(plots);
  std::vector<HtmlPicture> pictures;
  for (std::size_t i = 0; i < plots.size(); ++i)
    pictures.push_back(html_picture(drawn[i], "Line plot by " + plots[i].x_label + ": " + plots[i].title));
  report.heading("Curves");
  report.figure(pictures,
                run.epochs.empty() ? "" : "Losses and accuracies have a line for each phase of the training.");
}

void show_pictures(HtmlReport& report, const RunRecord& run) {
  if (run.figures.empty()) return;
  report.heading("Pictures");
  for (const auto& figure : run.figures)
    figure.is_film ? report.film(figure.pictures, seconds_a_frame, figure.caption, figure.caption)
                   : report.figure(figure.pictures, figure.caption);
}

// The time of the run, and of each phase's mean epoch or step.
std::vector<std::vector<std::string>> times(const RunRecord& run) {
  std::vector<std::vector<std::string>> rows{{"time", formatted("%.1f s", run.seconds)}};
  for (const Phase& phase : phases(run)) {
    const double mean = phase.seconds / std::max(phase.last->epoch, 1);
    rows.push_back({"one " + phase.last->unit + " of " + words(phase.first->phase),
                    formatted(mean < 1 ? "%.3g s" : "%.2f s", mean)});
  }
  return rows;
}

void show_run(HtmlReport& report, const RunRecord& run) {
  HtmlTable settings{"Settings", {}, {}};
  for (const auto& [name, json] : run.settings) {
    const auto value = nlohmann::json::parse(json);
    settings.rows.push_back({name, value.is_string() ? value.get<std::string>() : value.dump()});
  }
  const VersionFacts facts = version_facts();
  report.heading("The run");
  report.code(run.command);
  report.table(settings);
  HtmlTable machine{"Program and machine",
                    {},
                    {{"program", run.program},
                     {"gradus", facts.gradus},
                     {"instruction set", facts.instruction_set},
                     {"CUDA", facts.cuda},
                     {"cuDNN", facts.cudnn}}};
  if (run.libraries) {
    machine.rows.push_back({"matrix products", run.libraries->matrix_products});
    machine.rows.push_back({"convolutions", run.libraries->convolutions});
    machine.rows.push_back({"float32 products", run.libraries->precision});
  }
  for (const auto& row : times(run)) machine.rows.push_back(row);
  machine.rows.push_back({"peak memory", formatted("%.0f MB", run.peak_memory_mb)});
  report.table(machine);
}

}  // namespace

HtmlReport report_of(const RunRecord& run) {
  HtmlReport report(run.title);
  describe(report, run);
  show_results(report, run);
  show_curves(report, run);
  show_pictures(report, run);
  show_run(report, run);
  return report;
}

}  // namespace gradus
