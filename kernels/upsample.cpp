// Forward and back are one loop over tables of who contains whom: rows are summed into a line first, in L1, then the
// line's pixels.
//
// Bytes: the input from L2 for each output row that contains it, from memory once; the output once.
#include <gradus/kernels/upsample.h>

#include <vector>

#include <gradus/kernels/parallel.h>
#include <gradus/kernels/weighted_sums.h>

namespace gradus::kernels {
namespace {

constexpr Index grain = 16384;  // elements written a chunk

template <bool back, class T>
WeightedSums<T> sums_of(const ResizeAxis& axis) {
  WeightedSums<T> sums;
  const auto add = [&](Index at, double weight) { sums.add(at, weight); };
  for (Index i = 0; i < (back ? axis.in : axis.out); ++i, sums.close()) for_parts<back>(axis, i, add);
  return sums;
}

// y[0 .. n) = the sum of the parts [begin, end) of x, each `step` elements from the next. No part: zeros.
template <class T>
void add_up(const typename WeightedSums<T>::Part* begin, const typename WeightedSums<T>::Part* end, const T* x,
            Index step, Index n, T* y) {
  if (end - begin == 2) {
    const T u = begin[0].weight, v = begin[1].weight;
    const T *a = x + begin[0].at * step, *b = x + begin[1].at * step;
#pragma omp simd
    for (Index i = 0; i < n; ++i) y[i] = u * a[i] + v * b[i];
    return;
  }
  if (begin == end) std::fill_n(y, n, T(0));
  for (const auto* part = begin; part != end; ++part) {
    const T w = part->weight, *a = x + part->at * step;
    if (part == begin) {
#pragma omp simd
      for (Index i = 0; i < n; ++i) y[i] = w * a[i];
    } else {
#pragma omp simd
      for (Index i = 0; i < n; ++i) y[i] += w * a[i];
    }
  }
}

template <class T>
void resample(Index outer, Index in_h, Index in_w, Index inner, const WeightedSums<T>& rows,
              const WeightedSums<T>& columns, const T* x, T* y) {
  const Index out_h = rows.size(), out_w = columns.size();
  parallel_ranges(
      outer * out_h, std::max<Index>(1, grain / std::max<Index>(1, out_w * inner)), [&](Index begin, Index end) {
        static thread_local std::vector<T> line;
        line.resize(in_w * inner);
        for (Index row = begin; row < end; ++row) {
          const Index i = row % out_h;
          add_up(rows.begin(i), rows.end(i), x + row / out_h * in_h * in_w * inner, in_w * inner, in_w * inner,
                 line.data());
          for (Index j = 0; j < out_w; ++j)
            add_up(columns.begin(j), columns.end(j), line.data(), inner, inner, y + (row * out_w + j) * inner);
        }
      });
}

}  // namespace

template <class T>
void upsample(Cpu, Index outer, const ResizeAxis& rows, const ResizeAxis& columns, Index inner, const T* x, T* y) {
  resample(outer, rows.in, columns.in, inner, sums_of<false, T>(rows), sums_of<false, T>(columns), x, y);
}

template <class T>
void upsample_back(Cpu, Index outer, const ResizeAxis& rows, const ResizeAxis& columns, Index inner, const T* dy,
                   T* dx) {
  resample(outer, rows.out, columns.out, inner, sums_of<true, T>(rows), sums_of<true, T>(columns), dy, dx);
}

#define GRADUS_EMIT(T)                                                                           \
  template void upsample(Cpu, Index, const ResizeAxis&, const ResizeAxis&, Index, const T*, T*); \
  template void upsample_back(Cpu, Index, const ResizeAxis&, const ResizeAxis&, Index, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
