#include <gradus/data/outlines.h>

#include <algorithm>
#include <cmath>

namespace gradus {
namespace {

constexpr float pi = 3.14159265f;

float disc(float x, float y, float radius) { return std::sqrt(x * x + y * y) - radius; }
float box(float x, float y, float width, float height) { return std::max(std::abs(x) - width, std::abs(y) - height); }

// Of the half-plane left of the line from a to b, which the inside of a clockwise outline lies right of (y points
// down).
float left_of(float x, float y, float ax, float ay, float bx, float by) {
  const float dx = bx - ax, dy = by - ay;
  return ((x - ax) * dy - (y - ay) * dx) / std::sqrt(dx * dx + dy * dy);
}

float circle(float x, float y) { return disc(x, y, .85f); }
float ring(float x, float y) { return std::abs(disc(x, y, .72f)) - .2f; }

float triangle(float x, float y) { return std::max(left_of(std::abs(x), y, 0, -.92f, .88f, .6f), y - .6f); }
float square(float x, float y) { return box(x, y, .74f, .74f); }
float cross(float x, float y) { return std::min(box(x, y, .92f, .29f), box(x, y, .29f, .92f)); }

// The angle of a point, seen from the centre, with the nearest of five directions, the first of which is up: from 0 to
// a tenth of a turn. What has five equal parts is drawn once.
float from_fifth(float x, float y) {
  const float fifth = 2 * pi / 5, angle = std::atan2(x, -y);
  return std::abs(angle - fifth * std::round(angle / fifth));
}

float star(float x, float y) {
  const float from_point = from_fifth(x, y), r = std::sqrt(x * x + y * y);
  constexpr float tip = 1.05f, dent = .45f;
  const float px = dent * std::sin(pi / 5), py = -dent * std::cos(pi / 5);
  return left_of(r * std::sin(from_point), -r * std::cos(from_point), 0, -tip, px, py);
}

// A square on its corner, and a disc on each of its upper sides.
float heart(float x, float y) {
  const float half = .53f, s = std::sqrt(.5f), low = y - .12f;
  const float on_corner = box(s * (x + low), s * (low - x), half, half);
  return std::min(on_corner, disc(std::abs(x) - s * half, low + s * half, half));
}

float moon(float x, float y) { return std::max(disc(x + .1f, y, .92f), -disc(x - .42f, y + .1f, .78f)); }

float arrow(float x, float y) {
  const float head = std::max(left_of(std::abs(x), y, 0, -.98f, .78f, .02f), y - .02f);
  return std::min(head, box(x, y - .45f, .27f, .5f));
}

// Five discs around a hole.
float flower(float x, float y) {
  const float from_petal = from_fifth(x, y), r = std::sqrt(x * x + y * y);
  const float petal = disc(r * std::sin(from_petal), r * std::cos(from_petal) - .56f, .37f);
  return std::max(std::min(petal, r - .5f), .17f - r);
}

}  // namespace

const std::vector<Outline>& outlines() {
  static const std::vector<Outline> all = {
      {"circle", circle}, {"ring", ring},   {"triangle", triangle}, {"square", square}, {"cross", cross},
      {"star", star},     {"heart", heart}, {"moon", moon},         {"arrow", arrow},   {"flower", flower},
  };
  return all;
}

}  // namespace gradus
