// Curves: line plots as one self-contained SVG, for figures that come one an epoch.
#pragma once
#include <string>
#include <vector>

namespace gradus {

// A line through the points (x[i], y[i]). A point that is NaN, infinite or beyond 1e150 (or, on a log axis, not above
// 0) is left out and leaves a gap. Series of one name have one colour, in all plots.
struct Series {
  std::string name;
  std::vector<double> x, y;
};

// Axes with a title and round numbers, and a legend.
struct Plot {
  std::string title, x_label, y_label;
  std::vector<Series> series;
  bool log_y = false;
};

// The plots in a row, on white, so that light and dark viewers show the same. Throws Error for no plot and for a series
// whose x and y differ in length.
std::string curves_svg(const std::vector<Plot>& plots);
std::vector<std::string> curves_svg_each(const std::vector<Plot>& plots);    // the same plots, each by itself
void write_curves(const std::string& path, const std::vector<Plot>& plots);  // as write_file

}  // namespace gradus
