// The scatter plot: points where the axes say, classes in colours that all eyes tell apart, nothing lost in silence.
#include "catch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <gradus/core/random.h>
#include <gradus/core/tensor.h>
#include <gradus/report/scatter.h>

using namespace gradus;

namespace {

const double undefined = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
const std::vector<std::string> digits{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};

constexpr int plot_end = 680;  // where the legend begins

// How many pixels of the plot itself have this colour.
long pixels_of(const Image& image, Rgb color, int x0 = 0, int x1 = plot_end) {
  long n = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = x0; x < std::min(x1, image.width()); ++x) n += image(x, y) == color;
  return n;
}

bool same(const Image& a, const Image& b) { return encode_png(a) == encode_png(b); }

// The centre of what has this colour in the plot.
std::array<double, 2> centre(const Image& image, Rgb color) {
  double sx = 0, sy = 0, n = 0;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < plot_end; ++x)
      if (image(x, y) == color) sx += x, sy += y, ++n;
  REQUIRE(n > 0);
  return {sx / n, sy / n};
}

Tensor labels_of(std::initializer_list<double> values) { return tensor(values, int64); }

// What an eye sees of a colour: OKLab (Ottosson 2020), after a simulation of its blindness (Machado, Oliveira and
// Fernandes 2009, severity 1).
using Matrix = std::array<std::array<double, 3>, 3>;
const std::vector<Matrix> eyes{
    {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
    {{{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}},   // no red
    {{{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}},    // no green
    {{{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}}};  // no blue

std::array<double, 3> times(const Matrix& m, const std::array<double, 3>& v) {
  std::array<double, 3> out{};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) out[i] += m[i][j] * v[j];
  return out;
}

std::array<double, 3> seen(Rgb color, const Matrix& eye) {
  std::array<double, 3> linear;
  const std::array<double, 3> srgb{color.r / 255.0, color.g / 255.0, color.b / 255.0};
  for (int i = 0; i < 3; ++i)
    linear[i] = srgb[i] <= 0.04045 ? srgb[i] / 12.92 : std::pow((srgb[i] + 0.055) / 1.055, 2.4);
  linear = times(eye, linear);
  for (double& v : linear) v = std::clamp(v, 0.0, 1.0);
  std::array<double, 3> lms = times({{{0.4122214708, 0.5363325363, 0.0514459929},
                                      {0.2119034982, 0.6946995451, 0.1073969566},
                                      {0.0883024619, 0.2817188376, 0.6299787005}}},
                                    linear);
  for (double& v : lms) v = std::cbrt(v);
  return times({{{0.2104542553, 0.7936177850, -0.0040720468},
                 {1.9779984951, -2.4285922050, 0.4505937099},
                 {0.0259040371, 0.7827717662, -0.8086757660}}},
               lms);
}

double distance(Rgb a, Rgb b, const Matrix& eye) {
  const auto p = seen(a, eye), q = seen(b, eye);
  return std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

}  // namespace

TEST_CASE("points lie where they belong, in their class's colour", "[scatter]") {
  const auto& colors = scatter_colors();
  const Tensor points = tensor({0, 0, 4, 0, 0, 2, 2, 1}, {4, 2}, float64);
  const Image image = scatter(points, labels_of({0, 1, 2, 3}), digits, "Codes");
  const auto origin = centre(image, colors[0]), right = centre(image, colors[1]), up = centre(image, colors[2]),
             middle = centre(image, colors[3]);
  CHECK(right[1] == origin[1]);
  CHECK(up[0] == origin[0]);
  CHECK(right[0] > origin[0] + 400);
  CHECK(up[1] < origin[1] - 400);
  CHECK(middle[0] == Approx((origin[0] + right[0]) / 2).margin(1));
  CHECK(middle[1] == Approx((origin[1] + up[1]) / 2).margin(1));
  for (std::size_t i = 0; i < 4; ++i) CHECK(pixels_of(image, colors[i]) == 36);
  for (std::size_t i = 4; i < 10; ++i) CHECK(pixels_of(image, colors[i]) == 0);
  for (const Rgb color : colors) CHECK(pixels_of(image, color, plot_end, 10000) == 121);  // the legend has them all
  // float32 and any device's numbers give the same picture.
  CHECK(same(scatter(points.to(float32), labels_of({0, 1, 2, 3}), digits, "Codes"), image));
}

TEST_CASE("10,000 points in one place are mixed, and again the same", "[scatter]") {
  Generator g(1);
  const Index n = 10000;
  const Tensor points = randn({n, 2}, float32, g);
  Tensor labels = zeros({n}, int64);
  for (Index i = 0; i < n; ++i) labels.data<Index>()[i] = i / 1000;  // class after class, as a sorted set has them
  const Image image = scatter(points, labels, digits);
  long least = 1 << 30, most = 0, all = 0;
  for (const Rgb color : scatter_colors()) {
    const long n = pixels_of(image, color);
    least = std::min(least, n);
    most = std::max(most, n);
    all += n;
  }
  INFO(least << " to " << most << " pixels a class");
  CHECK(most < 1.15 * static_cast<double>(least));  // drawn in order, the last would cover the first
  CHECK(all > 20000);
  CHECK(all < 600 * 600 / 4);
  CHECK(same(scatter(points, labels, digits), image));
}

TEST_CASE("what has no place is left out, and counted", "[scatter]") {
  const Tensor good = tensor({0, 0, 1, 1}, {2, 2}),
               bad = tensor({0, 0, undefined, 0, 1, 1, 0, infinity, -infinity, undefined}, {5, 2});
  const Image expected = scatter(good, labels_of({0, 1}), digits),
              image = scatter(bad, labels_of({0, 2, 1, 3, 4}), digits);
  for (const Rgb color : scatter_colors()) CHECK(pixels_of(image, color) == pixels_of(expected, color));
  CHECK(centre(image, scatter_colors()[1]) == centre(expected, scatter_colors()[1]));
  Image counted = expected;
  counted.text(70 + 600 + 16, 30 + 4 + 10 * 20 + 8, "3 left out");
  CHECK(same(image, counted));
  const Image none = scatter(tensor({undefined, 0}, {1, 2}), labels_of({0}), {"a"});
  CHECK(pixels_of(none, scatter_colors()[0]) == 0);
  CHECK_NOTHROW(scatter(empty({0, 2}), zeros({0}, int64), {"a"}));
  CHECK_NOTHROW(scatter(tensor({1e149, -1e149, -1e149, 1e149}, {2, 2}, float64), labels_of({0, 0}), {"a"}));
}

TEST_CASE("any eye tells the ten classes apart, from each other and from paper", "[scatter]") {
  const auto& colors = scatter_colors();
  REQUIRE(colors.size() == 10);
  for (std::size_t e = 0; e < eyes.size(); ++e)
    for (std::size_t i = 0; i < colors.size(); ++i) {
      CHECK(distance(colors[i], white, eyes[e]) > 0.18);
      for (std::size_t j = 0; j < i; ++j) {
        INFO("eye " << e << ", classes " << j << " and " << i);
        CHECK(distance(colors[i], colors[j], eyes[e]) > (e == 0 ? 0.19 : 0.11));  // black to white is 1
      }
    }
}

TEST_CASE("scatter refuses what is no plot, in a sentence", "[scatter]") {
  const Tensor points = zeros({3, 2}), labels = zeros({3}, int64);
  CHECK(message_of([&] {
          scatter(zeros({3, 3}), labels, digits);
        }) == "scatter: expected points [n, 2] of a floating dtype, got [3, 3] of float32");
  CHECK(message_of([&] { scatter(zeros({6}), labels, digits); }) ==
        "scatter: expected points [n, 2] of a floating dtype, got [6] of float32");
  CHECK(message_of([&] {
          scatter(zeros({3, 2}, int64), labels, digits);
        }) == "scatter: expected points [n, 2] of a floating dtype, got [3, 2] of int64");
  CHECK(message_of([&] { scatter(points, zeros({2}, int64), digits); }) ==
        "scatter: expected a label, int64, for each of 3 points, got [2] of int64");
  CHECK(message_of([&] { scatter(points, zeros({3}), digits); }) ==
        "scatter: expected a label, int64, for each of 3 points, got [3] of float32");
  CHECK(message_of([&] {
          scatter(points, labels_of({0, 1, 10}), digits);
        }) == "scatter: label 10 is none of the 10 classes");
  CHECK(message_of([&] {
          scatter(points, labels_of({0, -1, 1}), digits);
        }) == "scatter: label -1 is none of the 10 classes");
  CHECK(message_of([&] { scatter(points, labels, {}); }) ==
        "scatter: there are colours for 1 to 10 classes, not for 0");
  CHECK(message_of([&] { scatter(points, labels, std::vector<std::string>(11, "x")); }) ==
        "scatter: there are colours for 1 to 10 classes, not for 11");
}
