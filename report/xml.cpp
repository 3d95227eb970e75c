#include <gradus/report/xml.h>

#include <algorithm>
#include <cstddef>

namespace gradus {

namespace {

// How many bytes the UTF-8 character at the start of `text` has; 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  // Too long for what it says, half of a UTF-16 pair, or beyond the last character.
  const auto second = length > 1 ? static_cast<unsigned char>(text[1]) : 0;
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
      (first == 0xF4 && second > 0x8F))
    return 0;
  return length;
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 32 && c != '\t' && c != '\n') || c == 127; }

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string xml;
  for (std::size_t length = 1; !text.empty(); text.remove_prefix(std::max<std::size_t>(length, 1))) {
    const char c = text[0];
    length = utf8_length(text);
    if (c == '&')
      xml += "&amp;";
    else if (c == '<')
      xml += "&lt;";
    else if (c == '>')
      xml += "&gt;";
    else if (c == '"')
      xml += "&quot;";
    else if (c == '\'')
      xml += "&#39;";
    else if (length == 0 || is_control(c))
      xml += '?';
    else
      xml += text.substr(0, length);
  }
  return xml;
}

}  // namespace gradus
