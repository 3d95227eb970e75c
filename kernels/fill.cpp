#include <gradus/kernels/fill.h>

#include <gradus/kernels/parallel.h>

namespace gradus::kernels {
namespace {
constexpr Index grain = 32768;  // elements a chunk: long enough to hide the cost of handing it out
}

template <class T>
void fill(Cpu, Index n, T value, T* y) {
  parallel_ranges(n, grain, [=](Index begin, Index end) { std::fill(y + begin, y + end, value); });
}

template <class T>
void arange(Cpu, Index n, double begin, double step, T* y) {
  for (Index i = 0; i < n; ++i) y[i] = static_cast<T>(begin + static_cast<double>(i) * step);
}

template <class From, class To>
void cast(Cpu, Index n, const From* x, To* y) {
  parallel_ranges(n, grain, [=](Index begin, Index end) {
#pragma omp simd
    for (Index i = begin; i < end; ++i) y[i] = static_cast<To>(x[i]);
  });
}

StridedCopy joined(const StridedCopy& c) {
  StridedCopy out;
  for (int d = 0; d < c.rank; ++d) {
    if (c.extents[d] == 1) continue;
    const int last = out.rank - 1;
    if (out.rank && out.from[last] == c.from[d] * c.extents[d] && out.to[last] == c.to[d] * c.extents[d]) {
      out.extents[last] *= c.extents[d];
      out.from[last] = c.from[d];
      out.to[last] = c.to[d];
    } else {
      out.extents[out.rank] = c.extents[d];
      out.from[out.rank] = c.from[d];
      out.to[out.rank++] = c.to[d];
    }
  }
  if (out.rank == 0) out = {1, {1}, {1}, {1}};
  return out;
}

namespace {
template <class T>
void copy_row(Index n, const T* x, Index from, T* y, Index to) {
  if (from == 1 && to == 1) {
    std::copy(x, x + n, y);
  } else {
    for (Index i = 0; i < n; ++i) y[i * to] = x[i * from];
  }
}
}  // namespace

template <class T>
void copy_strided(Cpu, const StridedCopy& wanted, const T* x, T* y) {
  const StridedCopy c = joined(wanted);
  const int last = c.rank - 1;
  const Index inner = c.extents[last];
  if (last == 0) {  // a single row, however long: its parts are shared out
    parallel_ranges(inner, grain, [&](Index begin, Index end) {
      copy_row(end - begin, x + begin * c.from[0], c.from[0], y + begin * c.to[0], c.to[0]);
    });
    return;
  }
  Index rows = 1;
  for (int d = 0; d < last; ++d) rows *= c.extents[d];
  if (inner == 0 || rows == 0) return;
  parallel_ranges(rows, std::max<Index>(1, grain / inner), [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      Index left = row, from = 0, to = 0;
      for (int d = last - 1; d >= 0; --d) {
        const Index i = left % c.extents[d];
        left /= c.extents[d];
        from += i * c.from[d];
        to += i * c.to[d];
      }
      copy_row(inner, x + from, c.from[last], y + to, c.to[last]);
    }
  });
}

#define GRADUS_EMIT(T)                                  \
  template void fill(Cpu, Index, T, T*);                \
  template void arange(Cpu, Index, double, double, T*); \
  template void cast(Cpu, Index, const T*, float*);     \
  template void cast(Cpu, Index, const T*, double*);    \
  template void cast(Cpu, Index, const T*, Index*);     \
  template void copy_strided(Cpu, const StridedCopy&, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
GRADUS_EMIT(Index)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
