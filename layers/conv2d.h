// Conv2d: the convolutional layer.
#pragma once
#include <gradus/layers/module.h>

namespace gradus {

struct Conv2dOptions {
  Size2d stride = 1, padding = 0;
  bool bias = true;
};

// y = conv2d(x, weight, bias); x [n, in_channels, h, w] -> y [n, out_channels, ...]; weight [out_channels, in_channels,
// kernel_h, kernel_w], bias [out_channels], both uniform in ±1/sqrt(in_channels * kernel_h * kernel_w) at first, as in
// PyTorch. Throws Error unless channels, kernel and stride are positive, and the padding is not negative.
//
//   Conv2d(3, 64, 3, {.stride = 2, .padding = 1})
struct Conv2d : Module {
  Conv2d(Index in_channels, Index out_channels, Size2d kernel, const Conv2dOptions& options = {});
  Tensor operator()(const Tensor& x) const;

  Parameter weight, bias;  // bias is undefined when there is none
  Size2d stride, padding;
};

}  // namespace gradus
