#include <gradus/data/gzip.h>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <string>

#include <gradus/core/error.h>

namespace gradus {

struct GzipFile::State {
  std::string name;
  std::ifstream file;
  std::uintmax_t file_size = 0;
  std::array<std::uint8_t, 1 << 16> buffer;
  z_stream z{};  // next_in and avail_in are the buffer's unread bytes, compressed or not
  bool gzip = false, ended = false;

  ~State() {
    if (gzip) inflateEnd(&z);
  }

  bool refill() {  // false: the file is at its end
    file.read(reinterpret_cast<char*>(buffer.data()), std::streamsize(buffer.size()));
    check(!file.bad(), "gzip", name, " could not be read to its end");
    z.next_in = buffer.data();
    z.avail_in = uInt(file.gcount());
    return z.avail_in > 0;
  }

  // Inflates into z.next_out until that is full or the data end.
  void inflate_some() {
    while (z.avail_out > 0 && !ended) {
      if (z.avail_in == 0 && !refill()) fail("gzip", name, " is cut short: the compressed stream has no end");
      const int result = inflate(&z, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        end_member();
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        fail("gzip", name, " is damaged (", z.msg ? z.msg : zError(result), "); fetch or unpack it again");
      }
    }
  }

  void end_member() {
    if (z.avail_in == 0 && !refill()) {
      ended = true;
      return;
    }
    check(*z.next_in == 0x1f, "gzip", name, " has bytes behind the end of its compressed stream");
    inflateReset(&z);
  }
};

GzipFile::GzipFile(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.name = path.string();
  std::error_code error;
  check(std::filesystem::is_regular_file(path, error), "gzip", s.name, " is not a file");
  s.file_size = std::filesystem::file_size(path, error);
  s.file.open(path, std::ios::binary);
  check(s.file.is_open(), "gzip", s.name, " could not be opened; is reading it allowed?");
  check(s.refill(), "gzip", s.name, " is empty");
  if (s.z.avail_in >= 2 && s.buffer[0] == 0x1f && s.buffer[1] == 0x8b) {
    constexpr int gzip_only = 16;  // added to the window's bits: zlib's way to ask for gzip's header and checksum
    check(inflateInit2(&s.z, MAX_WBITS + gzip_only) == Z_OK, "gzip", "no memory to inflate ", s.name);
    s.gzip = true;
  }
}

GzipFile::~GzipFile() = default;

std::size_t GzipFile::read(std::span<std::uint8_t> out) {
  State& s = *state_;
  std::size_t done = 0;
  while (done < out.size() && !s.ended) {
    const auto piece = uInt(std::min<std::size_t>(out.size() - done, std::numeric_limits<uInt>::max()));
    if (s.gzip) {
      s.z.next_out = out.data() + done;
      s.z.avail_out = piece;
      s.inflate_some();
      done += piece - s.z.avail_out;
    } else if (s.z.avail_in > 0 || s.refill()) {
      const uInt n = std::min(piece, s.z.avail_in);
      std::copy_n(s.z.next_in, n, out.data() + done);
      s.z.next_in += n;
      s.z.avail_in -= n;
      done += n;
    } else {
      s.ended = true;
    }
  }
  return done;
}

std::uintmax_t GzipFile::most_bytes() const {
  constexpr std::uintmax_t largest_ratio = 1032;  // of deflate: 258 bytes from 2 bits (zlib's technical details)
  return state_->gzip ? state_->file_size * largest_ratio : state_->file_size;
}

bool GzipFile::compressed() const { return state_->gzip; }

}  // namespace gradus
