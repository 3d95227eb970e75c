// The largest element of each window on the GPU: a thread makes one output, or on the way back one input. Bytes: the
// maps once (repeated reads come from cache), and 8 for each output's index.
#include <gradus/kernels/grid.h>
#include <gradus/kernels/max_pool2d.h>

namespace gradus::kernels {
namespace {

// Where element `item` of [outer, h, w, inner] lies.
struct Place {
  Index outer, row, column, c;
};
__device__ inline Place place_of(Index item, Index h, Index w, Index inner) {
  const Index pixel = item / inner, row = pixel / w, outer = row / h;
  return {outer, row - outer * h, pixel - row * w, item - pixel * inner};
}

template <class T>
__global__ void max_pool2d_kernel(Index items, PoolExtents e, const T* x, T* y, Index* index) {
  for (Index item = first_item(); item < items; item += item_step()) {
    const Place at = place_of(item, e.out_h, e.out_w, e.inner);
    const Window rows = window(at.row, e.h, e.kernel_h, e.stride_h, e.pad_h);
    const Window columns = window(at.column, e.w, e.kernel_w, e.stride_w, e.pad_w);
    y[item] = largest(x + at.outer * e.h * e.w * e.inner + at.c, e.w, e.inner, rows, columns, index[item]);
  }
}

template <class T>
__global__ void max_pool2d_back_kernel(Index items, PoolExtents e, const T* dy, const Index* index, T* dx) {
  for (Index item = first_item(); item < items; item += item_step()) {
    const Place at = place_of(item, e.h, e.w, e.inner);
    const Window rows = windows_over(at.row, e.out_h, e.kernel_h, e.stride_h, e.pad_h);
    const Window columns = windows_over(at.column, e.out_w, e.kernel_w, e.stride_w, e.pad_w);
    const Index first = at.outer * e.out_h * e.out_w * e.inner + at.c;
    dx[item] = gathered(dy + first, index + first, e.out_w, e.inner, rows, columns, at.row * e.w + at.column);
  }
}

}  // namespace

template <class T>
void max_pool2d(Cuda cuda, const PoolExtents& e, const T* x, T* y, Index* index) {
  const Index items = e.outer * e.out_h * e.out_w * e.inner;
  launch<max_pool2d_kernel<T>>(cuda, grid_for(items), block_threads, 0, items, e, x, y, index);
}

template <class T>
void max_pool2d_back(Cuda cuda, const PoolExtents& e, const T* dy, const Index* index, T* dx) {
  const Index items = e.outer * e.h * e.w * e.inner;
  launch<max_pool2d_back_kernel<T>>(cuda, grid_for(items), block_threads, 0, items, e, dy, index, dx);
}

#define GRADUS_EMIT(T)                                                      \
  template void max_pool2d(Cuda, const PoolExtents&, const T*, T*, Index*); \
  template void max_pool2d_back(Cuda, const PoolExtents&, const T*, const Index*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
