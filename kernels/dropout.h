// Dropout: y[i] = x[i] * (element i is kept ? scale : 0), the same on the way back. The mask is not stored: it is made
// anew from seed and offset.
//
// Element i reads word i%4 of counter offset + i/4, in float and in double, and is kept unless that word lies below a
// threshold: integers, so that both devices keep the same elements. A draw uses up ceil(n/4) counters. A dropped NaN
// stays NaN.
#pragma once
#include <cmath>
#include <cstdint>

#include <gradus/kernels/exec.h>
#include <gradus/kernels/philox.h>

namespace gradus::kernels {

struct DropoutMask {
  std::uint64_t seed = 0, offset = 0;
  std::uint32_t drop_below = 0;
  double scale = 1;

  DropoutMask() = default;
  // That drops elements with probability p, 0 to 1, to 2^-32; scale is 1 / (1 - p), and 0 for p = 1.
  DropoutMask(double p, std::uint64_t from_seed, std::uint64_t from_offset)
      : seed(from_seed), offset(from_offset), scale(p < 1 ? 1 / (1 - p) : 0) {
    const double words = std::round(p * 0x1p32);
    drop_below = words < 0x1p32 ? static_cast<std::uint32_t>(words) : ~std::uint32_t{0};
  }

  static std::uint64_t counters_used(Index n) { return static_cast<std::uint64_t>((n + 3) / 4); }

  // What the element is multiplied by that reads this word.
  template <class T>
  GRADUS_HD T factor(std::uint32_t word) const {
    return word < drop_below ? T(0) : T(scale);
  }
  // The words of elements 4 group to 4 group + 3.
  GRADUS_HD PhiloxWords words(Index group) const { return philox(seed, offset + static_cast<std::uint64_t>(group)); }
};

// T: float, double. y may be x.
template <class T>
void dropout(Cpu, const DropoutMask& mask, Index n, const T* x, T* y);

// Elements [first, first + n) of a larger array alone, on the calling thread: x and y are where they begin.
template <class T>
void dropout_part(const DropoutMask& mask, Index first, Index n, const T* x, T* y);

#ifdef GRADUS_HAS_CUDA
template <class T>
void dropout(Cuda, const DropoutMask& mask, Index n, const T* x, T* y);
#endif

}  // namespace gradus::kernels
