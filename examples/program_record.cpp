#include <gradus/examples/program_record.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include <gradus/core/version.h>
#include <gradus/examples/program.h>

namespace gradus {

using Json = nlohmann::ordered_json;

namespace {

// Adds a point to the series of that name in the plot with this title and x axis; makes what is missing.
void add_point(std::vector<Plot>& plots, const Plot& empty, const std::string& name, double x, double y) {
  auto plot = std::find_if(plots.begin(), plots.end(),
                           [&](const Plot& p) { return p.title == empty.title && p.x_label == empty.x_label; });
  if (plot == plots.end()) plot = plots.insert(plots.end(), empty);
  auto series = std::find_if(plot->series.begin(), plot->series.end(), [&](const Series& s) { return s.name == name; });
  if (series == plot->series.end()) series = plot->series.insert(plot->series.end(), {name, {}, {}});
  series->x.push_back(x);
  series->y.push_back(y);
}

}  // namespace

std::string metrics_csv(const RunRecord& run) {
  std::string csv = "phase,epoch,loss,accuracy,seconds\n";
  for (const Epoch& e : run.epochs) {
    const std::string loss = std::isnan(e.loss) ? "nan" : formatted("%.9g", e.loss);  // printf knows a "-nan"
    const std::string accuracy = e.accuracy ? formatted("%.6g", *e.accuracy) : "";
    csv += formatted("%s,%d,%s,%s,%.3f\n", e.phase.c_str(), e.epoch, loss.c_str(), accuracy.c_str(), e.seconds);
  }
  return csv;
}

std::vector<Plot> curves(const RunRecord& run) {
  std::vector<Plot> plots;
  for (const Epoch& e : run.epochs) add_point(plots, {"Loss", e.unit, "loss", {}, true}, e.phase, e.epoch, e.loss);
  for (const Epoch& e : run.epochs)
    if (e.accuracy)
      add_point(plots, {"Accuracy on the test set", e.unit, "accuracy (%)", {}, false}, e.phase, e.epoch, *e.accuracy);
  for (const auto& m : run.measures) add_point(plots, {m.plot, m.unit, "", {}, false}, m.series, m.x, m.y);
  return plots;
}

std::string results_json(const RunRecord& run) {
  const VersionFacts facts = version_facts();
  Json json{{"program", run.program},
            {"version", facts.gradus},
            {"instruction_set", facts.instruction_set},
            {"cuda", facts.cuda},
            {"cudnn", facts.cudnn}};
  if (run.libraries) {
    json["libraries"] = {{"matrix_products", run.libraries->matrix_products},
                         {"convolutions", run.libraries->convolutions},
                         {"float32_products", run.libraries->precision}};
  }
  Json& settings = json["settings"] = Json::object();
  for (const auto& [name, value] : run.settings) settings[name] = Json::parse(value);
  Json& results = json["results"] = Json::object();
  for (const auto& result : run.results)
    std::visit([&](const auto& value) { results[result.name] = value; }, result.value);
  if (run.class_accuracy) {
    Json& classes = json["accuracy_per_class"] = Json::object();
    for (std::size_t i = 0; i < run.class_accuracy->size(); ++i)
      classes[run.class_accuracy->name(i)] = run.class_accuracy->of(i);
  }
  json["seconds"] = run.seconds;
  json["peak_memory_mb"] = run.peak_memory_mb;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace gradus
