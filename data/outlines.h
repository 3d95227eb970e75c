// The outlines of the ten shapes. shapes.cpp turns, scales and colours them.
#pragma once
#include <string>
#include <vector>

namespace gradus {

// How far the point (x, y), x to the right and y down, lies outside of the shape's outline (negative: inside). A shape
// is about 1 around (0, 0); the distance is exact near the outline, but for corners, and of the right sign everywhere.
struct Outline {
  const char* name;
  float (*outside)(float x, float y);
};

const std::vector<Outline>& outlines();  // ten, by label

}  // namespace gradus
