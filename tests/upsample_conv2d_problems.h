// What the tests of upsampling and convolution in one go compute, and what the two steps give, in double.
#pragma once
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include <gradus/kernels/upsample_conv2d.h>

#include "conv2d_reference.h"

namespace gradus::kernels {

template <class T>
using Array = std::vector<T>;

template <class T>
Array<T> random_array(Index size, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<T> uniform(-1, 1);
  Array<T> values(size);
  for (T& v : values) v = uniform(engine);
  return values;
}

// A heap block of exactly the numbers, so that AddressSanitizer sees the first byte beyond.
template <class T>
std::unique_ptr<T[]> block(const Array<T>& values) {
  std::unique_ptr<T[]> data(new T[values.size()]);
  std::copy(values.begin(), values.end(), data.get());
  return data;
}

template <class T>
struct Results {
  Array<T> y, dx, dw;
};

struct Problem {
  UpsampleConvExtents e;
  Array<double> x, w, bias, dy;

  template <class T>
  static Array<T> as(const Array<double>& v) {
    return {v.begin(), v.end()};
  }

  template <class T>
  Results<T> solve(bool with_dx = true, bool with_dw = true) const {  // over NaN
    const T nan = std::numeric_limits<T>::quiet_NaN();
    const auto px = block(as<T>(x)), pw = block(as<T>(w)), pb = block(as<T>(bias)), pdy = block(as<T>(dy));
    const auto y = block(Array<T>(dy.size(), nan)), dx = block(Array<T>(x.size(), nan)),
               dw = block(Array<T>(w.size(), nan));
    upsample_conv2d<T>(Cpu{}, e, px.get(), pw.get(), pb.get(), y.get());
    upsample_conv2d_back<T>(Cpu{}, e, px.get(), pdy.get(), pw.get(), with_dx ? dx.get() : nullptr,
                            with_dw ? dw.get() : nullptr);
    return {Array<T>(y.get(), y.get() + dy.size()), Array<T>(dx.get(), dx.get() + x.size()),
            Array<T>(dw.get(), dw.get() + w.size())};
  }

  Results<double> in_two_steps() const {
    const ConvExtents& c = e.conv;
    Results<double> r{Array<double>(dy.size()), Array<double>(x.size()), Array<double>(w.size())};
    Array<double> high(c.n * c.h * c.w * c.c), dhigh(high.size());
    upsample<double>(Cpu{}, c.n, e.rows, e.columns, c.c, x.data(), high.data());
    const ConvSums sums = conv_sums(c, high, w, dy);
    r.y = sums.y;
    for (std::size_t i = 0; i < r.y.size(); ++i) r.y[i] += bias[i % bias.size()];
    r.dw = sums.dw;
    upsample_back<double>(Cpu{}, c.n, e.rows, e.columns, c.c, sums.dx.data(), r.dx.data());
    return r;
  }
};

inline Problem problem(Index n, Index c, Index h, Index w, const ResizeAxis& rows, const ResizeAxis& columns,
                       const ConvExtents& conv) {
  Problem p{{rows, columns, conv}, {}, {}, {}, {}};
  p.x = random_array<double>(n * h * w * c, 1);
  p.w = random_array<double>(conv.kernel_h * conv.kernel_w * c * conv.out_c, 2);
  p.bias = random_array<double>(conv.out_c, 3);
  p.dy = random_array<double>(n * conv.out_h * conv.out_w * conv.out_c, 4);
  return p;
}

inline Problem doubled(Index n, Index c, Index h, Index w, Index out_c, Resampling how = Resampling::linear) {
  return problem(n, c, h, w, {h, 2 * h, 2, how}, {w, 2 * w, 2, how},
                 conv_extents(n, c, 2 * h, 2 * w, out_c, 3, 3, 1, 1, 1, 1));
}

inline std::vector<Problem> problems() {
  std::vector<Problem> all = {doubled(3, 5, 3, 4, 7),  doubled(2, 16, 4, 3, 64),
                              doubled(1, 3, 1, 1, 2),  doubled(19, 33, 2, 3, 17, Resampling::linear_aligned),
                              doubled(2, 64, 5, 4, 3), doubled(2, 4, 3, 5, 6, Resampling::nearest)};
  const ResizeAxis rows{5, 7, 1.5, Resampling::linear}, columns{3, 10, 0, Resampling::linear_aligned};
  all.push_back(problem(4, 6, 5, 3, rows, columns, conv_extents(4, 6, 7, 10, 9, 2, 4, 2, 3, 1, 2)));
  const ResizeAxis smaller{9, 4, 0.5, Resampling::linear}, longer{2, 6, 0, Resampling::linear};
  all.push_back(problem(2, 3, 9, 2, smaller, longer, conv_extents(2, 3, 4, 6, 5, 5, 1, 1, 1, 2, 3)));
  return all;
}

}  // namespace gradus::kernels
