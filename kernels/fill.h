// Fills, conversions and copies: y[i] = value, begin + i * step, (To)x[i], and copies between any two strided layouts.
// Each moves its input once and its output once. T: float, double, Index.
#pragma once
#include <array>

#include <gradus/kernels/exec.h>

namespace gradus::kernels {

template <class T>
void fill(Cpu, Index n, T value, T* y);

template <class T>
void arange(Cpu, Index n, double begin, double step, T* y);

template <class From, class To>
void cast(Cpu, Index n, const From* x, To* y);

// An n-dimensional loop over a source and a destination, strides in elements; a stride of 0 repeats an element.
struct StridedCopy {
  static constexpr int max_rank = 6;
  int rank = 0;
  std::array<Index, max_rank> extents{}, from{}, to{};
};

// y[sum i_d * to_d] = x[sum i_d * from_d] for all i. No two i may write the same element.
template <class T>
void copy_strided(Cpu, const StridedCopy& c, const T* x, T* y);

// The same copy without extents of 1 and with neighbours joined that lie one after the other in both layouts, so that
// the last dimension is long. Its rank is at least 1.
StridedCopy joined(const StridedCopy& c);

#ifdef GRADUS_HAS_CUDA
template <class T>
void fill(Cuda, Index n, T value, T* y);
template <class T>
void arange(Cuda, Index n, double begin, double step, T* y);
template <class From, class To>
void cast(Cuda, Index n, const From* x, To* y);
template <class T>
void copy_strided(Cuda, const StridedCopy& c, const T* x, T* y);
#endif

}  // namespace gradus::kernels
