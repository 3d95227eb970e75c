#include <gradus/kernels/softmax.h>

#include <gradus/kernels/math.h>
#include <gradus/kernels/parallel.h>

namespace gradus::kernels {
namespace {

// Calls row(start) for each of the outer * inner rows; element i of a row is at start + i * inner.
template <class Row>
void for_rows(Index outer, Index n, Index inner, Row&& row) {
  if (n == 0) return;
  parallel_ranges(outer * inner, std::max<Index>(1, 4096 / std::max<Index>(n, 1)), [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) row(r / inner * n * inner + r % inner);
  });
}

template <class T>
T largest(Index n, Index step, const T* x) {
  T best = x[0];
  for (Index i = 1; i < n; ++i) best = x[i * step] > best || x[i * step] != x[i * step] ? x[i * step] : best;
  return best;
}

}  // namespace

template <class T>
void softmax(Cpu, Index outer, Index n, Index inner, const T* x, T* y) {
  for_rows(outer, n, inner, [=](Index start) {
    const T *in = x + start, shift = largest(n, inner, in);
    T *out = y + start, total = 0;
    for (Index i = 0; i < n; ++i) total += out[i * inner] = math::exp(in[i * inner] - shift);
    for (Index i = 0; i < n; ++i) out[i * inner] /= total;
  });
}

template <class T>
void softmax_back(Cpu, Index outer, Index n, Index inner, const T* y, const T* dy, T* dx) {
  for_rows(outer, n, inner, [=](Index start) {
    T total = 0;
    for (Index i = 0; i < n; ++i) total += dy[start + i * inner] * y[start + i * inner];
    for (Index i = 0; i < n; ++i) dx[start + i * inner] = y[start + i * inner] * (dy[start + i * inner] - total);
  });
}

template <class T>
void log_softmax(Cpu, Index outer, Index n, Index inner, const T* x, T* y) {
  for_rows(outer, n, inner, [=](Index start) {
    const T *in = x + start, shift = largest(n, inner, in);
    T total = 0;
    for (Index i = 0; i < n; ++i) total += math::exp(in[i * inner] - shift);
    const T log_total = math::log(total);
    for (Index i = 0; i < n; ++i) y[start + i * inner] = in[i * inner] - shift - log_total;
  });
}

template <class T>
void log_softmax_back(Cpu, Index outer, Index n, Index inner, const T* y, const T* dy, T* dx) {
  for_rows(outer, n, inner, [=](Index start) {
    T total = 0;
    for (Index i = 0; i < n; ++i) total += dy[start + i * inner];
    for (Index i = 0; i < n; ++i)
      dx[start + i * inner] = dy[start + i * inner] - math::exp(y[start + i * inner]) * total;
  });
}

#define GRADUS_EMIT(T)                                                          \
  template void softmax(Cpu, Index, Index, Index, const T*, T*);                \
  template void softmax_back(Cpu, Index, Index, Index, const T*, const T*, T*); \
  template void log_softmax(Cpu, Index, Index, Index, const T*, T*);            \
  template void log_softmax_back(Cpu, Index, Index, Index, const T*, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
