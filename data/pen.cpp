#include <gradus/data/pen.h>

#include <algorithm>
#include <cmath>

namespace gradus {

void Pen::line(float x0, float y0, float x1, float y1, float radius) {
  constexpr float edge = 2;  // of the widest blur
  const float reach = radius + edge, dx = x1 - x0, dy = y1 - y0;
  const float scale = 1 / std::max(dx * dx + dy * dy, 1e-12f);
  auto first = [reach](float a, float b) { return std::max(0, int(std::ceil(std::min(a, b) - reach))); };
  auto last = [reach](float a, float b) { return std::min(side - 1, int(std::floor(std::max(a, b) + reach))); };
  const int left = first(x0, x1), right = last(x0, x1), bottom = last(y0, y1);
  for (int y = first(y0, y1); y <= bottom; ++y) {
    for (int x = left; x <= right; ++x) {
      const float px = float(x) - x0, py = float(y) - y0;
      const float t = std::clamp((px * dx + py * dy) * scale, 0.f, 1.f);
      const float ex = px - t * dx, ey = py - t * dy;
      float& outside = outside_[std::size_t(y * side + x)];
      outside = std::min(outside, std::sqrt(ex * ex + ey * ey) - radius);
    }
  }
}

void Pen::develop(float blur, float ink, std::span<float> pixels) const {
  for (std::size_t i = 0; i < outside_.size(); ++i) {
    const float t = std::clamp(.5f - outside_[i] / (2 * blur), 0.f, 1.f);
    pixels[i] = std::round(255 * ink * t * t * (3 - 2 * t)) / 255;
  }
}

}  // namespace gradus
