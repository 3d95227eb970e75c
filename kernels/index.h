// Picking slices by position, adding them back, and checking that positions, or other elements, lie in a range. A
// tensor is seen as [outer, n, inner]; index has `count` positions in [0, n).
#pragma once
#include <gradus/kernels/exec.h>

namespace gradus::kernels {

// y[o, i, :] = x[o, index[i], :]; y is [outer, count, inner]
template <class T>
void gather(Cpu, Index outer, Index n, Index inner, Index count, const Index* index, const T* x, T* y);

// dx[o, index[i], :] += dy[o, i, :] in the order of i, so that repeated positions add up the same way every time
template <class T>
void scatter_add(Cpu, Index outer, Index n, Index inner, Index count, const Index* index, const T* dy, T* dx);

// The first i with x[i] < low or x[i] > high, or -1. NaN is neither. T: float, double, Index.
template <class T>
Index first_outside(Cpu, Index n, T low, T high, const T* x);

#ifdef GRADUS_HAS_CUDA
template <class T>
void gather(Cuda, Index outer, Index n, Index inner, Index count, const Index* index, const T* x, T* y);
template <class T>
void scatter_add(Cuda, Index outer, Index n, Index inner, Index count, const Index* index, const T* dy, T* dx);

// The GPU's check waits for nothing: the first one that fails leaves this report on the GPU, with the first position
// that failed, and the kernels above pass over positions outside of their arrays (gather gives zeros, nll_loss NaN).
struct RangeReport {
  Index check = 0;  // the number that its caller gave it, from 1; 0: none failed
  Index position = 0;
  Index index = 0;    // what lies there, in an array of Index
  double number = 0;  // or of float or double
};
template <class T>
struct RangeCheck {
  Index check = 0;  // its number in the report
  Index n = 0;
  const T* x = nullptr;
};
template <class T>  // of both arrays, the first one first
void check_range(Cuda, T low, T high, const RangeCheck<T>& first, const RangeCheck<T>& second = {});
RangeReport take_range_report(Cuda);  // waits for all that was queued; the next one starts anew
#endif

}  // namespace gradus::kernels
