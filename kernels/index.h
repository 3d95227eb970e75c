// Picking slices by position, and adding them back. A tensor is seen as [outer, n, inner]; index has `count` positions
// in [0, n).
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
Index first_outside(Cuda, Index n, Index low, Index high, const Index* x);  // waits for the GPU
#endif

}  // namespace gradus::kernels
