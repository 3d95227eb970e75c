#include <gradus/kernels/index.h>

#include <gradus/kernels/parallel.h>

namespace gradus::kernels {

template <class T>
void gather(Cpu, Index outer, Index n, Index inner, Index count, const Index* index, const T* x, T* y) {
  parallel_ranges(outer * count, std::max<Index>(1, 32768 / std::max<Index>(inner, 1)), [=](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T* from = x + (row / count * n + index[row % count]) * inner;
      std::copy(from, from + inner, y + row * inner);
    }
  });
}

template <class T>
void scatter_add(Cpu, Index outer, Index n, Index inner, Index count, const Index* index, const T* dy, T* dx) {
  constexpr Index width = 256;  // columns a chunk: each element of dx belongs to one chunk
  const Index blocks = (inner + width - 1) / width;
  parallel_for(outer * blocks, [=](Index chunk) {
    const Index o = chunk / blocks, begin = chunk % blocks * width, end = std::min(inner, begin + width);
    for (Index i = 0; i < count; ++i) {
      const T* from = dy + (o * count + i) * inner;
      T* to = dx + (o * n + index[i]) * inner;
      for (Index j = begin; j < end; ++j) to[j] += from[j];
    }
  });
}

template <class T>
Index first_outside(Cpu, Index n, T low, T high, const T* x) {
  const Index piece = 4096;  // looked through as a whole: a loop that stops is not made vector code
  for (Index begin = 0; begin < n; begin += piece) {
    const Index end = std::min(n, begin + piece);
    int outside = 0;
#pragma omp simd reduction(| : outside)
    for (Index i = begin; i < end; ++i) outside |= (x[i] < low) | (x[i] > high);
    for (Index i = begin; outside && i < end; ++i) {
      if (x[i] < low || x[i] > high) return i;
    }
  }
  return -1;
}

#define GRADUS_EMIT(T)                                                               \
  template Index first_outside(Cpu, Index, T, T, const T*);                          \
  template void gather(Cpu, Index, Index, Index, Index, const Index*, const T*, T*); \
  template void scatter_add(Cpu, Index, Index, Index, Index, const Index*, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
GRADUS_EMIT(Index)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
