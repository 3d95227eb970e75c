#include <gradus/core/json.h>

#include <cctype>
#include <limits>

#include <gradus/core/error.h>

namespace gradus {

namespace {

// A code point as UTF-8.
void append_utf8(std::string& to, unsigned code) {
  if (code < 0x80) {
    to += static_cast<char>(code);
    return;
  }
  const int tail = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;  // bytes after the first
  const unsigned lead = tail == 1 ? 0xC0 : tail == 2 ? 0xE0 : 0xF0;
  to += static_cast<char>(lead | code >> 6 * tail);
  for (int i = tail - 1; i >= 0; --i) to += static_cast<char>(0x80 | (code >> 6 * i & 0x3F));
}

}  // namespace

void JsonReader::refuse(const std::string& expected) const {
  fail(op_, where_, " expected ", expected, " at byte ", at_, ", got ",
       at_ < text_.size() ? shown(text_.substr(at_, 12)) : "its end");
}

std::string JsonReader::shown(std::string_view text) {
  constexpr std::size_t longest = 80;
  return json_string(text.substr(0, longest)) + (text.size() > longest ? "..." : "");
}

void JsonReader::skip_space() {
  while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
}

bool JsonReader::take(char c) {
  skip_space();
  const bool there = at_ < text_.size() && text_[at_] == c;
  at_ += there;
  return there;
}

void JsonReader::expect(char c) {
  if (!take(c)) refuse(std::string("'") + c + "'");
}

std::string JsonReader::string() {
  expect('"');
  std::string out;
  while (at_ < text_.size() && text_[at_] != '"') {
    if (static_cast<unsigned char>(text_[at_]) < 0x20) refuse("text without control characters");
    if (text_[at_] == '\\') {
      unescape(out);
    } else {
      out += text_[at_++];
    }
  }
  if (at_ == text_.size()) refuse("a quote that ends the text");
  ++at_;
  return out;
}

void JsonReader::unescape(std::string& to) {
  ++at_;
  const char c = at_ < text_.size() ? text_[at_] : '\0';
  constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
  if (const auto which = letters.find(c); which != std::string_view::npos) {
    to += meant[which];
    ++at_;
  } else if (c == 'u') {
    ++at_;
    unsigned code = hex4();
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {  // a pair of halves
      at_ += 2;
      const unsigned low = hex4();
      if (low < 0xDC00 || low >= 0xE000) refuse("the second half of a character before this");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code >= 0xD800 && code < 0xE000) refuse("a whole character before this");
    append_utf8(to, code);
  } else {
    refuse("one of \"\\/bfnrtu");
  }
}

unsigned JsonReader::hex4() {
  unsigned code = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const int c = at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : 0;
    if (!std::isxdigit(c)) refuse("a hexadecimal digit");
    code = code * 16 + static_cast<unsigned>(std::isdigit(c) ? c - '0' : std::tolower(c) - 'a' + 10);
  }
  return code;
}

Index JsonReader::number() {
  skip_space();
  const std::size_t from = at_;
  Index value = 0;
  const auto digit = [&] { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; };
  for (; digit(); ++at_) {
    if (at_ > from && text_[from] == '0') refuse("a number without zeros before it");
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text_[at_] - '0', &value)) {
      refuse("a number up to " + std::to_string(std::numeric_limits<Index>::max()));
    }
  }
  if (at_ == from) refuse("a whole number");
  return value;
}

void JsonReader::end() {
  skip_space();
  if (at_ < text_.size()) refuse("nothing more");
}

std::string json_string(std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) -> unsigned {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
    };
    const unsigned lead = byte(i);
    const int tail = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : -1;
    if (tail < 0) return false;
    unsigned code = tail == 0 ? lead : lead & (0x3Fu >> tail);
    for (int t = 1; t <= tail; ++t) {
      const unsigned next = byte(i + static_cast<std::size_t>(t));
      if (next >> 6 != 2) return false;
      code = code << 6 | (next & 0x3F);
    }
    const unsigned least[] = {0, 0x80, 0x800, 0x10000};
    if (code < least[tail] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    i += static_cast<std::size_t>(tail) + 1;
  }
  return true;
}

}  // namespace gradus
