#include <gradus/report/curves.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <gradus/core/error.h>
#include <gradus/core/files.h>
#include <gradus/report/axis.h>
#include <gradus/report/xml.h>

namespace gradus {

namespace {

// All in pixels of the picture.
constexpr double plot_width = 480, plot_height = 320;
constexpr double left = 70, right = 20, top = 34, bottom = 52, legend_line = 18, letter = 6.8;

// Okabe and Ito's palette, told apart by all eyes; the second round is dashed.
constexpr std::array colors{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};

constexpr std::string_view axis_line = "stroke=\"#444444\"";

std::string pixels(double v) { return number_text(v, std::chars_format::fixed, 2); }

std::string text_at(double x, double y, std::string_view text, std::string_view attributes) {
  return "<text x=\"" + pixels(x) + "\" y=\"" + pixels(y) + "\" " + std::string(attributes) + ">" + xml_escaped(text) +
         "</text>\n";
}

std::string line_at(double x1, double y1, double x2, double y2, std::string_view attributes) {
  return "<line x1=\"" + pixels(x1) + "\" y1=\"" + pixels(y1) + "\" x2=\"" + pixels(x2) + "\" y2=\"" + pixels(y2) +
         "\" " + std::string(attributes) + "/>\n";
}

// How a series is drawn.
struct Stroke {
  std::string color;
  bool dashed = false;
  std::string attributes() const { return "stroke=\"" + color + "\"" + (dashed ? " stroke-dasharray=\"6 3\"" : ""); }
};

// One for each name, in the order in which the plots bring them up.
class Strokes {
 public:
  explicit Strokes(const std::vector<Plot>& plots) {
    for (const Plot& plot : plots)
      for (const Series& series : plot.series)
        if (std::find(names_.begin(), names_.end(), series.name) == names_.end()) names_.push_back(series.name);
  }
  Stroke of(const std::string& name) const {
    const auto i = static_cast<std::size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin());
    return {colors[i % colors.size()], i >= colors.size()};
  }

 private:
  std::vector<std::string> names_;
};

// A path for each run of points without a gap, and a dot for each point where they are few.
std::string draw_series(const Series& series, bool log_y, const Axis& x, const Axis& y, const Stroke& stroke) {
  std::string path, dots;
  std::size_t run = 0;
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (!can_plot(series.x[i], series.y[i], log_y)) {
      run = 0;
      continue;
    }
    const std::string px = pixels(x(series.x[i])), py = pixels(y(series.y[i]));
    path += (run++ == 0 ? "M" : "L") + px + " " + py;
    const bool last = i + 1 == series.x.size() || !can_plot(series.x[i + 1], series.y[i + 1], log_y);
    if (series.x.size() <= 40 || (run == 1 && last))
      dots += "<circle cx=\"" + px + "\" cy=\"" + py + "\" r=\"2.5\" fill=\"" + stroke.color + "\"/>\n";
  }
  if (path.empty()) return "";
  return "<path d=\"" + path + "\" fill=\"none\" stroke-width=\"1.8\" " + stroke.attributes() + "/>\n" + dots;
}

struct Legend {
  std::string svg;
  double height = 0;
};

// The names with their colours, in as many lines as they need.
Legend draw_legend(const Plot& plot, const Strokes& strokes, double x0) {
  Legend legend;
  double x = x0 + left;
  for (const Series& series : plot.series) {
    bool any = false;
    for (std::size_t k = 0; k < series.x.size(); ++k) any = any || can_plot(series.x[k], series.y[k], plot.log_y);
    const std::string name = series.name + (any ? "" : " (no points)");
    const double width = 30 + letter * static_cast<double>(name.size()) + 16;
    if (legend.height == 0) legend.height = legend_line;
    if (x > x0 + left && x + width > x0 + plot_width) {
      x = x0 + left;
      legend.height += legend_line;
    }
    const double y = top + legend.height - 8;
    legend.svg += line_at(x, y, x + 24, y, strokes.of(series.name).attributes() + " stroke-width=\"2.5\"");
    legend.svg += text_at(x + 30, y + 4, name, "font-size=\"12\"");
    x += width;
  }
  return legend;
}

std::string draw_axes(const Plot& plot, const Axis& x, const Axis& y, double x0) {
  std::string svg;
  for (const double tick : y.ticks) {
    svg += line_at(x.start, y(tick), x.end, y(tick), "stroke=\"#dddddd\"");
    svg += text_at(x.start - 8, y(tick) + 4, tick_label(tick), "font-size=\"11\" text-anchor=\"end\"");
  }
  for (const double tick : x.ticks) {
    svg += line_at(x(tick), y.start, x(tick), y.start + 5, axis_line);
    svg += text_at(x(tick), y.start + 18, tick_label(tick), "font-size=\"11\" text-anchor=\"middle\"");
  }
  svg += line_at(x.start, y.start, x.end, y.start, axis_line) + line_at(x.start, y.start, x.start, y.end, axis_line);
  svg += text_at((x.start + x.end) / 2, 22, plot.title, "font-size=\"15\" text-anchor=\"middle\"");
  svg += text_at((x.start + x.end) / 2, plot_height - 12, plot.x_label, "font-size=\"12\" text-anchor=\"middle\"");
  const double middle = (y.start + y.end) / 2;
  const std::string turn = "transform=\"rotate(-90 " + pixels(x0 + 16) + " " + pixels(middle) + ")\"";
  return svg + text_at(x0 + 16, middle, plot.y_label, "font-size=\"12\" text-anchor=\"middle\" " + turn);
}

std::string draw_plot(const Plot& plot, const Strokes& strokes, double x0) {
  std::vector<double> xs, ys;
  bool whole = true;
  for (const Series& series : plot.series) {
    check(series.x.size() == series.y.size(), "curves", "series '", series.name, "' has ", series.x.size(), " x and ",
          series.y.size(), " y");
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      if (!can_plot(series.x[i], series.y[i], plot.log_y)) continue;
      xs.push_back(series.x[i]);
      ys.push_back(series.y[i]);
      whole = whole && series.x[i] == std::floor(series.x[i]);
    }
  }
  const Legend legend = draw_legend(plot, strokes, x0);
  const Axis x = make_axis(xs, false, whole, x0 + left, x0 + plot_width - right);
  const Axis y = make_axis(ys, plot.log_y && !ys.empty(), false, plot_height - bottom, top + legend.height + 6);
  std::string svg = draw_axes(plot, x, y, x0) + legend.svg;
  for (const Series& series : plot.series) svg += draw_series(series, plot.log_y, x, y, strokes.of(series.name));
  return svg;
}

std::string row_of(const std::vector<Plot>& plots, const Strokes& strokes) {
  const std::string width = pixels(plot_width * static_cast<double>(plots.size())), height = pixels(plot_height);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height +
                    "\" viewBox=\"0 0 " + width + " " + height + "\" font-family=\"sans-serif\">\n" +
                    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  for (std::size_t i = 0; i < plots.size(); ++i)
    svg += draw_plot(plots[i], strokes, plot_width * static_cast<double>(i));
  return svg + "</svg>\n";
}

}  // namespace

std::string curves_svg(const std::vector<Plot>& plots) {
  check(!plots.empty(), "curves", "there is no plot");
  return row_of(plots, Strokes(plots));
}

std::vector<std::string> curves_svg_each(const std::vector<Plot>& plots) {
  const Strokes strokes(plots);
  std::vector<std::string> each;
  for (const Plot& plot : plots) each.push_back(row_of({plot}, strokes));
  return each;
}

void write_curves(const std::string& path, const std::vector<Plot>& plots) { write_file(path, curves_svg(plots)); }

}  // namespace gradus
