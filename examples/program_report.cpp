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
  if (!run.finished)
    report.paragraph(run.epochs.empty() ? "This run has not finished its first epoch."
                                        : formatted("This run has not finished: it has come to epoch %d of phase %s.",
                                                    run.epochs.back().epoch, run.epochs.back().phase.c_str()));
}

// A column a phase: its first and last epoch.
HtmlTable training_table(const RunRecord& run) {
  HtmlTable table{"Training", {""}, {{"epochs"}, {"first loss"}, {"last loss"}}};
  std::vector<std::pair<const Epoch*, const Epoch*>> phases;
  for (const Epoch& e : run.epochs) {
    const auto phase = std::find_if(phases.begin(), phases.end(), [&](auto p) { return p.first->phase == e.phase; });
    if (phase == phases.end())
      phases.emplace_back(&e, &e);
    else
      phase->second = &e;
  }
  if (std::any_of(run.epochs.begin(), run.epochs.end(), [](const Epoch& e) { return e.accuracy.has_value(); }))
    table.rows.insert(table.rows.end(), {{"first accuracy, %"}, {"last accuracy, %"}});
  for (const auto& [first, last] : phases) {
    table.head.push_back(words(first->phase));
    table.rows[0].push_back(std::to_string(last->epoch));
    table.rows[1].push_back(formatted("%.6f", first->loss));
    table.rows[2].push_back(formatted("%.6f", last->loss));
    if (table.rows.size() == 3) continue;
    table.rows[3].push_back(first->accuracy ? percent(*first->accuracy) : "");
    table.rows[4].push_back(last->accuracy ? percent(*last->accuracy) : "");
  }
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
  if (run.epochs.empty()) return;
  const std::vector<Plot> plots = curves(run);
  const std::vector<std::string> drawn = curves_svg_each(plots);
  std::vector<HtmlPicture> pictures;
  for (std::size_t i = 0; i < plots.size(); ++i)
    pictures.push_back(html_picture(drawn[i], "Line plot by epoch: " + plots[i].title));
  report.heading("Curves");
  report.figure(pictures, "Of each epoch, a line for each phase of the training.");
}

void show_pictures(HtmlReport& report, const RunRecord& run) {
  if (run.figures.empty()) return;
  report.heading("Pictures");
  for (const auto& figure : run.figures) report.figure(figure.pictures, figure.caption);
}

// The time of the run, and the mean of each phase's epochs.
std::vector<std::vector<std::string>> times(const RunRecord& run) {
  std::vector<std::vector<std::string>> rows{{"time", formatted("%.1f s", run.seconds)}};
  std::vector<std::string> seen;
  for (const Epoch& epoch : run.epochs) {
    if (std::find(seen.begin(), seen.end(), epoch.phase) != seen.end()) continue;
    seen.push_back(epoch.phase);
    double total = 0;
    int count = 0;
    for (const Epoch& e : run.epochs)
      if (e.phase == epoch.phase) total += e.seconds, ++count;
    rows.push_back({"an epoch of " + words(epoch.phase), formatted("%.2f s", total / count)});
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
