#include <gradus/kernels/reduce.h>

#include <algorithm>

#include <gradus/kernels/partial_sums.h>

namespace gradus::kernels {
namespace {

constexpr Index width = 128;  // columns a chunk, where the reduced dimension is not the last

// Calls body(o, begin, end) for blocks of columns of each outer slice.
template <class Body>
void for_columns(Index outer, Index inner, Body&& body) {
  const Index blocks = (inner + width - 1) / width;
  parallel_for(outer * blocks, [&](Index chunk) {
    const Index begin = chunk % blocks * width;
    body(chunk / blocks, begin, std::min(inner, begin + width));
  });
}

// y[j] = sum over i of x[i * inner + j] for j in [begin, end), by halves: rounding errors don't pile up
template <class T>
void sum_columns(Index n, Index inner, const T* x, Index begin, Index end, T* y) {
  constexpr Index together = 32;  // rows added one after the other
  std::fill(y + begin, y + end, T(0));
  if (n <= together) {
    for (Index i = 0; i < n; ++i) {
#pragma omp simd
      for (Index j = begin; j < end; ++j) y[j] += x[i * inner + j];
    }
    return;
  }
  const Index half = (n / 2 + together - 1) / together * together;
  T upper[width];
  sum_columns(half, inner, x, begin, end, y);
  sum_columns(n - half, inner, x + half * inner + begin, 0, end - begin, upper);
#pragma omp simd
  for (Index j = begin; j < end; ++j) y[j] += upper[j - begin];
}

}  // namespace

template <class T>
void sum(Cpu, Index outer, Index n, Index inner, const T* x, T* y) {
  if (inner != 1) {
    for_columns(outer, inner, [=](Index o, Index begin, Index end) {
      sum_columns(n, inner, x + o * n * inner, begin, end, y + o * inner);
    });
  } else if (outer == 1) {
    *y = sum_in_pieces<T>(n, [=](Index i) { return x[i]; });
  } else {  // a loop inside a loop runs on its own thread, so short and long rows take the same way
    parallel_ranges(outer, std::max<Index>(1, sum_piece / std::max<Index>(n, 1)), [=](Index begin, Index end) {
      for (Index o = begin; o < end; ++o) y[o] = sum_in_pieces<T>(n, [=](Index i) { return x[o * n + i]; });
    });
  }
}

template <class T>
void max(Cpu, Index outer, Index n, Index inner, const T* x, T* y) {
  for_columns(outer, inner, [=](Index o, Index begin, Index end) {
    const T* from = x + o * n * inner;
    T* to = y + o * inner;
    std::copy(from + begin, from + end, to + begin);
    for (Index i = 1; i < n; ++i) {
      for (Index j = begin; j < end; ++j) {
        if (above(from[i * inner + j], to[j])) to[j] = from[i * inner + j];
      }
    }
  });
}

template <class T>
void argmax(Cpu, Index outer, Index n, Index inner, const T* x, Index* y) {
  for_columns(outer, inner, [=](Index o, Index begin, Index end) {
    const T* from = x + o * n * inner;
    for (Index j = begin; j < end; ++j) {
      Index best = 0;
      for (Index i = 1; i < n; ++i) {
        if (above(from[i * inner + j], from[best * inner + j])) best = i;
      }
      y[o * inner + j] = best;
    }
  });
}

#define GRADUS_EMIT(T)                                       \
  template void sum(Cpu, Index, Index, Index, const T*, T*); \
  template void max(Cpu, Index, Index, Index, const T*, T*); \
  template void argmax(Cpu, Index, Index, Index, const T*, Index*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
GRADUS_EMIT(Index)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
