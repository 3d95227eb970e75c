// Layers on images that have no parameters: Upsample, MaxPool2d, and Flatten, which leads from images to Linear.
#pragma once
#include <gradus/core/ops.h>
#include <gradus/layers/module.h>

namespace gradus {

enum class UpsampleMode { nearest, bilinear };

// A size or a scale_factor, as of upsample_nearest2d and upsample_bilinear2d.
struct UpsampleOptions {
  Size2d size = 0;
  Scale2d scale_factor = 0.0;
  UpsampleMode mode = UpsampleMode::nearest;
  bool align_corners = false;  // of bilinear
};

//   Upsample({.scale_factor = 2, .mode = UpsampleMode::bilinear})
//
// Throws Error for align_corners with nearest, which has none.
struct Upsample : Module {
  explicit Upsample(const UpsampleOptions& options);
  Tensor operator()(const Tensor& x) const;

  UpsampleOptions options;
};

// The largest of each window; stride 0: the kernel's size.
struct MaxPool2d : Module {
  explicit MaxPool2d(Size2d kernel, Size2d stride = 0, Size2d padding = 0);
  Tensor operator()(const Tensor& x) const { return max_pool2d(x, kernel, stride, padding); }

  Size2d kernel, stride, padding;
};

// Dimensions first to last in one; they count from the back when negative.
struct Flatten : Module {
  explicit Flatten(Index first_dim = 1, Index last_dim = -1);
  Tensor operator()(const Tensor& x) const { return x.flatten(first, last); }

  Index first, last;
};

}  // namespace gradus
