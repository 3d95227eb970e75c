// The optimisers' steps: each reads and writes its arrays of n elements once. T: float, double.
#pragma once
#include <gradus/kernels/exec.h>
#include <gradus/kernels/optimizer_formulas.h>

namespace gradus::kernels {

// w: weights, g: gradients, b: the momentum buffer, or null for none
template <class T>
void sgd_step(Cpu, const SgdStep<T>& s, Index n, T* w, const T* g, T* b);

// w: weights, g: gradients, m and v: the first and second moments
template <class T>
void adam_step(Cpu, const AdamStep<T>& s, Index n, T* w, const T* g, T* m, T* v);

}  // namespace gradus::kernels
