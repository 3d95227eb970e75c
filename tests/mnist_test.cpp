// The MNIST reader on small files: right ones, and every way in which one can be wrong.
#include "catch.h"

#include <gradus/data/idx.h>
#include <gradus/data/mnist.h>

#include "mnist_files.h"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

const std::string train_images = "mnist/train-images-idx3-ubyte", train_labels = "mnist/train-labels-idx1-ubyte";

void require_small_mnist(const Datasets& data) {
  REQUIRE(data.train.images.shape() == Shape{5, 1, 28, 28});
  REQUIRE(data.train.images.dtype() == float32);
  REQUIRE(data.train.labels.shape() == Shape{5});
  REQUIRE(data.train.labels.dtype() == int64);
  REQUIRE(data.train.classes[9] == "9");
  REQUIRE(data.test.images.shape() == Shape{3, 1, 28, 28});
  REQUIRE(data.test.labels.to_vector<Index>() == std::vector<Index>{0, 3, 6});
  REQUIRE(data.train.labels.to_vector<Index>() == std::vector<Index>{0, 3, 6, 9, 2});
  const auto pixels = data.train.images.to_vector<float>();
  for (int i = 0; i < 5; ++i) {
    for (int p = 0; p < 784; ++p) REQUIRE(pixels[std::size_t(784 * i + p)] == float((7 * i + p) % 256) / 255.f);
  }
}

// What reading the small MNIST in `dir` says when one file holds `bytes` (packed or not) instead.
std::string message_for(const std::string& file, const Bytes& bytes, const TempDir& dir) {
  write_file(dir.path() / file, bytes);
  const std::string message = message_of([&] { mnist(dir.path()); });
  if (!message.empty()) CHECK(message.find((dir.path() / file).string()) != std::string::npos);
  return message;
}
std::string message_for(const std::string& file, const Bytes& bytes) {
  TempDir dir;
  write_small_mnist(dir.path());
  return message_for(file, bytes, dir);
}

bool has(const std::string& message, const std::string& part) {
  INFO(message);
  CHECK(message.find(part) != std::string::npos);
  return message.find(part) != std::string::npos;
}

// The same file with gzip's bytes in it: they are known by their content.
std::string message_for_gzip(const Bytes& packed) { return message_for(train_images, packed); }

}  // namespace

TEST_CASE("mnist reads plain files", "[mnist]") {
  TempDir dir;
  write_small_mnist(dir.path());
  require_small_mnist(mnist(dir.path()));
}

TEST_CASE("mnist reads gzip files", "[mnist]") {
  TempDir dir;
  write_file(dir.path() / "mnist/train-images-idx3-ubyte.gz", gzip_bytes(image_bytes(5)));
  write_file(dir.path() / "mnist/train-labels-idx1-ubyte.gz", gzip_bytes(label_bytes(5)));
  write_file(dir.path() / "mnist/t10k-images-idx3-ubyte.gz", gzip_bytes(image_bytes(3)));
  write_file(dir.path() / "mnist/t10k-labels-idx1-ubyte.gz", gzip_bytes(label_bytes(3)));
  require_small_mnist(mnist(dir.path()));

  SECTION("a plain file goes before its .gz") {
    write_file(dir.path() / "mnist/t10k-labels-idx1-ubyte.gz", {1, 2, 3});
    write_file(dir.path() / "mnist/t10k-labels-idx1-ubyte", label_bytes(3));
    require_small_mnist(mnist(dir.path()));
  }
  SECTION("a plain file that is called .gz") {
    write_file(dir.path() / "mnist/t10k-labels-idx1-ubyte.gz", label_bytes(3));
    require_small_mnist(mnist(dir.path()));
  }
  SECTION("several gzip members make one file") {
    const Bytes all = image_bytes(5);
    Bytes packed = gzip_bytes(Bytes(all.begin(), all.begin() + 1000));
    const Bytes second = gzip_bytes(Bytes(all.begin() + 1000, all.end()));
    packed.insert(packed.end(), second.begin(), second.end());
    write_file(dir.path() / "mnist/train-images-idx3-ubyte.gz", packed);
    require_small_mnist(mnist(dir.path()));
  }
}

TEST_CASE("GzipFile reads what was packed in pieces of any size", "[mnist]") {
  Bytes bytes(300000);
  std::uint32_t state = 1;
  for (auto& b : bytes) b = std::uint8_t((state = state * 1664525 + 1013904223) >> 28);
  TempDir dir;
  write_file(dir.path() / "plain", bytes);
  write_file(dir.path() / "packed", gzip_bytes(bytes));
  for (const char* name : {"plain", "packed"}) {
    for (const std::size_t piece : {std::size_t(1000), std::size_t(65536), bytes.size() + 1}) {
      GzipFile file(dir.path() / name);
      REQUIRE(file.compressed() == (std::string(name) == "packed"));
      Bytes read, buffer(piece);
      for (std::size_t n = piece; n == piece;) {
        n = file.read(buffer);
        read.insert(read.end(), buffer.begin(), buffer.begin() + std::ptrdiff_t(n));
      }
      REQUIRE(read == bytes);
    }
  }
}

TEST_CASE("mnist names a file that is missing", "[mnist]") {
  for (const char* name :
       {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    TempDir dir;
    write_small_mnist(dir.path());
    fs::remove(dir.path() / "mnist" / name);
    REQUIRE(message_of([&] { mnist(dir.path()); }) == std::string("mnist: there is neither ") + name + " nor " + name +
                                                          ".gz in " + (dir.path() / "mnist").string());
  }
}

TEST_CASE("mnist refuses files that are not what they should be", "[mnist]") {
  const Bytes images = image_bytes(5), labels = label_bytes(5);
  REQUIRE(message_for(train_images, images) == "");  // so that what follows fails for its own reason

  has(message_for(train_images, {}), "is empty");
  has(message_for(train_images, {0, 0, 8}), "ends within its header");
  has(message_for(train_images, Bytes(images.begin(), images.begin() + 15)), "ends within its header");
  has(message_for(train_images, labels),
      "starts with 0x00000801, expected 0x00000803 (unsigned bytes in 3 dimensions)");
  has(message_for(train_labels, images), "starts with 0x00000803, expected 0x00000801 (unsigned bytes in 1 dimension)");
  has(message_for(train_images, {'<', 'h', 't', 'm', 'l', '>'}), "starts with 0x3c68746d");
  has(message_for(train_images, idx_bytes({5, 27, 28}, Bytes(5 * 27 * 28))), "holds images of 27x28, expected 28x28");
  has(message_for(train_images, idx_bytes({5, 28, 32}, Bytes(5 * 28 * 32))), "holds images of 28x32, expected 28x28");
  has(message_for(train_images, idx_bytes({0, 28, 28}, {})), "holds no images");

  Bytes longer = images;
  longer.push_back(0);
  has(message_for(train_images, longer), "goes on behind the 3920 elements that it declares");
  has(message_for(train_images, Bytes(images.begin(), images.end() - 1)),
      "declares 3920 elements, but ends after 3919");
  has(message_for(train_images, Bytes(images.begin(), images.begin() + 500)),
      "declares 3920 elements, but can hold 500 bytes at most");
  has(message_for(train_labels, label_bytes(4)), "holds 4 labels for 5 images");
  has(message_for(train_labels, label_bytes(6)), "holds 6 labels for 5 images");
  has(message_for(train_labels, idx_bytes({5}, {0, 9, 10, 3, 4})), "has label 10 at 2, expected 0 to 9");
}

TEST_CASE("mnist refuses a directory in a file's place", "[mnist]") {
  TempDir dir;
  write_small_mnist(dir.path());
  fs::remove(dir.path() / train_images);
  fs::create_directory(dir.path() / train_images);
  has(message_of([&] { mnist(dir.path()); }), "train-images-idx3-ubyte is not a file");
}

TEST_CASE("mnist refuses a gzip file that is cut, wherever", "[mnist]") {
  TempDir dir;
  write_small_mnist(dir.path());
  const Bytes packed = gzip_bytes(image_bytes(5));
  for (std::size_t size = 2; size < packed.size(); ++size) {
    INFO(size << " of " << packed.size() << " bytes");
    const Bytes cut(packed.begin(), packed.begin() + std::ptrdiff_t(size));
    REQUIRE(has(message_for(train_images, cut, dir), "is cut short"));
  }
}

TEST_CASE("mnist refuses a gzip file that is damaged, wherever", "[mnist]") {
  TempDir dir;
  write_small_mnist(dir.path());
  const Bytes packed = gzip_bytes(image_bytes(5));
  const std::size_t header = 10;  // time, flags and system, which say nothing of the data
  std::size_t harmless = 0;
  for (std::size_t at = header; at < packed.size(); ++at) {
    Bytes damaged = packed;
    damaged[at] ^= 0x10;
    INFO("byte " << at << " of " << packed.size());
    if (message_for(train_images, damaged, dir).empty()) {
      require_small_mnist(mnist(dir.path()));
      ++harmless;
    }
  }
  REQUIRE(harmless <= 1);  // deflate's last byte may have bits that nobody reads
  Bytes checksum = packed;
  checksum[checksum.size() - 8] ^= 1;
  has(message_for_gzip(checksum), "is damaged (incorrect data check); fetch or unpack it again");
}

TEST_CASE("mnist refuses bytes behind a gzip stream", "[mnist]") {
  Bytes packed = gzip_bytes(image_bytes(5));
  packed.push_back('x');
  has(message_for_gzip(packed), "has bytes behind the end of its compressed stream");
  packed.back() = 0x1f;
  has(message_for_gzip(packed), "is cut short");
}

TEST_CASE("mnist inflates no more than a file declares", "[mnist]") {
  SECTION("a stream that goes on") {
    Bytes bytes = image_bytes(5);
    bytes.resize(bytes.size() + (std::size_t(64) << 20));
    has(message_for_gzip(gzip_bytes(bytes)), "goes on behind the 3920 elements that it declares");
  }
  SECTION("a header that promises what deflate cannot hold") {
    has(message_for_gzip(gzip_bytes(idx_bytes({0xffffffff, 28, 28}, {}))),
        "declares 3367254359280 elements, but can hold");
  }
  SECTION("a header whose product overflows") {
    has(message_for_gzip(gzip_bytes(idx_bytes({0xffffffff, 0xffffffff, 0xffffffff}, {}))),
        "declares more elements than a 64-bit number can count");
  }
}

TEST_CASE("has_mnist sees any of the files", "[mnist]") {
  TempDir dir;
  REQUIRE_FALSE(has_mnist(dir.path()));
  fs::create_directories(dir.path() / "mnist");
  REQUIRE_FALSE(has_mnist(dir.path()));
  write_file(dir.path() / "mnist/t10k-labels-idx1-ubyte.gz", {1});
  REQUIRE(has_mnist(dir.path()));
}
