// The optimisers' steps, of several parameters at once: each reads and writes its arrays of n elements once. On the GPU
// it is one launch for up to 64 parameters. T: float, double.
//
// A recorded step (core/step_graph.h) reads the step's numbers from the GPU's memory, at `recorded`, where each call
// renews them.
#pragma once
#include <span>

#include <gradus/kernels/exec.h>
#include <gradus/kernels/optimizer_formulas.h>

namespace gradus::kernels {

// What a step takes of one parameter: its n elements.
template <class T>
struct SgdArrays {
  Index n;
  T* w;        // weights
  const T* g;  // gradients
  T* b;        // the momentum buffer; null for all parameters or for none
};
template <class T>
struct AdamArrays {
  Index n;
  T* w;
  const T* g;
  T *m, *v;  // the first and second moments
};

template <class T>
void sgd_step(Cpu, const SgdStep<T>& s, std::span<const SgdArrays<T>> parameters, const SgdStep<T>* recorded = nullptr);
template <class T>
void adam_step(Cpu, const AdamStep<T>& s, std::span<const AdamArrays<T>> parameters,
               const AdamStep<T>* recorded = nullptr);

#ifdef GRADUS_HAS_CUDA
template <class T>
void sgd_step(Cuda cuda, const SgdStep<T>& s, std::span<const SgdArrays<T>> parameters,
              const SgdStep<T>* recorded = nullptr);
template <class T>
void adam_step(Cuda cuda, const AdamStep<T>& s, std::span<const AdamArrays<T>> parameters,
               const AdamStep<T>* recorded = nullptr);
#endif

}  // namespace gradus::kernels
