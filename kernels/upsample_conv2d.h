// Bilinear (or nearest) upsampling and the convolution of its result in one go, and the gradients of both, on the CPU.
//
// Both are linear, and upsampling does not mix channels, so they may change places: the channels are contracted at low
// resolution, one map for each tap of the kernel, and what is upsampled, shifted and added up is these maps.
//
//   z[n, p, q, ky, kx, o] = sum over c of x[n, p, q, c] * w[ky, kx, c, o]
//   y[n, i, j, o] = bias[o] + sum over ky, kx, p, q of rows(i * stride_h - pad_h + ky, p)
//                                                    * columns(j * stride_w - pad_w + kx, q) * z[n, p, q, ky, kx, o]
//
// with the shares of upsample.h, 0 outside of the upsampled image. For a factor of 2 these are a quarter of the
// products of the convolution, and the upsampled images never exist. Rounding differs from that of the two steps.
#pragma once
#include <gradus/kernels/conv2d.h>
#include <gradus/kernels/upsample.h>

namespace gradus::kernels {

// The image that is convolved, conv.h x conv.w, is the upsampled one: rows.out x columns.out.
struct UpsampleConvExtents {
  ResizeAxis rows, columns;
  ConvExtents conv;
};

template <class T>  // x [n, rows.in, columns.in, c], w and y as for conv2d; bias of out_c, or null
void upsample_conv2d(Cpu, const UpsampleConvExtents& e, const T* x, const T* w, const T* bias, T* y);

template <class T>  // dx, dw: null where not wanted
void upsample_conv2d_back(Cpu, const UpsampleConvExtents& e, const T* x, const T* dy, const T* w, T* dx, T* dw);

}  // namespace gradus::kernels
