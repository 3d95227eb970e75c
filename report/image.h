// Image: an 8-bit RGB picture to draw on, written as PNG.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gradus {

struct Rgb {
  std::uint8_t r = 0, g = 0, b = 0;
  friend bool operator==(Rgb, Rgb) = default;
};
inline constexpr Rgb white{255, 255, 255}, black{0, 0, 0};

class Image {
 public:
  static constexpr int largest_side = 16384;
  Image(int width, int height, Rgb fill = white);  // throws Error unless both sides are 1 to largest_side pixels

  int width() const { return width_; }
  int height() const { return height_; }
  Rgb operator()(int x, int y) const { return pixels_[offset(x, y)]; }  // x from the left, y from the top, both inside
  Rgb& operator()(int x, int y) { return pixels_[offset(x, y)]; }

  // These draw what lies inside and leave out the rest.
  void fill(int x, int y, int width, int height, Rgb color);
  void paste(const Image& other, int x, int y);
  void text(int x, int y, std::string_view words,
            Rgb color = black);  // its top left corner; other than ASCII reads '?'

 private:
  std::size_t offset(int x, int y) const { return static_cast<std::size_t>(y) * width_ + x; }
  int width_, height_;
  std::vector<Rgb> pixels_;
};

// The extent of a line of text in pixels.
int text_width(std::string_view words);
inline constexpr int text_height = 12;

// The bytes of a PNG file: one channel where every pixel is grey, three otherwise.
std::string encode_png(const Image& image);
void write_png(const std::string& path, const Image& image);  // as write_file

}  // namespace gradus
