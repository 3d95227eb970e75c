// Pen: draws lines of a round pen on a small grey image, anti-aliased.
#pragma once
#include <array>
#include <span>

namespace gradus {

// Keeps for every pixel how far its centre lies outside the ink (negative: inside), in pixels, so that lines that
// overlap join without seams. The centre of the first pixel is (0, 0).
class Pen {
 public:
  static constexpr int side = 28;

  Pen() { outside_.fill(far); }

  // A line from (x0, y0) to (x1, y1) with round ends, all in pixels.
  void line(float x0, float y0, float x1, float y1, float radius);

  // The image: `ink` well inside, 0 well outside, with an edge of `blur` pixels to both sides of the line's border.
  // Values are whole multiples of 1/255, as if they had been read from bytes.
  void develop(float blur, float ink, std::span<float> pixels) const;

 private:
  static constexpr float far = 4;  // beyond what any edge reaches
  std::array<float, side * side> outside_;
};

}  // namespace gradus
