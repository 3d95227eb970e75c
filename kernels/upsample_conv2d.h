// Bilinear (or nearest) upsampling and the convolution of its result in one go, and the gradients of both.
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

// One axis of the whole: output o contains input p through tap t with some share.
struct TappedAxis {
  ResizeAxis axis;
  Index out, kernel, stride, pad;

  // Calls add(t, p, share) for what output o contains. At most two shares a tap.
  template <class Add>
  GRADUS_HD void for_parts(Index o, const Add& add) const {
    for (Index t = 0; t < kernel; ++t) {
      const Index high = o * stride - pad + t;
      if (high < 0 || high >= axis.out) continue;
      const Neighbours n = neighbours(axis, high);
      add(t, n.first, 1 - n.weight);
      add(t, n.second, n.weight);
    }
  }

  // Calls add(o, share) for what contains input p through tap t.
  template <class Add>
  GRADUS_HD void for_users(Index p, Index t, const Add& add) const {
    const Index end = last_user(axis, p);
    for (Index high = first_user(axis, p); high < end; ++high) {
      const Index from = high + pad - t;
      if (from >= 0 && from % stride == 0 && from / stride < out) add(from / stride, share(axis, high, p));
    }
  }
};

inline TappedAxis tapped_rows(const UpsampleConvExtents& e) {
  return {e.rows, e.conv.out_h, e.conv.kernel_h, e.conv.stride_h, e.conv.pad_h};
}
inline TappedAxis tapped_columns(const UpsampleConvExtents& e) {
  return {e.columns, e.conv.out_w, e.conv.kernel_w, e.conv.stride_w, e.conv.pad_w};
}

template <class T>  // x [n, rows.in, columns.in, c], w and y as for conv2d; bias of out_c, or null
void upsample_conv2d(Cpu, const UpsampleConvExtents& e, const T* x, const T* w, const T* bias, T* y);

template <class T>  // dx, dw: null where not wanted
void upsample_conv2d_back(Cpu, const UpsampleConvExtents& e, const T* x, const T* dy, const T* w, T* dx, T* dw);

#ifdef GRADUS_HAS_CUDA
// On a GPU the products are matrix products, z = x w, dx = dz wT and dw = xT dz, whoever computes those; these are the
// sums, along one axis after the other. z and dz are [n, rows.in, columns.in, kernel_h, kernel_w, out_c], below 2^31
// numbers an image; `lines`, where the first axis leaves its sums, is [n, out_h, columns.in, kernel_w, out_c].
template <class T>  // bias of out_c, or null
void sum_taps(Cuda, const UpsampleConvExtents& e, const T* z, const T* bias, T* lines, T* y);
template <class T>
void sum_taps_back(Cuda, const UpsampleConvExtents& e, const T* dy, T* lines, T* dz);
#endif

}  // namespace gradus::kernels
