// Axis: from numbers to pixels, with round numbers to mark. Curves and scatter plots have two each.
#pragma once
#include <charconv>
#include <string>
#include <vector>

namespace gradus {

struct Axis {
  double low = 0, high = 1;  // of the numbers, or of their logarithms
  bool log = false;
  double start = 0, end = 1;  // in pixels
  std::vector<double> ticks;  // round numbers between low and high

  double operator()(double v) const;  // where v lies, in pixels
};

// Whether the point has a place in a plot: NaN, infinity and what lies beyond 1e150 has none; nor, on a log axis, has y
// that is not above 0.
bool can_plot(double x, double y, bool log_y = false);

// An axis for these values, from pixel `start` to `end`: with a margin, or, where `whole` says that all are whole
// numbers, from the least to the most and with whole ticks. Without a value it goes from 0 to 1.
Axis make_axis(const std::vector<double>& values, bool log, bool whole, double start, double end);

// A number as text, whatever the locale: a stream's depend on it.
std::string number_text(double v, std::chars_format format, int precision);
std::string tick_label(double v);  // "0.05", "1e+06"

}  // namespace gradus
