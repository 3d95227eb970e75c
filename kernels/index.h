// Picking slices by position, adding them back, and checking positions. A tensor is seen as [outer, n, inner]; index
// has `count` positions in [0, n).
#pragma once
#include <gradus/kernels/exec.h>

namespace gradus::kernels {

// y[o, i, :] = x[o, index[i], :]; y is [outer, count, inner]
template <class T>
void gather(Cpu, Index outer, Index n, Index inner, Index count, const Index* index, const T* x, T* y);

// dx[o, index[i], :] += dy[o, i, :] in the order of i, so that repeated positions add up the same way every time
template <class T>
void scatter_add(Cpu, Index outer, Index n, Index inner, Index count, const Index* index, const T* dy, T* dx);

// The first i with x[i] outside [low, high), or -1.
Index first_outside(Cpu, Index n, Index low, Index high, const Index* x);

#ifdef GRADUS_HAS_CUDA
template <class T>
void gather(Cuda, Index outer, Index n, Index inner, Index count, const Index* index, const T* x, T* y);
template <class T>
void scatter_add(Cuda, Index outer, Index n, Index inner, Index count, const Index* index, const T* dy, T* dx);

// The GPU's check of positions waits for nothing: the first check that fails leaves this report on the GPU, and the
// kernels above pass over positions outside of their arrays (gather gives zeros, nll_loss NaN).
struct IndexReport {
  Index check = 0;  // the number that its caller gave it, from 1; 0: none failed
  Index position = 0, value = 0;
};
void check_range(Cuda, Index check, Index n, Index high, const Index* x);  // every element in [0, high)?
IndexReport take_index_report(Cuda);  // waits for all that was queued; the next one starts anew
#endif

}  // namespace gradus::kernels
