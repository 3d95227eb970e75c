// Small MNIST files for tests: right ones, which a test then breaks.
#pragma once
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using Bytes = std::vector<std::uint8_t>;

// A directory of its own, removed with all that is in it.
class TempDir {
 public:
  TempDir() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("gradus_test_" + std::to_string(getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::filesystem::path& path, const Bytes& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
}

// An IDX file: magic, extents, then `data`, whatever the extents say.
inline Bytes idx_bytes(const std::vector<std::uint32_t>& extents, const Bytes& data) {
  Bytes bytes{0, 0, 8, std::uint8_t(extents.size())};
  for (const std::uint32_t e : extents) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(std::uint8_t(e >> shift));
  }
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

inline Bytes gzip_bytes(const Bytes& bytes) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY);
  Bytes packed(deflateBound(&z, uLong(bytes.size())) + 32);
  z.next_in = const_cast<std::uint8_t*>(bytes.data());
  z.avail_in = uInt(bytes.size());
  z.next_out = packed.data();
  z.avail_out = uInt(packed.size());
  deflate(&z, Z_FINISH);
  const auto size = std::ptrdiff_t(z.total_out);
  deflateEnd(&z);
  return Bytes(packed.begin(), packed.begin() + size);
}

// n images: pixel p of image i is the byte 7i + p, cut to 8 bits. Their labels: 3i, modulo 10.
inline Bytes image_bytes(std::uint32_t n) {
  Bytes data;
  for (std::uint32_t i = 0; i < n; ++i) {
    for (std::uint32_t p = 0; p < 28 * 28; ++p) data.push_back(std::uint8_t(7 * i + p));
  }
  return idx_bytes({n, 28, 28}, data);
}
inline Bytes label_bytes(std::uint32_t n) {
  Bytes data;
  for (std::uint32_t i = 0; i < n; ++i) data.push_back(std::uint8_t(3 * i % 10));
  return idx_bytes({n}, data);
}

// The four files in dir/mnist: 5 training images and 3 test images.
inline void write_small_mnist(const std::filesystem::path& dir) {
  write_file(dir / "mnist/train-images-idx3-ubyte", image_bytes(5));
  write_file(dir / "mnist/train-labels-idx1-ubyte", label_bytes(5));
  write_file(dir / "mnist/t10k-images-idx3-ubyte", image_bytes(3));
  write_file(dir / "mnist/t10k-labels-idx1-ubyte", label_bytes(3));
}
