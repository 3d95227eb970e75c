// The optimisers' steps: each reads and writes its arrays of n elements once. T: float, double.
#pragma once
#include <span>

#include <gradus/kernels/exec.h>
#include <gradus/kernels/optimizer_formulas.h>

namespace gradus::kernels {

// w: weights, g: gradients, b: the momentum buffer, or null for none
template <class T>
void sgd_step(Cpu, const SgdStep<T>& s, Index n, T* w, const T* g, T* b);

// w: weights, g: gradients, m and v: the first and second moments
template <class T>
void adam_step(Cpu, const AdamStep<T>& s, Index n, T* w, const T* g, T* m, T* v);

// What a step of several parameters takes of each: its n elements.
template <class T>
struct SgdArrays {
  Index n;
  T* w;
  const T* g;
  T* b;  // null for all of them or for none
};
template <class T>
struct AdamArrays {
  Index n;
  T* w;
  const T* g;
  T *m, *v;
};

#ifdef GRADUS_HAS_CUDA
template <class T>
void sgd_step(Cuda, const SgdStep<T>& s, Index n, T* w, const T* g, T* b);
template <class T>
void adam_step(Cuda, const AdamStep<T>& s, Index n, T* w, const T* g, T* m, T* v);

// The same step of all parameters at once, 64 in a launch.
template <class T>
void sgd_step(Cuda, const SgdStep<T>& s, std::span<const SgdArrays<T>> parameters);
template <class T>
void adam_step(Cuda, const AdamStep<T>& s, std::span<const AdamArrays<T>> parameters);
#endif

}  // namespace gradus::kernels
