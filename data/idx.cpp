#include <gradus/data/idx.h>

#include <algorithm>
#include <array>
#include <iomanip>
#include <sstream>

#include <gradus/core/error.h>

namespace gradus {
namespace {

std::string hex(std::uint32_t word) {
  std::ostringstream text;
  text << "0x" << std::hex << std::setw(8) << std::setfill('0') << word;
  return text.str();
}

std::uint32_t read_word(GzipFile& file, const std::string& name) {
  std::array<std::uint8_t, 4> b{};
  check(file.read(b) == b.size(), "idx", name, " ends within its header");
  return std::uint32_t(b[0]) << 24 | std::uint32_t(b[1]) << 16 | std::uint32_t(b[2]) << 8 | std::uint32_t(b[3]);
}

}  // namespace

IdxFile::IdxFile(const std::filesystem::path& path, int rank) : name_(path.string()), file_(path) {
  const std::uint32_t magic = read_word(file_, name_), expected = 0x800 + std::uint32_t(rank);
  check(magic == expected, "idx", name_, " starts with ", hex(magic), ", expected ", hex(expected),
        " (unsigned bytes in ", rank, rank == 1 ? " dimension)" : " dimensions)");
  for (int d = 0; d < rank; ++d) {
    extents_.push_back(read_word(file_, name_));
    check(!__builtin_mul_overflow(count_, extents_.back(), &count_), "idx", name_,
          " declares more elements than a 64-bit number can count");
  }
  const auto most = file_.most_bytes();
  check(std::uintmax_t(count_) <= most, "idx", name_, " declares ", count_, " elements, but can hold ", most,
        " bytes at most");
}

void IdxFile::read(const std::function<void(Index, std::span<const std::uint8_t>)>& take) {
  std::vector<std::uint8_t> block(1 << 16);
  for (Index done = 0; done < count_;) {
    const auto wanted = std::size_t(std::min<Index>(count_ - done, Index(block.size())));
    const std::size_t got = file_.read(std::span(block).first(wanted));
    check(got == wanted, "idx", name_, " declares ", count_, " elements, but ends after ", done + Index(got));
    take(done, std::span<const std::uint8_t>(block).first(got));
    done += Index(got);
  }
  // Asking for one byte more also makes the gzip reader verify its checksum.
  check(file_.read(std::span(block).first(1)) == 0, "idx", name_, " goes on behind the ", count_,
        " elements that it declares");
}

}  // namespace gradus
