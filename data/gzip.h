// GzipFile: a file's bytes from first to last, inflated on the way where it is compressed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace gradus {

// Whether a file is gzip's is told by its first two bytes, not by its name. Only what is asked for gets inflated, so a
// small file that would inflate to a huge one costs nothing. A gzip file of several members reads as one.
class GzipFile {
 public:
  explicit GzipFile(const std::filesystem::path& path);  // throws Error when it can't be read or is empty
  ~GzipFile();
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;

  // Fills `out` and returns how many bytes that took: fewer than its size only where the data end, which is when the
  // checksum has been verified. Throws Error, naming the file, for a damaged or cut stream or bytes behind its end.
  std::size_t read(std::span<std::uint8_t> out);

  std::uintmax_t most_bytes() const;  // that can be in it: a file's own size, or deflate's largest ratio times that
  bool compressed() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gradus
