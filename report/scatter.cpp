#include <gradus/report/scatter.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>

#include <gradus/core/error.h>
#include <gradus/report/axis.h>

namespace gradus {

namespace {

// All in pixels.
constexpr int plot_side = 600, left = 70, top = 30, bottom = 34, legend_width = 170, legend_line = 20, swatch = 11;
constexpr int right_edge = left + plot_side, bottom_edge = top + plot_side;
constexpr Rgb axis_line{68, 68, 68}, grid_line{232, 232, 232};

int dot_side(std::size_t points) { return points <= 300 ? 6 : points <= 1500 ? 4 : points <= 5000 ? 3 : 2; }

struct Points {
  std::vector<double> x, y;
  std::vector<std::size_t> classes;
  std::size_t left_out = 0;
};

Points read_points(const Tensor& points, const Tensor& labels, std::size_t classes) {
  const std::vector<double> xy = points.detach().to(cpu).to(float64).to_vector<double>();
  const std::vector<Index> label = labels.to_vector<Index>();
  Points read;
  for (std::size_t i = 0; i < label.size(); ++i) {
    check(label[i] >= 0 && label[i] < static_cast<Index>(classes), "scatter", "label ", label[i], " is none of the ",
          classes, " classes");
    if (!can_plot(xy[2 * i], xy[2 * i + 1])) {
      ++read.left_out;
      continue;
    }
    read.x.push_back(xy[2 * i]);
    read.y.push_back(xy[2 * i + 1]);
    read.classes.push_back(static_cast<std::size_t>(label[i]));
  }
  return read;
}

// 0 to n-1 in an order that is random, but always the same: std::shuffle's differs from one library to another.
std::vector<std::size_t> mixed(std::size_t n) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937_64 random(1);
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

int pixel(double v) { return static_cast<int>(std::lround(v)); }

void draw_axes(Image& image, const Axis& x, const Axis& y) {
  for (const double tick : x.ticks) {
    image.fill(pixel(x(tick)), top, 1, plot_side, grid_line);
    const std::string label = tick_label(tick);
    image.text(pixel(x(tick)) - text_width(label) / 2, bottom_edge + 8, label);
  }
  for (const double tick : y.ticks) {
    image.fill(left, pixel(y(tick)), plot_side, 1, grid_line);
    const std::string label = tick_label(tick);
    image.text(left - 6 - text_width(label), pixel(y(tick)) - 4, label);
  }
  image.fill(left, top, 1, plot_side, axis_line);
  image.fill(left, bottom_edge, plot_side + 1, 1, axis_line);
}

void draw_legend(Image& image, const std::vector<std::string>& names, std::size_t left_out) {
  const int x = right_edge + 16;
  int y = top + 4;
  for (std::size_t i = 0; i < names.size(); ++i, y += legend_line) {
    image.fill(x, y, swatch, swatch, scatter_colors()[i]);
    image.text(x + swatch + 7, y + 2, names[i]);
  }
  if (left_out > 0) image.text(x, y + 8, std::to_string(left_out) + " left out");
}

}  // namespace

// Found by a search for ten whose smallest distance, to eyes of all kinds and from white, is as large as can be.
const std::vector<Rgb>& scatter_colors() {
  static const std::vector<Rgb> colors{{0x03, 0x5d, 0xef}, {0xd0, 0x92, 0x28}, {0x17, 0xba, 0x9e}, {0xdd, 0x00, 0x00},
                                       {0x72, 0x08, 0xa9}, {0x7b, 0xe7, 0x30}, {0x80, 0x07, 0x14}, {0xd9, 0xa9, 0xf0},
                                       {0x23, 0x4a, 0x5d}, {0x9f, 0x68, 0xa2}};
  return colors;
}

Image scatter(const Tensor& points, const Tensor& labels, const std::vector<std::string>& names,
              const std::string& title) {
  check(points.dim() == 2 && points.size(1) == 2 && is_floating(points.dtype()), "scatter",
        "expected points [n, 2] of a floating dtype, got ", points.shape(), " of ", points.dtype());
  check(labels.dim() == 1 && labels.size(0) == points.size(0) && labels.dtype() == int64, "scatter",
        "expected a label, int64, for each of ", points.size(0), " points, got ", labels.shape(), " of ",
        labels.dtype());
  check(!names.empty() && names.size() <= scatter_colors().size(), "scatter", "there are colours for 1 to ",
        scatter_colors().size(), " classes, not for ", names.size());
  const Points dots = read_points(points, labels, names.size());
  int legend = legend_width;
  for (const std::string& name : names) legend = std::max(legend, swatch + 40 + text_width(name));
  Image image(std::min(right_edge + legend, Image::largest_side), bottom_edge + bottom);
  image.text(left + plot_side / 2 - text_width(title) / 2, 10, title);
  const Axis x = make_axis(dots.x, false, false, left, right_edge),
             y = make_axis(dots.y, false, false, bottom_edge, top);
  draw_axes(image, x, y);
  const int side = dot_side(dots.x.size());
  for (const std::size_t i : mixed(dots.x.size()))
    image.fill(pixel(x(dots.x[i])) - side / 2, pixel(y(dots.y[i])) - side / 2, side, side,
               scatter_colors()[dots.classes[i]]);
  draw_legend(image, names, dots.left_out);
  return image;
}

}  // namespace gradus
