// Files read whole, and written whole or not at all.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace gradus {

// The bytes of a file. Throws Error, naming the path, where it is not there, is not a regular file, holds more than
// `most` bytes, or cannot be read.
std::string read_file(const std::string& path, std::uintmax_t most = std::numeric_limits<std::uintmax_t>::max());

// Writes `bytes` to a temporary file beside `path` and renames it to `path`: whoever reads `path` finds the old content
// or the new one, never a part. A link is followed. Throws Error, naming the path, when that fails; `path` is then
// untouched.
void write_file(const std::string& path, std::string_view bytes);

// Creates `folder` where it is missing and proves that a file can be written there. Throws Error, naming it, if not.
// Programs ask before they compute for an hour.
void check_writable(const std::string& folder);

}  // namespace gradus
