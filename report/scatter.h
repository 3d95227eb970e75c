// A scatter plot: points of several classes, a colour each, as a picture.
#pragma once
#include <string>
#include <vector>

#include <gradus/core/tensor.h>
#include <gradus/report/image.h>

namespace gradus {

// points [n, 2] (x to the right, y upwards) of any floating dtype, labels [n] int64, from any device: point i has the
// colour of names[labels[i]]. Axes with round numbers, and a legend that says how many points have no place: NaN,
// infinity and what lies beyond 1e150. No class covers another: which dot lies on top is mixed, the same each time, and
// the more points, the smaller the dots. Throws Error for other shapes, a label that is no class, no class, and more
// than ten.
Image scatter(const Tensor& points, const Tensor& labels, const std::vector<std::string>& names,
              const std::string& title = "");

// The colours of a scatter plot's classes, in their order. With any of the common kinds of colour blindness each two
// differ (tests/scatter_test.cpp), though never as well as for an eye that sees all colours.
const std::vector<Rgb>& scatter_colors();

}  // namespace gradus
