#include <gradus/report/image.h>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include <gradus/core/error.h>
#include <gradus/core/files.h>

namespace {

// zlib's compressor instead of stb's own: the files become a quarter smaller. stb frees what this returns.
unsigned char* compress_with_zlib(unsigned char* data, int size, int* compressed_size, int) {
  uLongf capacity = compressBound(static_cast<uLong>(size));
  auto* compressed = static_cast<unsigned char*>(std::malloc(capacity));
  if (compressed && compress2(compressed, &capacity, data, static_cast<uLong>(size), 9) != Z_OK) {
    std::free(compressed);
    return nullptr;
  }
  *compressed_size = static_cast<int>(capacity);
  return compressed;
}

}  // namespace

#define STBIW_ZLIB_COMPRESS compress_with_zlib
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb/stb_easy_font.h>
#include <stb/stb_image_write.h>

namespace gradus {

namespace {

// The text as stb's font takes it: one line of printable ASCII. A character of several bytes becomes one '?'.
std::string printable(std::string_view words) {
  std::string line;
  for (const char c : words) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80) continue;
    line += byte >= 32 && byte < 127 ? c : '?';
  }
  return line;
}

}  // namespace

Image::Image(int width, int height, Rgb fill) : width_(width), height_(height) {
  check(width >= 1 && height >= 1 && width <= largest_side && height <= largest_side, "image",
        "the sides must be 1 to ", largest_side, " pixels, not ", width, " x ", height);
  pixels_.assign(static_cast<std::size_t>(width) * height, fill);
}

void Image::fill(int x, int y, int width, int height, Rgb color) {
  for (int row = std::max(y, 0); row < std::min(y + height, height_); ++row)
    for (int column = std::max(x, 0); column < std::min(x + width, width_); ++column) (*this)(column, row) = color;
}

void Image::paste(const Image& other, int x, int y) {
  for (int row = std::max(y, 0); row < std::min(y + other.height_, height_); ++row)
    for (int column = std::max(x, 0); column < std::min(x + other.width_, width_); ++column)
      (*this)(column, row) = other(column - x, row - y);
}

void Image::text(int x, int y, std::string_view words, Rgb color) {
  struct Vertex {
    float x, y, z;
    unsigned char color[4];
  };
  std::string line = printable(words);
  std::vector<std::array<Vertex, 4>> boxes(line.size() * 24 + 1);  // no glyph has more than 24 strokes
  const int count =
      stb_easy_font_print(0, 0, line.data(), nullptr, boxes.data(), static_cast<int>(boxes.size() * sizeof boxes[0]));
  for (int i = 0; i < count; ++i) {
    const Vertex &first = boxes[i][0], &opposite = boxes[i][2];
    fill(x + static_cast<int>(first.x), y + static_cast<int>(first.y), static_cast<int>(opposite.x - first.x),
         static_cast<int>(opposite.y - first.y), color);
  }
}

int text_width(std::string_view words) { return stb_easy_font_width(printable(words).data()); }

std::string encode_png(const Image& image) {
  std::string samples;
  bool grey = true;
  for (int y = 0; y < image.height(); ++y)
    for (int x = 0; x < image.width(); ++x) {
      const Rgb p = image(x, y);
      grey = grey && p.r == p.g && p.g == p.b;
      for (const auto sample : {p.r, p.g, p.b}) samples += static_cast<char>(sample);
    }
  const int channels = grey ? 1 : 3;
  if (grey) {
    for (std::size_t i = 0; i * 3 < samples.size(); ++i) samples[i] = samples[i * 3];
    samples.resize(samples.size() / 3);
  }
  // PNG's filters help photographs; on tiles with few colours they cost bytes.
  stbi_write_force_png_filter = 0;
  std::string png;
  const auto append = [](void* to, void* bytes, int size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
  };
  const int done = stbi_write_png_to_func(append, &png, image.width(), image.height(), channels, samples.data(),
                                          image.width() * channels);
  check(done != 0, "encode_png", "memory ran out for a picture of ", image.width(), " x ", image.height(), " pixels");
  return png;
}

void write_png(const std::string& path, const Image& image) { write_file(path, encode_png(image)); }

}  // namespace gradus
