#include <gradus/report/tiles.h>

#include <algorithm>
#include <cmath>

#include <gradus/core/error.h>

namespace gradus {

namespace {

constexpr Rgb between_tiles{128, 128, 128}, not_a_number{255, 0, 255};
constexpr Rgb most_negative{33, 102, 172}, most_positive{178, 24, 43};

std::vector<double> numbers(const Tensor& t) { return t.detach().to(cpu).to(float64).to_vector<double>(); }

double largest_magnitude(const std::vector<double>& values) {
  double largest = 0;
  for (const double v : values)
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  return largest;
}

// v in [low, high] as one of `shades` equal steps from 0 to 1.
double position(double v, double low, double high, int shades) {
  if (!(low < high)) return 0;  // a picture of zeros
  const double p = (std::clamp(v, low, high) - low) / (high - low);
  return std::round(p * (shades - 1)) / (shades - 1);
}

std::uint8_t mix(double from, double to, double p) {
  return static_cast<std::uint8_t>(std::lround(from + (to - from) * p));
}
Rgb mix(Rgb from, Rgb to, double p) { return {mix(from.r, to.r, p), mix(from.g, to.g, p), mix(from.b, to.b, p)}; }

Rgb color_of(double v, const Coloring& coloring, int shades) {
  if (std::isnan(v)) return not_a_number;
  if (coloring.kind == Coloring::Kind::grey) return mix(black, white, position(v, coloring.low, coloring.high, shades));
  const double p = position(std::abs(v), 0, coloring.high, shades);
  if (coloring.kind == Coloring::Kind::magnitude) return mix(black, white, p);
  return mix(white, v < 0 ? most_negative : most_positive, p);
}

// The images' extents: how `tiles` reads its tensor.
struct Layout {
  int n = 0, channels = 1, height = 0, width = 0;
};

Layout layout_of(const Shape& shape, bool color_allowed) {
  const auto refuse = [&] {
    fail("tiles", "expected [n, side * side], [n, 1, h, w]", color_allowed ? " or [n, 3, h, w]" : "", ", got ",
         shape.str(), "; reshape it to [n, 1, h, w]");
  };
  if (shape.rank() != 2 && shape.rank() != 4) refuse();
  check(shape.numel() > 0, "tiles", "there is no image in a tensor of shape ", shape.str());
  // Larger than any picture, and small enough for int.
  for (const Index extent : shape)
    check(extent <= (1 << 28), "tiles", "shape ", shape.str(), " is too large for a picture");
  Layout layout;
  layout.n = static_cast<int>(shape[0]);
  if (shape.rank() == 2) {
    layout.height = layout.width = static_cast<int>(std::lround(std::sqrt(static_cast<double>(shape[1]))));
    if (static_cast<Index>(layout.height) * layout.width != shape[1]) refuse();
    return layout;
  }
  layout.channels = static_cast<int>(shape[1]);
  layout.height = static_cast<int>(shape[2]);
  layout.width = static_cast<int>(shape[3]);
  if (layout.channels != 1 && !(layout.channels == 3 && color_allowed)) refuse();
  return layout;
}

void check_options(const Coloring& coloring, const TileOptions& options) {
  check(options.columns >= 0, "tiles", "columns must be at least 0 (0 chooses), not ", options.columns);
  check(options.zoom >= 1 && options.zoom <= 64, "tiles", "zoom must be 1 to 64, not ", options.zoom);
  check(options.gap >= 0 && options.gap <= 64, "tiles", "gap must be 0 to 64, not ", options.gap);
  check(options.shades >= 2 && options.shades <= 256, "tiles", "shades must be 2 to 256, not ", options.shades);
  // For those who fill in a Coloring by hand.
  check(coloring.high >= coloring.low, "tiles", "the scale's ends are ", coloring.low, " and ", coloring.high);
}

void draw_tile(Image& picture, int left, int top, const double* values, const Layout& layout, const Coloring& coloring,
               const TileOptions& options) {
  const int plane = layout.height * layout.width;
  for (int y = 0; y < layout.height; ++y)
    for (int x = 0; x < layout.width; ++x) {
      const double* v = values + y * layout.width + x;
      Rgb color = color_of(*v, coloring, options.shades);
      if (layout.channels == 3) {
        const double r = v[0], g = v[plane], b = v[2 * plane];
        color = std::isnan(r) || std::isnan(g) || std::isnan(b)
                    ? not_a_number
                    : Rgb{color_of(r, coloring, options.shades).r, color_of(g, coloring, options.shades).g,
                          color_of(b, coloring, options.shades).b};
      }
      picture.fill(left + x * options.zoom, top + y * options.zoom, options.zoom, options.zoom, color);
    }
}

Coloring symmetric(const char* op, Coloring::Kind kind, double largest) {
  check(std::isfinite(largest) && largest >= 0, op, "the largest value must be a number of at least 0, not ", largest);
  return {kind, 0, largest};
}

}  // namespace

Coloring grey(double low, double high) {
  check(std::isfinite(low) && std::isfinite(high) && low < high, "grey", "low must be less than high, got ", low,
        " and ", high);
  return {Coloring::Kind::grey, low, high};
}
Coloring magnitude(double largest) { return symmetric("magnitude", Coloring::Kind::magnitude, largest); }
Coloring signed_colors(double largest) { return symmetric("signed_colors", Coloring::Kind::signed_colors, largest); }

double largest_magnitude(const Tensor& values) { return largest_magnitude(numbers(values)); }

Image tiles(const Tensor& images, const Coloring& coloring, const TileOptions& options) {
  check_options(coloring, options);
  const Layout layout = layout_of(images.shape(), coloring.kind == Coloring::Kind::grey);
  const std::vector<double> values = numbers(images);
  Coloring scale = coloring;
  if (scale.kind != Coloring::Kind::grey && scale.high == 0) scale.high = largest_magnitude(values);

  const int square = static_cast<int>(std::ceil(std::sqrt(static_cast<double>(layout.n))));
  const int columns = std::min(options.columns > 0 ? options.columns : square, layout.n);
  const int rows = (layout.n + columns - 1) / columns;
  const Index step_x = Index{layout.width} * options.zoom + options.gap,
              step_y = Index{layout.height} * options.zoom + options.gap;
  const Index width = columns * step_x - options.gap, height = rows * step_y - options.gap;
  check(width <= Image::largest_side && height <= Image::largest_side, "tiles", layout.n, " images in ", columns,
        " columns make a picture of ", width, " x ", height, " pixels, more than ", Image::largest_side, " a side");
  Image picture(static_cast<int>(width), static_cast<int>(height), between_tiles);
  const std::size_t size = static_cast<std::size_t>(layout.channels) * layout.height * layout.width;
  for (int i = 0; i < layout.n; ++i)
    draw_tile(picture, static_cast<int>(i % columns * step_x), static_cast<int>(i / columns * step_y),
              &values[i * size], layout, scale, options);
  return picture;
}

Image side_by_side(const std::vector<Titled>& pictures) {
  check(!pictures.empty(), "side_by_side", "there is no picture");
  constexpr int margin = 8, title_height = text_height + 4;
  const auto width_of = [](const Titled& p) { return std::max(p.image.width(), text_width(p.title)); };
  int width = margin, height = 0;
  for (const Titled& p : pictures) {
    width += width_of(p) + margin;
    height = std::max(height, p.image.height());
  }
  Image row(width, margin + title_height + height + margin);
  int x = margin;
  for (const Titled& p : pictures) {
    row.text(x, margin, p.title);
    row.paste(p.image, x, margin + title_height);
    x += width_of(p) + margin;
  }
  return row;
}

}  // namespace gradus
