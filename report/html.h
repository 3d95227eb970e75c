// HtmlReport: one page with pictures, curves and tables in a single file. It needs no network and no script, reads on a
// phone and on paper, and follows the reader's light or dark setting. All text is escaped.
//
//   HtmlReport report("Lecture 20");
//   report.heading("Pictures");
//   report.figure({html_picture(image, "an original digit"), html_picture(noisy, "the same with noise")}, "The
//   digits"); write_html("report.html", report);
#pragma once
#include <string>
#include <utility>
#include <vector>

#include <gradus/report/image.h>

namespace gradus {

// A picture as it stands in the page. `alt` says what can be seen to those who cannot see it; `title`, if there is one,
// is printed above the picture.
struct HtmlPicture {
  std::string alt, title, address;  // address: "data:image/png;base64,..."
  int width = 0, height = 0;        // in pixels; 0 for an SVG
};
HtmlPicture html_picture(const Image& image, std::string alt, std::string title = "");
HtmlPicture html_picture(const std::string& svg, std::string alt, std::string title = "");  // as curves_svg makes it

// Rows of cells under `head`, which may be empty. The first cell of a row names the row. A column that holds nothing
// but numbers is set flush right.
struct HtmlTable {
  std::string caption;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

class HtmlReport {
 public:
  explicit HtmlReport(std::string title) : title_(std::move(title)) {}

  void heading(const std::string& text);
  void paragraph(const std::string& text);
  void code(const std::string& text);  // monospaced, its lines as they are
  // Tables that follow each other stand side by side where there is room. Throws Error where rows, and head, differ in
  // length.
  void table(const HtmlTable& table);
  // Side by side where there is room, else one below the other. Throws Error when there is none.
  void figure(const std::vector<HtmlPicture>& pictures, const std::string& caption);
  // A film: each frame for `seconds`, the last one longer, over and over. On paper, and for readers who asked for less
  // motion, the last frame alone. `alt` speaks for all of them. Throws Error for no frame, frames of several sizes, and
  // seconds not above 0.
  void film(const std::vector<HtmlPicture>& frames, double seconds, const std::string& alt, const std::string& caption);

  std::string str() const;  // the file

 private:
  std::string title_, body_;
};

void write_html(const std::string& path, const HtmlReport& report);  // as write_file

}  // namespace gradus
