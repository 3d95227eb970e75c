// The page that HtmlReport writes: whole in itself, everything escaped, its pictures those that went in.
#include "catch.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include <unistd.h>

#include <gradus/report/html.h>

using namespace gradus;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

// What is left of the page without its style sheets.
std::string content(const HtmlReport& report) {
  return std::regex_replace(report.str(), std::regex("<style>[^<]*</style>"), "");
}

std::string decoded(const std::string& base64) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t word = 0;
  int bits = 0;
  for (const char c : base64.substr(0, base64.find('='))) {
    REQUIRE(contains(digits, std::string(1, c)));
    word = word << 6 | static_cast<std::uint32_t>(digits.find(c));
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(word >> bits & 255);
  }
  return bytes;
}

// The addresses of the page's pictures.
std::vector<std::string> addresses(const std::string& page) {
  std::vector<std::string> all;
  for (std::size_t at = 0; (at = page.find(" src=\"", at)) != std::string::npos;) {
    at += 6;
    all.push_back(page.substr(at, page.find('"', at) - at));
  }
  return all;
}

// Tags open and close in order. Those of `alone` do not close.
void check_tags(const std::string& page) {
  const std::vector<std::string> alone{"!DOCTYPE", "meta", "img"};
  std::vector<std::string> open;
  for (std::size_t at = 0; (at = page.find('<', at)) != std::string::npos; ++at) {
    const std::string tag = page.substr(at + 1, page.find_first_of(" >", at) - at - 1);
    if (tag[0] == '/') {
      REQUIRE(!open.empty());
      REQUIRE("/" + open.back() == tag);
      open.pop_back();
    } else if (std::find(alone.begin(), alone.end(), tag) == alone.end()) {
      open.push_back(tag);
    }
  }
  CHECK(open.empty());
}

Image picture(int width, int height, Rgb color) { return Image(width, height, color); }

HtmlPicture frame(int width, int height, Rgb color) { return html_picture(picture(width, height, color), ""); }

const std::string prefix = "data:image/png;base64,";

}  // namespace

TEST_CASE("a report is a page that fetches and runs nothing", "[html]") {
  HtmlReport report("A run");
  report.heading("Pictures");
  report.paragraph("Some words.");
  report.code("gradus --seed 0\n  --out x");
  report.table({"Settings", {"name", "value"}, {{"seed", "0"}}});
  report.figure({html_picture(picture(4, 4, black), "a square"), html_picture("<svg/>", "a plot", "Loss")}, "Two");
  report.film({frame(3, 2, black), frame(3, 2, white)}, 0.5, "a film", "Two frames");
  const std::string page = report.str();
  CHECK(page.rfind("<!DOCTYPE html>\n<html lang=\"en\">", 0) == 0);
  CHECK(contains(page, "<meta charset=\"utf-8\">"));
  CHECK(contains(page, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"));
  CHECK(contains(page, "default-src 'none'; img-src data:; style-src 'unsafe-inline'"));
  CHECK(contains(page, "@media print"));
  CHECK(contains(page, "prefers-color-scheme: dark"));
  CHECK(contains(page, "<title>A run</title>"));
  CHECK(contains(page, "<h1>A run</h1>"));
  CHECK(contains(page, "<pre>gradus --seed 0\n  --out x</pre>"));
  CHECK_FALSE(contains(page, "://"));
  CHECK_FALSE(contains(page, "<script"));
  CHECK_FALSE(contains(page, "<link"));
  CHECK_FALSE(contains(page, "url("));
  CHECK_FALSE(contains(page, "@import"));
  CHECK(addresses(page).size() == 4);
  for (const std::string& address : addresses(page)) CHECK(address.rfind("data:image/", 0) == 0);
  check_tags(content(report));
  CHECK(report.str() == page);
}

TEST_CASE("whatever text goes in is escaped", "[html]") {
  const std::string nasty = "<b>\"x\" & 'y'</b>\x01", safe = "&lt;b&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/b&gt;?";
  HtmlReport report(nasty);
  report.heading(nasty);
  report.paragraph(nasty);
  report.code(nasty);
  report.table({nasty, {nasty, nasty}, {{nasty, nasty}}});
  report.figure({html_picture(picture(1, 1, black), nasty, nasty)}, nasty);
  report.figure({{nasty, nasty, nasty}}, nasty);
  report.film({frame(1, 1, black)}, 1, nasty, nasty);
  const std::string page = content(report);
  CHECK_FALSE(contains(page, "<b>\""));
  CHECK_FALSE(contains(page, "\x01"));
  CHECK(count(page, safe) == 2 + 3 + 5 + 3 + 4 + 2);
  check_tags(page);
}

TEST_CASE("a picture in the page is the PNG or SVG that went in", "[html]") {
  for (int width = 1; width <= 12; ++width) {  // so that base64 ends with none, one and two '='
    const Image image = picture(width, 2, {200, 100, 50});
    const HtmlPicture html = html_picture(image, "alt", "title");
    CHECK(html.alt == "alt");
    CHECK(html.title == "title");
    REQUIRE(html.address.rfind(prefix, 0) == 0);
    CHECK(html.address.size() % 4 == prefix.size() % 4);
    CHECK(decoded(html.address.substr(prefix.size())) == encode_png(image));
  }
  CHECK(html_picture("", "").address == "data:image/svg+xml;base64,");
  CHECK(html_picture("f", "").address == "data:image/svg+xml;base64,Zg==");  // RFC 4648's examples
  CHECK(html_picture("fo", "").address == "data:image/svg+xml;base64,Zm8=");
  CHECK(html_picture("foobar", "").address == "data:image/svg+xml;base64,Zm9vYmFy");
  CHECK(html_picture("\xff\xfe\xfd", "").address == "data:image/svg+xml;base64,//79");
}

TEST_CASE("a figure has its pictures in order, with alt text and caption", "[html]") {
  const HtmlPicture first = html_picture(picture(2, 2, black), "what is black", "before"),
                    second = html_picture(picture(2, 2, white), "what is white");
  HtmlReport report("r");
  report.figure({first, second}, "Both");
  const std::string page = report.str();
  CHECK(addresses(page) == std::vector<std::string>{first.address, second.address});
  CHECK(contains(page, "<b>before</b>\n<img alt=\"what is black\" src="));
  CHECK(contains(page, "<img alt=\"what is white\" src="));
  CHECK(count(page, "<b>") == 1);
  CHECK(contains(page, "<figcaption>Both</figcaption>"));
  CHECK(message_of([&] { report.figure({}, "None"); }) == "html: the figure 'None' has no picture");
  CHECK(report.str() == page);
}

TEST_CASE("a table names rows and columns, and sets numbers flush right", "[html]") {
  HtmlReport report("r");
  report.table({"Phases",
                {"", "loss", "kind"},
                {{"1", "0.5", "mean"}, {"2", "-", "7"}, {"3", "", ""}, {"4", "12.5 %", "-"}, {"5", "1e-3 s", "x"}}});
  report.table({"", {}, {{"seed", "0"}, {"threads", "2"}}});
  report.table({"Nothing yet", {}, {}});
  const std::string page = report.str();
  CHECK(contains(page, "<caption>Phases</caption>"));
  CHECK(contains(page,
                 "<thead><tr><th scope=\"col\"></th><th scope=\"col\" class=\"n\">loss</th><th "
                 "scope=\"col\">kind</th></tr></thead>"));
  CHECK(contains(page, "<tr><th scope=\"row\">1</th><td class=\"n\">0.5</td><td>mean</td></tr>"));
  CHECK(contains(page, "<tr><th scope=\"row\">2</th><td class=\"n\">-</td><td>7</td></tr>"));
  CHECK(contains(page, "<tr><th scope=\"row\">seed</th><td class=\"n\">0</td></tr>"));
  CHECK(count(page, "<caption>") == 2);
  CHECK(count(page, "<thead>") == 1);
  CHECK(message_of([&] {
          report.table({"Odd", {"a", "b"}, {{"1", "2"}, {"3"}}});
        }) == "html: table 'Odd' has 2 columns, and a row of 1 cells");
  CHECK(message_of([&] {
          report.table({"Odd", {}, {{"1", "2"}, {"3", "4", "5"}}});
        }) == "html: table 'Odd' has 2 columns, and a row of 3 cells");
  CHECK(report.str() == page);
}

TEST_CASE("a film shows each frame in its turn, and the last one where nothing moves", "[html]") {
  const std::vector<HtmlPicture> frames{frame(2, 2, black), frame(2, 2, {255, 0, 0}), frame(2, 2, white)};
  HtmlReport report("r");
  report.film(frames, 0.25, "a square that turns white", "Three frames");
  const std::string page = report.str();
  // The last frame first: it lies at the bottom, without a turn of its own.
  const auto pictures = addresses(page);
  REQUIRE(pictures.size() == 3);
  CHECK(decoded(pictures[0].substr(prefix.size())) == encode_png(picture(2, 2, white)));
  CHECK(decoded(pictures[1].substr(prefix.size())) == encode_png(picture(2, 2, black)));
  CHECK(decoded(pictures[2].substr(prefix.size())) == encode_png(picture(2, 2, {255, 0, 0})));
  CHECK(contains(page, "<img alt=\"a square that turns white\" src="));
  CHECK(contains(page, "0% { visibility: visible } 16.6667%, 100% { visibility: hidden }"));  // one turn of six
  CHECK(contains(page, "<img alt=\"\" style=\"visibility: hidden; animation: turn6 1.5s step-end 0s infinite\""));
  CHECK(contains(page, "<img alt=\"\" style=\"visibility: hidden; animation: turn6 1.5s step-end 0.25s infinite\""));
  CHECK(contains(page, "@media (prefers-reduced-motion: reduce) { .film img + img { display: none } }"));
  const std::string print = page.substr(page.find("@media print"));
  CHECK(contains(print.substr(0, print.find("</style>")), ".film img + img { display: none }"));

  CHECK(message_of([&] { report.film({}, 1, "", "None"); }) == "html: the film 'None' has no frame");
  CHECK(message_of([&] { report.film(frames, 0, "", "Fast"); }) ==
        "html: a frame of the film 'Fast' lasts 0 seconds; expected more than 0");
  CHECK(message_of([&] {
          report.film({frames[0], frame(2, 3, black)}, 1, "", "Odd");
        }) == "html: the film 'Odd' has frames of 2 x 2 and of 2 x 3 pixels");
  CHECK(report.str() == page);
}

TEST_CASE("write_html writes the page, or says why not", "[html]") {
  namespace fs = std::filesystem;
  const fs::path path = fs::temp_directory_path() / ("gradus_html_test." + std::to_string(::getpid()) + ".html");
  HtmlReport report("r");
  write_html(path.string(), report);
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  fs::remove(path);
  CHECK(text.str() == report.str());
  CHECK(message_of([&] { write_html("/dev/null/report.html", report); }) ==
        "write_file: /dev/null/report.html could not be written: Not a directory");
}
