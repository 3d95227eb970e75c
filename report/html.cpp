#include <gradus/report/html.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include <gradus/core/error.h>
#include <gradus/core/files.h>
#include <gradus/report/html_style.h>
#include <gradus/report/xml.h>

namespace gradus {

namespace {

std::string base64(const std::string& bytes) {
  const char* const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = 0;  // three bytes are four digits
    for (std::size_t k = i; k < i + 3; ++k)
      word = word << 8 | (k < bytes.size() ? static_cast<std::uint8_t>(bytes[k]) : 0);
    for (int shift = 18; shift >= 0; shift -= 6) text += digits[word >> shift & 63];
  }
  const std::size_t missing = (3 - bytes.size() % 3) % 3;
  text.replace(text.size() - missing, missing, missing, '=');
  return text;
}

// A number for CSS. to_chars, because a stream's numbers depend on the locale.
std::string number(double v) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, v, std::chars_format::general, 6).ptr};
}

std::string element(const std::string& tag, const std::string& text) {
  return "<" + tag + ">" + xml_escaped(text) + "</" + tag + ">\n";
}

std::string img(const std::string& address, const std::string& alt, const std::string& attributes = "") {
  return "<img alt=\"" + xml_escaped(alt) + "\"" + attributes + " src=\"" + xml_escaped(address) + "\">";
}

std::string caption_of(const std::string& caption) { return caption.empty() ? "" : element("figcaption", caption); }

bool is_number(const std::string& cell) {
  double value;
  const char* const end = cell.data() + cell.size();
  const auto [stopped, problem] = std::from_chars(cell.data(), end, value);
  if (problem != std::errc() || cell.empty()) return false;
  const std::string unit(stopped, end);
  return unit.empty() || unit == " %" || unit == " s";
}

// Of each column, whether it is set flush right: it holds a number, and beside numbers only empty cells and dashes.
std::vector<bool> columns_of_numbers(const HtmlTable& table, std::size_t columns) {
  std::vector<bool> flush(columns);
  for (std::size_t c = 1; c < columns; ++c) {
    const auto with = [&](auto&& holds) {
      return [&, holds](const std::vector<std::string>& row) { return holds(row[c]); };
    };
    const auto number_or_none = [](const std::string& cell) { return cell.empty() || cell == "-" || is_number(cell); };
    flush[c] = std::any_of(table.rows.begin(), table.rows.end(), with(is_number)) &&
               std::all_of(table.rows.begin(), table.rows.end(), with(number_or_none));
  }
  return flush;
}

}  // namespace

HtmlPicture html_picture(const Image& image, std::string alt, std::string title) {
  return {std::move(alt), std::move(title), "data:image/png;base64," + base64(encode_png(image)), image.width(),
          image.height()};
}

HtmlPicture html_picture(const std::string& svg, std::string alt, std::string title) {
  return {std::move(alt), std::move(title), "data:image/svg+xml;base64," + base64(svg)};
}

void HtmlReport::heading(const std::string& text) { body_ += element("h2", text); }
void HtmlReport::paragraph(const std::string& text) { body_ += element("p", text); }
void HtmlReport::code(const std::string& text) { body_ += element("pre", text); }

void HtmlReport::table(const HtmlTable& table) {
  const std::size_t columns = !table.head.empty() ? table.head.size() : table.rows.empty() ? 0 : table.rows[0].size();
  for (const auto& row : table.rows)
    check(row.size() == columns, "html", "table '", table.caption, "' has ", columns, " columns, and a row of ",
          row.size(), " cells");
  const std::vector<bool> flush = columns_of_numbers(table, columns);
  const auto cell = [&](const std::string& tag, const std::string& scope, std::size_t c, const std::string& text) {
    return "<" + tag + scope + (flush[c] ? " class=\"n\">" : ">") + xml_escaped(text) + "</" + tag + ">";
  };
  body_ += "<div class=\"table\"><table>\n";
  if (!table.caption.empty()) body_ += element("caption", table.caption);
  if (!table.head.empty()) {
    body_ += "<thead><tr>";
    for (std::size_t c = 0; c < columns; ++c) body_ += cell("th", " scope=\"col\"", c, table.head[c]);
    body_ += "</tr></thead>\n";
  }
  body_ += "<tbody>\n";
  for (const auto& row : table.rows) {
    body_ += "<tr>";
    for (std::size_t c = 0; c < columns; ++c)
      body_ += c == 0 ? cell("th", " scope=\"row\"", c, row[c]) : cell("td", "", c, row[c]);
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table></div>\n";
}

void HtmlReport::figure(const std::vector<HtmlPicture>& pictures, const std::string& caption) {
  check(!pictures.empty(), "html", "the figure '", caption, "' has no picture");
  body_ += "<figure><div class=\"pictures\">\n";
  for (const HtmlPicture& picture : pictures) {
    body_ += "<div class=\"picture\">" + (picture.title.empty() ? "" : element("b", picture.title));
    body_ += img(picture.address, picture.alt) + "</div>\n";
  }
  body_ += "</div>" + caption_of(caption) + "</figure>\n";
}

// The last frame lies at the bottom, always visible; the others lie on it, each visible in its turn.
void HtmlReport::film(const std::vector<HtmlPicture>& frames, double seconds, const std::string& alt,
                      const std::string& caption) {
  check(!frames.empty(), "html", "the film '", caption, "' has no frame");
  check(std::isfinite(seconds) && seconds > 0, "html", "a frame of the film '", caption, "' lasts ", seconds,
        " seconds; expected more than 0");
  for (const HtmlPicture& frame : frames)
    check(frame.width == frames[0].width && frame.height == frames[0].height, "html", "the film '", caption,
          "' has frames of ", frames[0].width, " x ", frames[0].height, " and of ", frame.width, " x ", frame.height,
          " pixels");
  const std::size_t turns = frames.size() + 3;  // the last frame has four
  const std::string name = "turn" + std::to_string(turns);
  body_ += "<figure><style>@keyframes " + name + " { 0% { visibility: visible } " +
           number(100.0 / static_cast<double>(turns)) +
           "%, 100% { visibility: hidden } }</style><div class=\"film\">\n";
  body_ += img(frames.back().address, alt);
  for (std::size_t i = 0; i + 1 < frames.size(); ++i) {
    const std::string timing = " style=\"visibility: hidden; animation: " + name + " " +
                               number(seconds * static_cast<double>(turns)) + "s step-end " +
                               number(seconds * static_cast<double>(i)) + "s infinite\"";
    body_ += "\n" + img(frames[i].address, "", timing);
  }
  body_ += "</div>" + caption_of(caption) + "</figure>\n";
}

std::string HtmlReport::str() const {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         // Nothing is fetched, and nothing runs, whatever got into the page.
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
         "style-src 'unsafe-inline'\">\n" +
         element("title", title_) + "<style>" + std::string(html_style) + "</style>\n</head>\n<body>\n" +
         element("h1", title_) + body_ + "</body>\n</html>\n";
}

void write_html(const std::string& path, const HtmlReport& report) { write_file(path, report.str()); }

}  // namespace gradus
