// The skeletons of the ten digits: how a pen moves to write them. digits.cpp bends and draws them.
#pragma once
#include <vector>

namespace gradus {

// A point that the pen passes, x to the right and y down. A digit is 1 high and about 0.6 wide.
struct PenPoint {
  float x = 0, y = 0;
  bool corner = false;  // the pen turns sharply here; elsewhere its way is smooth
};

using Stroke = std::vector<PenPoint>;      // from pen down to pen up; at least two points
using Skeleton = std::vector<Stroke>;      // one way of writing a digit
inline constexpr int max_pen_points = 20;  // no skeleton has more

// The ways of writing a digit from 0 to 9: a seven with a bar and without, an open four and a closed one.
// Throws Error for any other number.
const std::vector<Skeleton>& skeletons(int digit);

// The way of the pen as short straight pieces: a Catmull-Rom spline through the points between one corner and the next,
// `pieces` of them from point to point.
Stroke smoothed(const Stroke& stroke, int pieces);

}  // namespace gradus
