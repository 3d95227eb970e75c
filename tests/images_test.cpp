// Pictures read from PNG files, and scaled.
#include "catch.h"

#include <zlib.h>

#include <fstream>
#include <sstream>

#include <gradus/core/files.h>
#include <gradus/core/random.h>
#include <gradus/data/images.h>
#include <gradus/report/image.h>

#include "mnist_files.h"

using namespace gradus;

namespace {

std::string big_endian(std::uint32_t word) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift);
  return bytes;
}

std::string part(const std::string& name, const std::string& data) {
  const std::string named = name + data;
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(named.data()), static_cast<uInt>(named.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + named + big_endian(static_cast<std::uint32_t>(sum));
}

std::string header(std::uint32_t width, std::uint32_t height, int bits, int color_type) {
  return part("IHDR", big_endian(width) + big_endian(height) + char(bits) + char(color_type) + std::string(3, '\0'));
}

const std::string signature = "\x89PNG\r\n\x1a\n", end = part("IEND", "");
constexpr int grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgba = 6;  // PNG's colour types

// A PNG of any kind. rows: the samples of each row behind a 0, which says that no filter was used. `before` are parts
// between the header and the samples.
std::string png(std::uint32_t width, std::uint32_t height, int bits, int color_type, const std::string& rows,
                const std::string& before = "") {
  uLongf size = compressBound(rows.size());
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  packed.resize(size);
  return signature + header(width, height, bits, color_type) + before + part("IDAT", packed) + end;
}

// The bytes of a file that reads as `bytes`, in a folder of its own.
struct PictureFile {
  TempDir folder;
  std::string path = folder.path() / "picture.png";
  explicit PictureFile(const std::string& bytes) { gradus::write_file(path, bytes); }
};

std::vector<float> samples(const std::string& bytes, int channels) {
  return read_image(PictureFile(bytes).path, channels).to_vector<float>();
}

// What is wrong with a file of these bytes, without its name.
std::string refusal(const std::string& bytes) {
  const PictureFile file(bytes);
  const std::string message = message_of([&] { read_image(file.path, 1); }), start = "read_image: " + file.path + " ";
  CHECK(message.find(start) == 0);
  return message.substr(std::min(start.size(), message.size()));
}

Image painted() {
  Image image(5, 4);
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 5; ++x) image(x, y) = {std::uint8_t(50 * x), std::uint8_t(60 * y), std::uint8_t(7 * x + y)};
  return image;
}

Tensor pattern(Index height, Index width) {
  Tensor t = empty({1, height, width});
  for (Index i = 0; i < t.numel(); ++i) {
    t.data<float>()[static_cast<std::size_t>(i)] = static_cast<float>((i * 7919 + 911) % 17) / 16;
  }
  return t;
}

}  // namespace

TEST_CASE("a picture comes back as the numbers that were painted") {
  const Image image = painted();
  const TempDir folder;
  const std::string path = folder.path() / "painted.png";
  write_png(path, image);
  const Tensor colors = read_image(path, 3), greys = read_image(path, 1);
  REQUIRE(colors.shape() == Shape{3, 4, 5});
  REQUIRE(greys.shape() == Shape{1, 4, 5});
  CHECK(colors.dtype() == float32);
  const auto color = colors.data<float>(), grey = greys.data<float>();
  for (int y = 0; y < 4; ++y)
    for (int x = 0; x < 5; ++x) {
      const std::size_t at = std::size_t(5 * y + x);
      const Rgb p = image(x, y);
      CHECK(color[at] == float(p.r) / 255);
      CHECK(color[20 + at] == float(p.g) / 255);
      CHECK(color[40 + at] == float(p.b) / 255);
      CHECK(grey[at] == Approx((0.299 * p.r + 0.587 * p.g + 0.114 * p.b) / 255).margin(1e-5));
    }
}

TEST_CASE("a grey picture is the same in every channel, to the bit") {
  Image image(16, 16);
  for (int i = 0; i < 256; ++i) image(i % 16, i / 16) = {std::uint8_t(i), std::uint8_t(i), std::uint8_t(i)};
  const std::string bytes = encode_png(image);
  const std::vector<float> one = samples(bytes, 1), three = samples(bytes, 3);
  for (std::size_t i = 0; i < 256; ++i) {
    CHECK(one[i] == float(i) / 255);
    for (std::size_t c = 0; c < 3; ++c) CHECK(three[256 * c + i] == float(i) / 255);
  }
}

TEST_CASE("16 bits, palettes and transparency are read") {
  using namespace std::string_literals;
  CHECK(samples(png(2, 1, 16, grey, "\0\x12\x34\xff\xff"s), 1) == std::vector<float>{float(0x1234) / 65535, 1});
  CHECK(samples(png(8, 1, 1, grey, "\0\xa5"s), 1) == std::vector<float>{1, 0, 1, 0, 0, 1, 0, 1});
  const std::string colors = part("PLTE", "\xff\0\0\0\0\xff"s);
  CHECK(samples(png(2, 1, 8, palette, "\0\1\0"s, colors), 3) == std::vector<float>{0, 1, 0, 0, 1, 0});
  // Black ink on glass is black ink on white; half of it is the grey half way.
  CHECK(samples(png(3, 1, 8, grey_alpha, "\0\0\xff\0\0\0\x80"s), 1) ==
        std::vector<float>{0, 1, static_cast<float>(65535 - 0x8080) / 65535});
  CHECK(samples(png(1, 1, 8, rgba, "\0\xff\0\0\x33"s), 3) == std::vector<float>{1, float(204) / 255, float(204) / 255});
  CHECK(samples(png(1, 1, 8, rgb, "\0\xff\0\x33"s), 3) == std::vector<float>{1, 0, float(51) / 255});
}

TEST_CASE("what is no picture is refused by name") {
  const TempDir folder;
  const std::string missing = folder.path() / "missing.png";
  CHECK(message_of([&] { read_image(missing, 1); }) == "read_file: there is no file " + missing);
  CHECK(message_of([&] { read_image(folder.path(), 1); }) ==
        "read_file: " + folder.path().string() + " is not a regular file");
  CHECK(message_of([&] { read_image(missing, 2); }) ==
        "read_image: channels must be 1 (grey) or 3 (red, green, blue), not 2");
  const std::string other = "is not a PNG file; convert it to PNG first";
  CHECK(refusal("") == other);
  CHECK(refusal("\x89PNG") == other);
  CHECK(refusal("\xff\xd8\xff\xe0 JPEG") == other);
  CHECK(refusal(signature) == "is cut short");
  CHECK(refusal(signature + end) == "is not a PNG file: it has no header");
  CHECK(refusal(signature + header(0, 5, 8, grey) + end) == "has 0 x 5 pixels, expected 1 to 16384 a side");
  CHECK(refusal(signature + header(5, 16385, 8, grey) + end) == "has 5 x 16385 pixels, expected 1 to 16384 a side");
  CHECK(refusal(signature + header(16384, 16384, 8, grey) + end) ==
        "has 16384 x 16384 pixels, expected at most 134217728 in all");
  CHECK(refusal(signature + header(4, 4, 7, grey) + part("IDAT", "") + end).find("could not be decoded: ") == 0);
  CHECK(refusal(signature + header(4, 4, 8, grey) + end).find("could not be decoded: ") == 0);
  CHECK(refusal(png(4, 4, 8, grey, "too few samples")).find("could not be decoded: ") == 0);
}

TEST_CASE("a picture that is cut short or damaged anywhere is refused") {
  const std::string whole = encode_png(painted());
  const PictureFile file(whole);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    gradus::write_file(file.path, whole.substr(0, size));
    INFO("cut to " << size << " of " << whole.size());
    CHECK(message_of([&] { read_image(file.path, 3); }).find("read_image: " + file.path) == 0);
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int mask : {0x01, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ mask);
      gradus::write_file(file.path, damaged);
      INFO("byte " << i << " ^ " << mask);
      CHECK(message_of([&] { read_image(file.path, 3); }).find("read_image: " + file.path) == 0);
    }
  }
}

TEST_CASE("images are scaled as PIL scales them") {
  std::ifstream file(std::string(GRADUS_SOURCE_DIR) + "/tests/data/resize_values.txt");
  int cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    std::istringstream words(line);
    Index h = 0, w = 0, to_h = 0, to_w = 0;
    words >> h >> w >> to_h >> to_w;
    INFO(h << " x " << w << " to " << to_h << " x " << to_w);
    const Tensor scaled = resize_image(pattern(h, w), to_h, to_w);
    REQUIRE(scaled.shape() == Shape{1, to_h, to_w});
    for (const float value : scaled.to_vector<float>()) {
      double expected = 0;
      REQUIRE(words >> expected);
      CHECK(value == Approx(expected).margin(1e-6));
    }
  }
  CHECK(cases == 6);
}

TEST_CASE("scaling keeps constants, channels and sizes that fit") {
  const Tensor image = rand({3, 6, 4});
  const Tensor same = resize_image(image, 6, 4);
  CHECK(same.to_vector<float>() == image.to_vector<float>());
  CHECK(!(same.storage() == image.storage()));
  for (const float value : resize_image(full({2, 9, 50}, 0.25), 20, 7).to_vector<float>()) CHECK(value == 0.25f);
  const Tensor small = resize_image(image, 2, 3);
  for (Index c = 0; c < 3; ++c) {
    CHECK(small[c].to_vector<float>() == resize_image(image.rows(c, c + 1), 2, 3).to_vector<float>());
  }
}

TEST_CASE("what cannot be scaled is refused") {
  CHECK(message_of([] {
          resize_image(zeros({4, 4}), 2, 2);
        }) == "resize_image: expected an image [channels, h, w], got shape [4, 4]");
  CHECK(message_of([] {
          resize_image(zeros({1, 0, 4}), 2, 2);
        }) == "resize_image: expected an image [channels, h, w], got shape [1, 0, 4]");
  CHECK(message_of([] {
          resize_image(zeros({1, 4, 4}), 0, 2);
        }) == "resize_image: the sides must be 1 to 16384 pixels, not 0 x 2");
  CHECK(message_of([] {
          resize_image(zeros({1, 4, 4}), 2, 16385);
        }) == "resize_image: the sides must be 1 to 16384 pixels, not 2 x 16385");
  CHECK(message_of([] { resize_image(zeros({1, 4, 4}, float64), 2, 2); }).find("float32") != std::string::npos);
}
