// Files read by their size, and written whole or not at all.
#pragma once
#include <cstdint>
#include <fstream>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace gradus {

// A file to be read. Every Error names the path.
class InputFile {
 public:
  explicit InputFile(const std::string& path);  // throws Error where it is not there, no regular file, or not readable

  const std::string& path() const { return path_; }
  std::uintmax_t size() const { return size_; }
  void read(std::uintmax_t at, void* to, std::size_t bytes);  // throws Error where the file ends before

 private:
  std::string path_;
  std::uintmax_t size_ = 0;
  std::ifstream stream_;
};

// The bytes of a file. Throws Error as above, and where it holds more than `most`.
std::string read_file(const std::string& path, std::uintmax_t most = std::numeric_limits<std::uintmax_t>::max());

// Writes `bytes` to a temporary file beside `path` and renames it to `path`: whoever reads `path` finds the old content
// or the new one, never a part. A link is followed. Throws Error, naming the path, when that fails; `path` is then
// untouched.
void write_file(const std::string& path, std::string_view bytes);
void write_file(const std::string& path, std::span<const std::string_view> pieces);  // one after the other

// Creates `folder` where it is missing and proves that a file can be written there. Throws Error, naming it, if not.
// Programs ask before they compute for an hour.
void check_writable(const std::string& folder);

}  // namespace gradus
