// JSON as far as headers of files need it: objects, arrays, text and whole numbers, read from front to back.
#pragma once
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <gradus/core/shape.h>

namespace gradus {

// Every call reads what it is named for, and throws Error where the text has something else, with the place. Nothing
// here calls itself: no text can exhaust the stack.
class JsonReader {
 public:
  // Messages start with "op: where", as in "load_safetensors: net.safetensors, header: expected ':' at byte 9, got
  // '}'".
  JsonReader(const char* op, std::string where, std::string_view text)
      : op_(op), where_(std::move(where)), text_(text) {}

  // {"KEY": VALUE, ...}: calls member(key) before each value, which must read it. Refuses a key that comes twice.
  template <class F>
  void object(std::size_t most_members, F&& member) {
    std::set<std::string> keys;
    list('{', '}', [&] {
      const std::string key = string();
      if (keys.size() == most_members) refuse("no more than " + std::to_string(most_members) + " keys");
      if (!keys.insert(key).second) refuse("every key once, got another " + shown(key));
      expect(':');
      member(key);
    });
  }

  // [VALUE, ...]: calls element() before each value, which must read it.
  template <class F>
  void array(F&& element) {
    list('[', ']', element);
  }

  std::string string();
  Index number();  // a whole number from 0 on
  void end();      // nothing but white space is left

  [[noreturn]] void refuse(const std::string& expected) const;

  static std::string shown(std::string_view text);  // in quotes and not too long: for messages

 private:
  void skip_space();
  bool take(char c);    // skips white space, then c if that comes next
  void expect(char c);  // takes c or refuses
  void unescape(std::string& to);
  unsigned hex4();

  template <class F>
  void list(char open, char close, F&& item) {
    expect(open);
    if (take(close)) return;
    do {
      item();
    } while (take(','));
    expect(close);
  }

  const char* op_;
  std::string where_;
  std::string_view text_;
  std::size_t at_ = 0;
};

std::string json_string(std::string_view text);  // in quotes, escaped where JSON demands it

bool is_utf8(std::string_view text);

}  // namespace gradus
