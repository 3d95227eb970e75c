// Losses: one pass over memory forward, one back. T: float, double.
#pragma once
#include <gradus/kernels/exec.h>

namespace gradus::kernels {

// *y = scale * sum of op.value(x[i] - target[i]); op is Square or Abs of pointwise.h
template <class Op, class T>
void difference_loss(Cpu, Index n, T scale, const T* x, const T* target, T* y);
// dx[i] = scale * *dy * op.slope_from_x(x[i] - target[i]); the target's gradient is its negative
template <class Op, class T>
void difference_loss_back(Cpu, Index n, T scale, const T* x, const T* target, const T* dy, T* dx);

// *y = -scale * sum of log_probs[i, target[i]]; log_probs is [n, classes], every target in [0, classes)
template <class T>
void nll_loss(Cpu, Index n, Index classes, T scale, const T* log_probs, const Index* target, T* y);
// dx[i, c] = -scale * *dy where c is target[i], otherwise 0
template <class T>
void nll_loss_back(Cpu, Index n, Index classes, T scale, const Index* target, const T* dy, T* dx);

#ifdef GRADUS_HAS_CUDA
template <class Op, class T>
void difference_loss(Cuda, Index n, T scale, const T* x, const T* target, T* y);
template <class Op, class T>
void difference_loss_back(Cuda, Index n, T scale, const T* x, const T* target, const T* dy, T* dx);
template <class T>
void nll_loss(Cuda, Index n, Index classes, T scale, const T* log_probs, const Index* target, T* y);
template <class T>
void nll_loss_back(Cuda, Index n, Index classes, T scale, const Index* target, const T* dy, T* dx);
#endif

}  // namespace gradus::kernels
