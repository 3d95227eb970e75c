// One output, or on the way back one input, at a time.
#include <gradus/kernels/max_pool2d.h>

#include <gradus/kernels/parallel.h>

namespace gradus::kernels {
namespace {

constexpr Index grain = 4096;  // elements written a chunk

// Calls body(outer, row, column, from, to) for every pixel of [outer, h, w, inner], whose elements are [from, to).
template <class Body>
void for_pixels(Index outer, Index h, Index w, Index inner, Body&& body) {
  parallel_ranges(outer * h * w, std::max<Index>(1, grain / std::max<Index>(1, inner)), [&](Index begin, Index end) {
    for (Index pixel = begin; pixel < end; ++pixel)
      body(pixel / (h * w), pixel / w % h, pixel % w, pixel * inner, (pixel + 1) * inner);
  });
}

}  // namespace

template <class T>
void max_pool2d(Cpu, const PoolExtents& e, const T* x, T* y, Index* index) {
  for_pixels(e.outer, e.out_h, e.out_w, e.inner, [=](Index outer, Index i, Index j, Index from, Index to) {
    const Window rows = window(i, e.h, e.kernel_h, e.stride_h, e.pad_h);
    const Window columns = window(j, e.w, e.kernel_w, e.stride_w, e.pad_w);
    const T* image = x + outer * e.h * e.w * e.inner;
    for (Index k = from; k < to; ++k) y[k] = largest(image + (k - from), e.w, e.inner, rows, columns, index[k]);
  });
}

template <class T>
void max_pool2d_back(Cpu, const PoolExtents& e, const T* dy, const Index* index, T* dx) {
  for_pixels(e.outer, e.h, e.w, e.inner, [=](Index outer, Index i, Index j, Index from, Index to) {
    const Window rows = windows_over(i, e.out_h, e.kernel_h, e.stride_h, e.pad_h);
    const Window columns = windows_over(j, e.out_w, e.kernel_w, e.stride_w, e.pad_w);
    const Index first = outer * e.out_h * e.out_w * e.inner;
    for (Index k = from; k < to; ++k) {
      const Index c = first + k - from;
      dx[k] = gathered(dy + c, index + c, e.out_w, e.inner, rows, columns, i * e.w + j);
    }
  });
}

#define GRADUS_EMIT(T)                                                     \
  template void max_pool2d(Cpu, const PoolExtents&, const T*, T*, Index*); \
  template void max_pool2d_back(Cpu, const PoolExtents&, const T*, const Index*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
