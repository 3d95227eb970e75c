// Tiles: many small images as one picture; and several pictures side by side, each under its title.
#pragma once
#include <string>
#include <vector>

#include <gradus/core/tensor.h>
#include <gradus/report/image.h>

namespace gradus {

// How a number becomes a colour. NaN is magenta in each of them.
struct Coloring {
  enum class Kind { grey, magnitude, signed_colors };
  Kind kind = Kind::grey;
  double low = 0, high = 1;  // the numbers at the ends of the scale, beyond which all look alike
};
Coloring grey(double low = 0, double high = 1);  // low is black, high is white; throws Error unless low < high
Coloring magnitude(double largest = 0);          // |v|: 0 is black, `largest` is white
Coloring signed_colors(double largest = 0);      // -largest is blue, 0 is white, largest is red: told apart by all eyes
// For the last two, `largest` 0 stands for the largest |v| in the picture.

// The largest |v| of a tensor, NaN and infinity left out; 0 when there is none.
double largest_magnitude(const Tensor& values);

struct TileOptions {
  int columns = 0;  // 0: as square as can be
  int zoom = 1;     // pixels a side for each number
  int gap = 1;      // pixels between tiles
  int shades =
      256;  // steps of the scale, at least 2: fewer make a smaller file (signed_colors has as many on each side)
};

// n images as tiles, row by row, on one scale. images: [n, side * side], or [n, 1, h, w], or for grey() also [n, 3, h,
// w]; of any dtype, on any device. Throws Error for other shapes, no image, options out of range, a picture over 16384
// pixels.
Image tiles(const Tensor& images, const Coloring& coloring = grey(), const TileOptions& options = {});

struct Titled {
  std::string title;
  Image image;
};

// Pictures in a row, each under its title. Throws Error when there is none.
Image side_by_side(const std::vector<Titled>& pictures);

}  // namespace gradus
