// Convolution and its gradients by plain loops over everything, for the tests of the kernels.
#pragma once
#include <cmath>
#include <vector>

#include <gradus/kernels/conv2d.h>

namespace gradus::kernels {

// Extents with what follows from them.
inline ConvExtents conv_extents(Index n, Index c, Index h, Index w, Index out_c, Index kernel_h, Index kernel_w,
                                Index stride_h, Index stride_w, Index pad_h, Index pad_w) {
  return {n,
          c,
          h,
          w,
          out_c,
          (h + 2 * pad_h - kernel_h) / stride_h + 1,
          (w + 2 * pad_w - kernel_w) / stride_w + 1,
          kernel_h,
          kernel_w,
          stride_h,
          stride_w,
          pad_h,
          pad_w};
}

// Ragged in every extent: vectors and tiles cut anywhere, strides that skip, kernels wider than the image, paddings
// wider than the kernel, nothing at all.
inline std::vector<ConvExtents> ragged_convolutions() {
  return {conv_extents(2, 3, 7, 5, 4, 3, 3, 1, 1, 1, 1),    conv_extents(3, 5, 6, 9, 17, 3, 2, 2, 3, 1, 0),
          conv_extents(1, 16, 5, 4, 3, 3, 3, 1, 1, 1, 1),   conv_extents(5, 17, 4, 4, 33, 3, 3, 2, 2, 1, 1),
          conv_extents(2, 1, 9, 8, 1, 5, 4, 2, 1, 2, 3),    conv_extents(1, 2, 3, 2, 70, 3, 3, 1, 1, 2, 2),
          conv_extents(13, 32, 2, 3, 64, 1, 1, 1, 1, 0, 0), conv_extents(2, 4, 5, 7, 6, 2, 1, 4, 5, 0, 0),
          conv_extents(2, 3, 2, 1, 5, 6, 5, 1, 2, 2, 3),    conv_extents(1, 3, 1, 1, 2, 2, 2, 1, 1, 4, 3),
          conv_extents(0, 3, 4, 5, 2, 3, 3, 1, 1, 1, 1),    conv_extents(2, 0, 4, 5, 3, 3, 2, 1, 1, 1, 1),
          conv_extents(2, 3, 4, 5, 0, 3, 2, 1, 1, 1, 1),    conv_extents(17, 65, 3, 4, 20, 3, 3, 1, 1, 1, 1)};
}

struct ConvSums {
  std::vector<double> y, dx, dw;
};

// y without bias, dx and dw in double; with absolute, of the absolute values: what rounding errors are measured by.
inline ConvSums conv_sums(const ConvExtents& e, const std::vector<double>& x, const std::vector<double>& w,
                          const std::vector<double>& dy, bool absolute = false) {
  const auto value = [=](double v) { return absolute ? std::abs(v) : v; };
  ConvSums s{std::vector<double>(e.n * e.out_h * e.out_w * e.out_c), std::vector<double>(x.size()),
             std::vector<double>(w.size())};
  for (Index n = 0; n < e.n; ++n)
    for (Index oy = 0; oy < e.out_h; ++oy)
      for (Index ox = 0; ox < e.out_w; ++ox)
        for (Index ky = 0; ky < e.kernel_h; ++ky)
          for (Index kx = 0; kx < e.kernel_w; ++kx) {
            const Index iy = oy * e.stride_h - e.pad_h + ky, ix = ox * e.stride_w - e.pad_w + kx;
            if (iy < 0 || iy >= e.h || ix < 0 || ix >= e.w) continue;
            for (Index c = 0; c < e.c; ++c)
              for (Index o = 0; o < e.out_c; ++o) {
                const Index out = ((n * e.out_h + oy) * e.out_w + ox) * e.out_c + o;
                const Index in = ((n * e.h + iy) * e.w + ix) * e.c + c;
                const Index tap = ((ky * e.kernel_w + kx) * e.c + c) * e.out_c + o;
                s.y[out] += value(x[in] * w[tap]);
                s.dx[in] += value(dy[out] * w[tap]);
                s.dw[tap] += value(x[in] * dy[out]);
              }
          }
  return s;
}

}  // namespace gradus::kernels
