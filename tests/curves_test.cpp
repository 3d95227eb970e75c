// The SVG that curves_svg writes: well-formed, and its points where they belong.
#include "catch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include <gradus/report/curves.h>

using namespace gradus;

namespace {

const double undefined = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

struct Element {
  std::string name, text;
  std::map<std::string, std::string> attributes;
  double number(const std::string& key) const { return std::stod(attributes.at(key)); }
};

// The elements of an XML text, in their order. Fails on tags that do not match, an attribute without quotes or twice,
// and an '&' that starts nothing.
std::vector<Element> parse(const std::string& xml) {
  std::vector<Element> all;
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < xml.size();) {
    if (xml[i] != '<') {
      if (xml[i] == '&') REQUIRE(xml.find(';', i) - i <= 5);
      if (!open.empty()) all[open.back()].text += xml[i];
      REQUIRE((static_cast<unsigned char>(xml[i]) >= 32 || xml[i] == '\n'));
      ++i;
      continue;
    }
    const std::size_t end = xml.find('>', i);
    REQUIRE(end != std::string::npos);
    std::string tag = xml.substr(i + 1, end - i - 1);
    i = end + 1;
    REQUIRE(tag.find('<') == std::string::npos);
    if (tag[0] == '/') {
      REQUIRE(!open.empty());
      REQUIRE(all[open.back()].name == tag.substr(1));
      open.pop_back();
      continue;
    }
    const bool closed = tag.back() == '/';
    if (closed) tag.pop_back();
    Element element{tag.substr(0, tag.find(' ')), "", {}};
    for (std::size_t at = tag.find(' '); at != std::string::npos && at + 1 < tag.size();) {
      const std::size_t equals = tag.find("=\"", at), quote = tag.find('"', equals + 2);
      REQUIRE(quote != std::string::npos);
      const std::string key = tag.substr(at + 1, equals - at - 1);
      REQUIRE(element.attributes.emplace(key, tag.substr(equals + 2, quote - equals - 2)).second);
      at = quote + 1;
      REQUIRE((at == tag.size() || tag[at] == ' '));
    }
    all.push_back(element);
    if (!closed) open.push_back(all.size() - 1);
  }
  REQUIRE(open.empty());
  return all;
}

std::vector<Element> only(const std::vector<Element>& all, const std::string& name) {
  std::vector<Element> some;
  std::copy_if(all.begin(), all.end(), std::back_inserter(some), [&](const Element& e) { return e.name == name; });
  return some;
}

std::vector<Element> elements(const Plot& plot, const std::string& name) {
  return only(parse(curves_svg({plot})), name);
}

int count(const std::string& text, char c) { return static_cast<int>(std::count(text.begin(), text.end(), c)); }

// The pixel of the tick with this label: its text's x, or its grid line's y.
double tick_x(const std::vector<Element>& texts, const std::string& label) {
  for (const Element& t : texts)
    if (t.text == label && t.attributes.at("text-anchor") == "middle") return t.number("x");
  FAIL("no tick " << label);
  return 0;
}
double tick_y(const std::vector<Element>& texts, const std::string& label) {
  for (const Element& t : texts)
    if (t.text == label && t.attributes.count("text-anchor") && t.attributes.at("text-anchor") == "end")
      return t.number("y") - 4;
  FAIL("no tick " << label);
  return 0;
}

}  // namespace

TEST_CASE("points lie where the ticks say", "[curves]") {
  const Plot plot{"Accuracy", "epoch", "accuracy (%)", {{"classifier", {1, 2, 3, 4, 5}, {80, 85, 90, 95, 82.5}}}};
  const auto circles = elements(plot, "circle");
  const auto texts = elements(plot, "text");
  REQUIRE(circles.size() == 5);
  for (int i = 0; i < 5; ++i)
    CHECK(circles[i].number("cx") == Approx(tick_x(texts, std::to_string(i + 1))).margin(0.011));
  CHECK(circles[0].number("cy") == Approx(tick_y(texts, "80")).margin(0.011));
  CHECK(circles[1].number("cy") == Approx(tick_y(texts, "85")).margin(0.011));
  CHECK(circles[3].number("cy") == Approx(tick_y(texts, "95")).margin(0.011));
  CHECK(circles[4].number("cy") == Approx((tick_y(texts, "80") + tick_y(texts, "85")) / 2).margin(0.02));
  CHECK(circles[3].number("cy") < circles[0].number("cy"));  // upwards is more

  const auto paths = elements(plot, "path");
  REQUIRE(paths.size() == 1);
  const std::string d = paths[0].attributes.at("d");
  CHECK(count(d, 'M') == 1);
  CHECK(count(d, 'L') == 4);
  CHECK(d.find("M" + circles[0].attributes.at("cx") + " " + circles[0].attributes.at("cy")) == 0);
}

TEST_CASE("a log axis has equal steps for equal ratios", "[curves]") {
  const Plot plot{"Loss", "epoch", "loss", {{"a", {1, 2, 3}, {0.01, 0.1, 1}}, {"b", {1, 2}, {0.02, 0.5}}}, true};
  const auto circles = elements(plot, "circle");
  const auto texts = elements(plot, "text");
  REQUIRE(circles.size() == 5);
  const double low = circles[0].number("cy"), middle = circles[1].number("cy"), high = circles[2].number("cy");
  CHECK(low - middle == Approx(middle - high).margin(0.02));
  CHECK(low == Approx(tick_y(texts, "0.01")).margin(0.011));
  CHECK(high == Approx(tick_y(texts, "1")).margin(0.011));
  CHECK(circles[3].number("cy") == Approx(tick_y(texts, "0.02")).margin(0.011));
  CHECK(low - tick_y(texts, "0.02") == Approx((low - middle) * std::log10(2)).margin(0.02));
}

TEST_CASE("what cannot be plotted leaves a gap", "[curves]") {
  const Series gaps{"gaps", {1, 2, 3, 4, 5, 6, 7}, {1, 2, undefined, 4, infinity, 6, 1e300}};
  const auto paths = elements({"", "", "", {gaps}}, "path");
  REQUIRE(paths.size() == 1);
  CHECK(count(paths[0].attributes.at("d"), 'M') == 3);
  CHECK(count(paths[0].attributes.at("d"), 'L') == 1);
  CHECK(elements({"", "", "", {gaps}}, "circle").size() == 4);

  const Series zero{"zero", {1, 2, 3}, {0.1, 0, 10}};
  CHECK(elements({"", "", "", {zero}, true}, "circle").size() == 2);
  CHECK(elements({"", "", "", {zero}, false}, "circle").size() == 3);
}

TEST_CASE("lone points show among many", "[curves]") {
  Series many{"many", {}, {}};
  for (int i = 0; i < 100; ++i) {
    many.x.push_back(i);
    many.y.push_back(i == 49 || i == 51 ? undefined : i);
  }
  CHECK(elements({"", "", "", {many}}, "circle").size() == 1);
}

TEST_CASE("few, equal, and no points make a plot", "[curves]") {
  const auto inside = [](const Plot& plot) {
    const auto all = parse(curves_svg({plot}));
    for (const Element& circle : only(all, "circle")) {
      CHECK(circle.number("cx") >= 70);
      CHECK(circle.number("cx") <= 460);
      CHECK(circle.number("cy") > 30);
      CHECK(circle.number("cy") < 270);
    }
    std::size_t ticks = 0;
    for (const Element& text : only(all, "text")) ticks += text.attributes.count("text-anchor");
    CHECK(ticks >= 3 + 2 + 1);  // the labels, two ticks and another
    CHECK(ticks <= 3 + 26);
    return only(all, "circle").size();
  };
  for (const bool log : {false, true}) {
    INFO("log " << log);
    CHECK(inside({"", "", "", {{"one", {3}, {0.5}}}, log}) == 1);
    CHECK(inside({"", "", "", {{"equal", {1, 2, 3}, {7, 7, 7}}}, log}) == 3);
    CHECK(inside({"", "", "", {{"nearly", {1, 2}, {1e15, 1e15 + 0.125}}}, log}) == 2);
    CHECK(inside({"", "", "", {{"wide", {0, 1e6}, {1e-140, 1e140}}}, log}) == 2);
    CHECK(inside({"", "", "", {{"fraction", {0.25, 0.75}, {1, 2}}}, log}) == 2);
    CHECK(inside({"", "", "", {{"empty", {}, {}}}, log}) == 0);
    CHECK(inside({"", "", "", {{"lost", {1, 2}, {undefined, infinity}}}, log}) == 0);
    CHECK(inside({"", "", "", {}, log}) == 0);
  }
  CHECK(inside({"", "", "", {{"zeros", {1, 2}, {0, 0}}}}) == 2);
  CHECK(inside({"", "", "", {{"negative", {1, 2}, {-3, -3}}}}) == 2);
}

TEST_CASE("epochs have whole ticks", "[curves]") {
  for (const Element& text : elements({"", "", "", {{"two", {1, 2}, {1, 5}}}}, "text"))
    if (text.attributes.count("text-anchor") && text.attributes.at("text-anchor") == "middle" &&
        text.attributes.at("font-size") == "11")
      CHECK(text.text.find('.') == std::string::npos);
}

TEST_CASE("a legend names every series, and text is escaped", "[curves]") {
  const Plot plot{"a < b & \"c\" > d",
                  "\x01 bad \xff bytes",
                  "\xc2\xb5s",
                  {{"<first>", {1, 2}, {1, 2}}, {"second & last", {1, 2}, {2, 1}}, {"none", {}, {}}}};
  const std::string svg = curves_svg({plot});
  CHECK(svg.find(">a &lt; b &amp; &quot;c&quot; &gt; d<") != std::string::npos);
  CHECK(svg.find(">? bad ? bytes<") != std::string::npos);
  CHECK(svg.find(">\xc2\xb5s<") != std::string::npos);
  CHECK(svg.find(">&lt;first&gt;<") != std::string::npos);
  CHECK(svg.find(">second &amp; last<") != std::string::npos);
  CHECK(svg.find(">none (no points)<") != std::string::npos);
  const auto paths = only(parse(svg), "path");
  REQUIRE(paths.size() == 2);
  CHECK(paths[0].attributes.at("stroke") != paths[1].attributes.at("stroke"));
}

TEST_CASE("many series keep their legend off the curves", "[curves]") {
  Plot plot{"many", "", "", {}};
  for (int i = 0; i < 12; ++i)
    plot.series.push_back({"a series with number " + std::to_string(i), {1, 2}, {0.0 + i, 1.0 + i}});
  const auto all = parse(curves_svg({plot}));
  double lowest_name = 0, highest_point = 1000;
  for (const Element& text : only(all, "text"))
    if (text.text.find("a series") == 0) {
      lowest_name = std::max(lowest_name, text.number("y"));
      CHECK(text.number("x") < 400);
    }
  for (const Element& circle : only(all, "circle")) highest_point = std::min(highest_point, circle.number("cy"));
  CHECK(lowest_name < highest_point);
}

TEST_CASE("plots stand in a row on white", "[curves]") {
  const Plot plot{"one", "", "", {{"a", {1, 2}, {1, 2}}}};
  const auto one = parse(curves_svg({plot})), two = parse(curves_svg({plot, plot}));
  CHECK(two[0].name == "svg");
  CHECK(two[0].number("width") == 2 * one[0].number("width"));
  CHECK(two[0].attributes.at("xmlns") == "http://www.w3.org/2000/svg");
  CHECK(two[1].name == "rect");
  CHECK(two[1].attributes.at("fill") == "white");
  const auto circles = only(two, "circle");
  REQUIRE(circles.size() == 4);
  CHECK(circles[2].number("cx") == circles[0].number("cx") + one[0].number("width"));
}

TEST_CASE("a series has one colour in all plots", "[curves]") {
  const std::vector<Plot> plots{
      {"loss", "", "", {{"autoencoder", {1, 2}, {1, 2}}, {"classifier", {1, 2}, {2, 1}}}},
      {"accuracy", "", "", {{"classifier", {1, 2}, {80, 90}}, {"a third", {1, 2}, {70, 80}}}},
  };
  const auto paths = only(parse(curves_svg(plots)), "path");
  REQUIRE(paths.size() == 4);
  const auto color = [&](std::size_t i) { return paths[i].attributes.at("stroke"); };
  CHECK(color(0) != color(1));
  CHECK(color(1) == color(2));
  CHECK(color(3) != color(0));
  CHECK(color(3) != color(1));
  const auto lines = only(parse(curves_svg(plots)), "line");
  const auto in_legends = std::count_if(lines.begin(), lines.end(), [&](const Element& line) {
    return line.attributes.count("stroke-width") && line.attributes.at("stroke") == color(1);
  });
  CHECK(in_legends == 2);

  // Each by itself, the plots keep these colours.
  const auto each = curves_svg_each(plots);
  REQUIRE(each.size() == 2);
  CHECK(each[0] == curves_svg({plots[0]}));
  const auto second = only(parse(each[1]), "path");
  REQUIRE(second.size() == 2);
  CHECK(second[0].attributes.at("stroke") == color(2));
  CHECK(second[1].attributes.at("stroke") == color(3));
  CHECK(curves_svg_each({}).empty());
}

TEST_CASE("curves refuses plots that are none", "[curves]") {
  CHECK(message_of([] { curves_svg({}); }) == "curves: there is no plot");
  CHECK(message_of([] {
          curves_svg({{"", "", "", {{"loss", {1, 2}, {1}}}}});
        }) == "curves: series 'loss' has 2 x and 1 y");
  CHECK(message_of([] {
          write_curves("/dev/null/curves.svg", {{"", "", "", {}}});
        }) == "write_file: /dev/null/curves.svg could not be written: Not a directory");
}
