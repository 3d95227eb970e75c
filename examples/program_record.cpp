#include <gradus/examples/program_record.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include <gradus/core/version.h>
#include <gradus/examples/program.h>

namespace gradus {

using Json = nlohmann::ordered_json;

namespace {

void add_point(std::vector<Series>& all, const Epoch& epoch, double y) {
  auto series = std::find_if(all.begin(), all.end(), [&](const Series& s) { return s.name == epoch.phase; });
  if (series == all.end()) series = all.insert(all.end(), {epoch.phase, {}, {}});
  series->x.push_back(epoch.epoch);
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
  std::vector<Series> losses, accuracies;
  for (const Epoch& e : run.epochs) {
    add_point(losses, e, e.loss);
    if (e.accuracy) add_point(accuracies, e, *e.accuracy);
  }
  std::vector<Plot> plots{{"Loss", "epoch", "loss", losses, true}};
  if (!accuracies.empty()) plots.push_back({"Accuracy on the test set", "epoch", "accuracy (%)", accuracies, false});
  return plots;
}

std::string results_json(const RunRecord& run) {
  const VersionFacts facts = version_facts();
  Json json{{"program", run.program},
            {"version", facts.gradus},
            {"instruction_set", facts.instruction_set},
            {"cuda", facts.cuda},
            {"cudnn", facts.cudnn}};
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
