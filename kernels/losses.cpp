#ifdef __clang__  // version 14 makes branches of a double's two logarithms and their clamps, and says that it did
#pragma clang diagnostic ignored "-Wpass-failed"
#endif
#include <gradus/kernels/losses.h>

#include <gradus/kernels/partial_sums.h>
#include <gradus/kernels/pointwise.h>

namespace gradus::kernels {

namespace {

// dx[i] = scale * *dy * slope(x[i], target[i])
template <class T, class Slope>
void back(Index n, T scale, const T* x, const T* target, const T* dy, T* dx, Slope slope) {
  const T factor = scale * *dy;
  parallel_ranges(n, 16384, [=](Index begin, Index end) {
#pragma omp simd
    for (Index i = begin; i < end; ++i) dx[i] = factor * slope(x[i], target[i]);
  });
}

}  // namespace

template <class Op, class T>
void elementwise_loss(Cpu, Index n, T scale, const T* x, const T* target, T* y) {
  *y = scale * sum_in_pieces<T>(n, [=](Index i) { return Op{}.value(x[i], target[i]); });
}

template <class Op, class T>
void elementwise_loss_back_x(Cpu, Index n, T scale, const T* x, const T* target, const T* dy, T* dx) {
  back(n, scale, x, target, dy, dx, [](T u, T t) { return Op{}.slope_x(u, t); });
}

template <class Op, class T>
void elementwise_loss_back_t(Cpu, Index n, T scale, const T* x, const T* target, const T* dy, T* dt) {
  back(n, scale, x, target, dy, dt, [](T u, T t) { return Op{}.slope_t(u, t); });
}

template <class T>
void nll_loss(Cpu, Index n, Index classes, T scale, const T* log_probs, const Index* target, T* y) {
  *y = -scale * sum_in_pieces<T>(n, [=](Index i) { return log_probs[i * classes + target[i]]; });
}

template <class T>
void nll_loss_back(Cpu, Index n, Index classes, T scale, const Index* target, const T* dy, T* dx) {
  const T factor = -scale * *dy;
  parallel_ranges(n, std::max<Index>(1, 16384 / std::max<Index>(classes, 1)), [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      for (Index c = 0; c < classes; ++c) dx[i * classes + c] = c == target[i] ? factor : T(0);
    }
  });
}

#define GRADUS_EMIT_ELEMENTWISE(Op, T)                                                        \
  template void elementwise_loss<Op>(Cpu, Index, T, const T*, const T*, T*);                  \
  template void elementwise_loss_back_x<Op>(Cpu, Index, T, const T*, const T*, const T*, T*); \
  template void elementwise_loss_back_t<Op>(Cpu, Index, T, const T*, const T*, const T*, T*);
#define GRADUS_EMIT(T)                                                      \
  GRADUS_EMIT_ELEMENTWISE(OfDifference<Square>, T)                          \
  GRADUS_EMIT_ELEMENTWISE(OfDifference<Abs>, T)                             \
  GRADUS_EMIT_ELEMENTWISE(BinaryCrossEntropy, T)                            \
  GRADUS_EMIT_ELEMENTWISE(BinaryCrossEntropyWithLogits, T)                  \
  template void nll_loss(Cpu, Index, Index, T, const T*, const Index*, T*); \
  template void nll_loss_back(Cpu, Index, Index, T, const Index*, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
