// Softmax and log-softmax over the middle of [outer, n, inner], shifted by the maximum so that nothing overflows, and
// their ways back. Each reads its inputs twice (from cache) and writes once. T: float, double.
#pragma once
#include <gradus/kernels/exec.h>

namespace gradus::kernels {

// y = exp(x - max) / sum(exp(x - max))
template <class T>
void softmax(Cpu, Index outer, Index n, Index inner, const T* x, T* y);
// dx = y * (dy - sum(dy * y))
template <class T>
void softmax_back(Cpu, Index outer, Index n, Index inner, const T* y, const T* dy, T* dx);

// y = x - max - log(sum(exp(x - max)))
template <class T>
void log_softmax(Cpu, Index outer, Index n, Index inner, const T* x, T* y);
// dx = dy - exp(y) * sum(dy)
template <class T>
void log_softmax_back(Cpu, Index outer, Index n, Index inner, const T* y, const T* dy, T* dx);

#ifdef GRADUS_HAS_CUDA
template <class T>
void softmax(Cuda, Index outer, Index n, Index inner, const T* x, T* y);
template <class T>
void softmax_back(Cuda, Index outer, Index n, Index inner, const T* y, const T* dy, T* dx);
template <class T>
void log_softmax(Cuda, Index outer, Index n, Index inner, const T* x, T* y);
template <class T>
void log_softmax_back(Cuda, Index outer, Index n, Index inner, const T* y, const T* dy, T* dx);
#endif

}  // namespace gradus::kernels
