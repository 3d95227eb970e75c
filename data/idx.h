// IdxFile: the format of MNIST's files.
//
// Four magic bytes (0, 0, 8 for unsigned bytes, the number of dimensions), each dimension's extent in 32 bits with the
// highest byte first, then one byte for each element, the last dimension running fastest.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <gradus/core/shape.h>
#include <gradus/data/gzip.h>

namespace gradus {

class IdxFile {
 public:
  // Reads the header of a file, raw or gzip. Throws Error, naming the file, unless it is IDX of `rank` dimensions whose
  // elements could all be in a file of this size: nothing needs to be allocated before that is known.
  IdxFile(const std::filesystem::path& path, int rank);

  const std::string& name() const { return name_; }
  const std::vector<Index>& extents() const { return extents_; }

  // Calls take(offset, bytes) with one run of elements after the other. Throws Error when the file holds fewer elements
  // than its header says, or more.
  void read(const std::function<void(Index offset, std::span<const std::uint8_t>)>& take);

 private:
  std::string name_;
  GzipFile file_;
  std::vector<Index> extents_;
  Index count_ = 1;  // of elements
};

}  // namespace gradus
