// Sums, maxima and their positions over the middle of [outer, n, inner]: y is [outer, inner]. Each reads x once.
//
// Sums are formed from partial sums whose borders depend on the extents alone, so that they don't depend on the number
// of threads, and so that their rounding error grows with the square root of n rather than with n.
#pragma once
#include <gradus/kernels/exec.h>

namespace gradus::kernels {

template <class T>
void sum(Cpu, Index outer, Index n, Index inner, const T* x, T* y);

// The largest element, NaN where there is one; n is at least 1.
template <class T>
void max(Cpu, Index outer, Index n, Index inner, const T* x, T* y);

// The position in [0, n) of the largest element, the first of those that tie, or of the first NaN; n is at least 1.
template <class T>
void argmax(Cpu, Index outer, Index n, Index inner, const T* x, Index* y);

#ifdef GRADUS_HAS_CUDA
template <class T>
void sum(Cuda, Index outer, Index n, Index inner, const T* x, T* y);
template <class T>
void max(Cuda, Index outer, Index n, Index inner, const T* x, T* y);
template <class T>
void argmax(Cuda, Index outer, Index n, Index inner, const T* x, Index* y);
#endif

// Whether x, which comes later, is to replace the best so far: a larger one, or the first NaN. For both devices.
template <class T>
GRADUS_HD inline bool above(T x, T best) {
  return x > best || (x != x && best == best);
}

}  // namespace gradus::kernels
