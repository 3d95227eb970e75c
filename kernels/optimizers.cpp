#include <gradus/kernels/optimizers.h>

#include <gradus/kernels/parallel.h>

namespace gradus::kernels {
namespace {
constexpr Index grain = 16384;  // elements a chunk
}

template <class T>
void sgd_step(Cpu, const SgdStep<T>& s, std::span<const SgdArrays<T>> parameters, const SgdStep<T>*) {
  for (const auto [n, w, g, b] : parameters) {
    parallel_ranges(n, grain, [=, w = w, g = g, b = b](Index begin, Index end) {  // clang 14 captures no bindings
      if (b) {
#pragma omp simd
        for (Index i = begin; i < end; ++i) s(w[i], g[i], b[i]);
      } else {
#pragma omp simd
        for (Index i = begin; i < end; ++i) s(w[i], g[i]);
      }
    });
  }
}

template <class T>
void adam_step(Cpu, const AdamStep<T>& s, std::span<const AdamArrays<T>> parameters, const AdamStep<T>*) {
  for (const auto [n, w, g, m, v] : parameters) {
    parallel_ranges(n, grain, [=, w = w, g = g, m = m, v = v](Index begin, Index end) {
#pragma omp simd
      for (Index i = begin; i < end; ++i) s(w[i], g[i], m[i], v[i]);
    });
  }
}

#define GRADUS_EMIT(T)                                                                              \
  template void sgd_step(Cpu, const SgdStep<T>&, std::span<const SgdArrays<T>>, const SgdStep<T>*); \
  template void adam_step(Cpu, const AdamStep<T>&, std::span<const AdamArrays<T>>, const AdamStep<T>*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
