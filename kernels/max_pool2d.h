// The largest element of each window of an image, in float and double, and back.
//
//   y[o, i, j, :] = the largest of x[o, i * stride_h - pad_h + p, j * stride_w - pad_w + q, :] over p, q inside of x
//
// x is [outer, h, w, inner], y and index [outer, out_h, out_w, inner], for either order of the channels as in
// upsample.h. index is where in its image the element lies, row * w + column: the first of those that tie; where there
// is NaN, the last NaN, as in PyTorch. The gradient of an input is gathered from the windows that cover it, in order.
#pragma once
#include <gradus/kernels/exec.h>

namespace gradus::kernels {

// Every window has an element inside of x.
struct PoolExtents {
  Index outer = 0, h = 0, w = 0, inner = 0, out_h = 0, out_w = 0;
  Index kernel_h = 1, kernel_w = 1, stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0;
};

template <class T>
void max_pool2d(Cpu, const PoolExtents& e, const T* x, T* y, Index* index);
template <class T>
void max_pool2d_back(Cpu, const PoolExtents& e, const T* dy, const Index* index, T* dx);

#ifdef GRADUS_HAS_CUDA
template <class T>
void max_pool2d(Cuda, const PoolExtents& e, const T* x, T* y, Index* index);
template <class T>
void max_pool2d_back(Cuda, const PoolExtents& e, const T* dy, const Index* index, T* dx);
#endif

// --- the formulas, for both devices ---

// The positions [begin, end) that window number i covers along an axis of `length`.
struct Window {
  Index begin, end;
};
GRADUS_HD inline Window window(Index i, Index length, Index kernel, Index stride, Index pad) {
  const Index begin = i * stride - pad, end = begin + kernel;
  return {begin > 0 ? begin : 0, end < length ? end : length};
}

// The windows that cover position p, of `windows` in all.
GRADUS_HD inline Window windows_over(Index p, Index windows, Index kernel, Index stride, Index pad) {
  const Index last = (p + pad) / stride + 1, before = p + pad - kernel;
  const Index first = before < 0 ? 0 : before / stride + 1;
  return {first, last < windows ? last : windows};
}

// The largest of the window, and where it lies. x: the image's first element of this channel.
template <class T>
GRADUS_HD T largest(const T* x, Index w, Index inner, const Window& rows, const Window& columns, Index& at) {
  at = rows.begin * w + columns.begin;
  T best = x[at * inner];
  for (Index i = rows.begin; i < rows.end; ++i) {
    for (Index j = columns.begin; j < columns.end; ++j) {
      const T value = x[(i * w + j) * inner];
      if (value > best || value != value) {
        best = value;
        at = i * w + j;
      }
    }
  }
  return best;
}

// The sum of dy over the windows that chose position `at`.
template <class T>
GRADUS_HD T gathered(const T* dy, const Index* index, Index out_w, Index inner, const Window& rows,
                     const Window& columns, Index at) {
  T sum = 0;
  for (Index i = rows.begin; i < rows.end; ++i) {
    for (Index j = columns.begin; j < columns.end; ++j) {
      const Index place = (i * out_w + j) * inner;
      if (index[place] == at) sum += dy[place];
    }
  }
  return sum;
}

}  // namespace gradus::kernels
