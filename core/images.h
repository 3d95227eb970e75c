// What the ops on images check and work out of their arguments. For core's own sources.
#pragma once
#include <gradus/core/ops.h>
#include <gradus/kernels/conv2d.h>
#include <gradus/kernels/upsample.h>

namespace gradus {

// Of a convolution of images of shape x. Throws Error, naming op, for arguments that don't fit.
kernels::ConvExtents conv_extents(const char* op, const Shape& x, const Tensor& weight, const Tensor& bias,
                                  Size2d stride, Size2d padding);

// A convolution's weight [out, c, h, w] as its kernels take it, [h, w, c, out], and a gradient of that shape back.
inline Tensor weight_for_kernels(const Tensor& weight) { return weight.permute({2, 3, 1, 0}); }
inline Tensor weight_from_kernels(const Tensor& dw) { return dw.permute({3, 2, 0, 1}); }

// Of images in another size. Throws Error, naming op, for what are no images, and for a size that is none.
struct ResizeAxes {
  kernels::ResizeAxis rows, columns;
};
ResizeAxes resize_axes(const char* op, const Tensor& x, const Resize& to, kernels::Resampling how);

}  // namespace gradus
