#include <gradus/report/axis.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace gradus {

namespace {

// 1, 2 or 5 times a power of ten, so that about six of them make `span`.
double round_step(double span) {
  const double power = std::pow(10, std::floor(std::log10(span / 6)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= span / 6) return factor * power;
  return 10 * power;
}

std::vector<double> linear_ticks(double low, double high, double least_step) {
  const double step = std::max(round_step(high - low), least_step);
  std::vector<double> ticks;
  const double first = std::ceil(low / step - 1e-9);
  for (int i = 0; i <= 12 && (first + i) * step <= high + step * 1e-9; ++i) ticks.push_back((first + i) * step);
  return ticks;
}

// Powers of ten; also their doubles and fivefolds where the range is short; every third power or less often where it is
// long.
std::vector<double> log_ticks(double low, double high) {
  std::vector<double> ticks;
  const double step = std::max(1.0, std::ceil((high - low) / 8));
  for (double power = std::floor(low / step) * step; power <= high; power += step)
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor > 1 && high - low > 2.5) continue;
      const double exponent = power + std::log10(factor);
      if (exponent >= low - 1e-9 && exponent <= high + 1e-9) ticks.push_back(factor * std::pow(10, power));
    }
  return ticks;
}

}  // namespace

double Axis::operator()(double v) const {
  return start + (end - start) * ((log ? std::log10(v) : v) - low) / (high - low);
}

bool can_plot(double x, double y, bool log_y) {
  constexpr double limit = 1e150;  // beyond it differences would overflow
  return std::abs(x) <= limit && std::abs(y) <= limit && !(log_y && y <= 0);
}

Axis make_axis(const std::vector<double>& values, bool log, bool whole, double start, double end) {
  Axis axis{0, 1, log, start, end, {}};
  if (!values.empty()) {
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    axis.low = log ? std::log10(*least) : *least;
    axis.high = log ? std::log10(*most) : *most;
  }
  const double size = std::max(std::abs(axis.low), std::abs(axis.high));
  // Equal values, up to rounding, lie in the middle.
  if (axis.high - axis.low <= size * 1e-12) {
    const double half = log ? 0.5 : whole ? 1 : size > 0 ? size / 10 : 1;
    axis.low -= half;
    axis.high += half;
  } else if (!whole) {
    const double margin = 0.04 * (axis.high - axis.low);
    axis.low -= margin;
    axis.high += margin;
  }
  axis.ticks = log ? log_ticks(axis.low, axis.high) : linear_ticks(axis.low, axis.high, whole ? 1 : 0);
  return axis;
}

std::string number_text(double v, std::chars_format format, int precision) {
  std::array<char, 64> digits;
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), v + 0.0, format, precision).ptr};
}

std::string tick_label(double v) { return number_text(v, std::chars_format::general, 6); }

}  // namespace gradus
