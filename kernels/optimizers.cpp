#include <gradus/kernels/optimizers.h>

#include <gradus/kernels/parallel.h>

namespace gradus::kernels {
namespace {
constexpr Index grain = 16384;  // elements a chunk
}

template <class T>
void sgd_step(Cpu, const SgdStep<T>& s, Index n, T* w, const T* g, T* b) {
  parallel_ranges(n, grain, [=](Index begin, Index end) {
    if (b) {
#pragma omp simd
      for (Index i = begin; i < end; ++i) s(w[i], g[i], b[i]);
    } else {
#pragma omp simd
      for (Index i = begin; i < end; ++i) s(w[i], g[i]);
    }
  });
}

template <class T>
void adam_step(Cpu, const AdamStep<T>& s, Index n, T* w, const T* g, T* m, T* v) {
  parallel_ranges(n, grain, [=](Index begin, Index end) {
#pragma omp simd
    for (Index i = begin; i < end; ++i) s(w[i], g[i], m[i], v[i]);
  });
}

#define GRADUS_EMIT(T)                                                     \
  template void sgd_step(Cpu, const SgdStep<T>&, Index, T*, const T*, T*); \
  template void adam_step(Cpu, const AdamStep<T>&, Index, T*, const T*, T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
