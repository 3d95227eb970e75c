// Dropout: y[i] = x[i] * (element i is kept ? scale : 0), the same on the way back. The mask is not stored: it is made
// anew from where its draw started.
//
// Element i reads word i%4 of counter start + i/4, in float and in double, and is kept unless that word lies below a
// threshold: integers, so that both devices keep the same elements. A draw uses up ceil(n/4) counters. A dropped NaN
// stays NaN.
#pragma once
#include <cmath>
#include <cstdint>

#include <gradus/kernels/exec.h>
#include <gradus/kernels/philox.h>

namespace gradus::kernels {

struct Dropout {
  PhiloxStart start;
  double scale;
  std::uint32_t drop_below;
  std::uint32_t unused = 0;  // instead of padding: what lies there must not look like a pointer to launch()

  // That drops elements with probability p, 0 to 1, to 2^-32; scale is 1 / (1 - p), and 0 for p = 1.
  Dropout(double p, PhiloxStart from) : start(from), scale(p < 1 ? 1 / (1 - p) : 0) {
    const double words = std::round(p * 0x1p32);
    drop_below = words < 0x1p32 ? static_cast<std::uint32_t>(words) : ~std::uint32_t{0};
  }

  static std::uint64_t counters_used(Index n) { return static_cast<std::uint64_t>((n + 3) / 4); }

  // The words of elements 4 group to 4 group + 3, and what becomes of the element that reads a word.
  GRADUS_HD PhiloxWords words(Index group) const { return philox(start, group); }
  template <class T>
  GRADUS_HD T value(T x, std::uint32_t word) const {
    return x * (word < drop_below ? T(0) : T(scale));
  }
};

// T: float, double. y may be x.
template <class T>
void dropout(Cpu, const Dropout& mask, Index n, const T* x, T* y);

// y[i] = op.value(x[i], word) for elements [first, first + n) of a larger array, on the calling thread: x and y are
// where they begin. Op: Dropout, or DropoutRelu of activation.h.
template <class Op, class T>
void dropout_part(const Op& op, Index first, Index n, const T* x, T* y);

#ifdef GRADUS_HAS_CUDA
template <class T>
void dropout(Cuda, const Dropout& mask, Index n, const T* x, T* y);
#endif

}  // namespace gradus::kernels
