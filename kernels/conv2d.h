// Convolution of images in two dimensions, in float and double, and its gradients.
//
//   y[n, oy, ox, o] = bias[o] + sum over ky, kx, c of x[n, oy * stride_h - pad_h + ky, ox * stride_w - pad_w + kx, c]
//                                                     * w[ky, kx, c, o]
//
// where x is 0 outside of the image. Channels lie last: x is [n, h, w, c], y [n, out_h, out_w, out_c]; the weights are
// [kernel_h, kernel_w, c, out_c]. There is no im2col buffer: the products read x in place.
//
// What the results hold before is never looked at. Any extent of the images may be 0. NaN and infinity propagate; what
// lies in the padding is not multiplied. Each element is summed in an order that the extents decide, so results do not
// depend on the number of threads.
#pragma once
#include <compare>

#include <gradus/kernels/exec.h>

namespace gradus::kernels {

struct ConvExtents {
  Index n = 0, c = 0, h = 0, w = 0;       // the input
  Index out_c = 0, out_h = 0, out_w = 0;  // the output
  Index kernel_h = 1, kernel_w = 1;       // at least 1
  Index stride_h = 1, stride_w = 1;       // at least 1
  Index pad_h = 0, pad_w = 0;             // rows above and below, columns left and right

  auto operator<=>(const ConvExtents&) const = default;
};

template <class T>  // bias: of out_c, or null
void conv2d(Cpu, const ConvExtents& e, const T* x, const T* w, const T* bias, T* y);

template <class T>  // dx[n, iy, ix, c] = the sum of dy * w over the outputs and taps that met it
void conv2d_input_grad(Cpu, const ConvExtents& e, const T* dy, const T* w, T* dx);

template <class T>  // dw[ky, kx, c, o] = the sum of x * dy over the outputs
void conv2d_weight_grad(Cpu, const ConvExtents& e, const T* x, const T* dy, T* dw);

#ifdef GRADUS_HAS_CUDA
template <class T>
void conv2d(Cuda, const ConvExtents& e, const T* x, const T* w, const T* bias, T* y);
template <class T>
void conv2d_input_grad(Cuda, const ConvExtents& e, const T* dy, const T* w, T* dx);
template <class T>
void conv2d_weight_grad(Cuda, const ConvExtents& e, const T* x, const T* dy, T* dw);
#endif

}  // namespace gradus::kernels
