// RunRecord: what a run recorded, and the files that are made of it. Program fills it and writes them.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gradus/examples/program_accuracy.h>
#include <gradus/kernels/libraries.h>
#include <gradus/report/curves.h>
#include <gradus/report/html.h>

namespace gradus {

// One row of metrics.csv. `seconds` is what the phase took since its row before.
struct Epoch {
  std::string phase;
  int epoch = 0;  // from 1
  double loss = 0;
  std::optional<double> accuracy;  // in percent of the whole test set
  double seconds = 0;
  std::string unit = "epoch";  // what `epoch` counts; record() puts Program::epoch_name here
};

struct RunRecord {
  std::string program, title, purpose, command;

  struct Setting {
    std::string name, json;  // the value as JSON
  };
  std::vector<Setting> settings;

  std::vector<Epoch> epochs;

  struct Measure {
    std::string plot, series;
    double x = 0, y = 0;
    std::string unit;  // what x counts
  };
  std::vector<Measure> measures;

  struct Result {
    std::string name;
    std::variant<double, std::string> value;
    std::string unit;
  };
  std::vector<Result> results;
  std::optional<ClassAccuracy> class_accuracy;

  struct Figure {
    std::string name, caption;
    std::vector<HtmlPicture> pictures;
    bool is_film = false;
    std::vector<std::string> frames;  // of a film: the names of its pictures' files
  };
  std::vector<Figure> figures;

  std::optional<kernels::LibraryFacts> libraries;  // of a run on a GPU

  double seconds = 0, peak_memory_mb = 0;
  bool finished = false, interrupted = false;
};

std::string metrics_csv(const RunRecord& run);  // phase,epoch,loss,accuracy,seconds
// Loss and, where there is one, accuracy, a series a phase, and what else was measured. Phases that count in epochs and
// phases that count in steps do not share a plot.
std::vector<Plot> curves(const RunRecord& run);
std::string results_json(const RunRecord& run);  // versions, settings, final figures, accuracy of each class
HtmlReport report_of(const RunRecord& run);      // all of it, to look at

}  // namespace gradus
