// Images in another size on the GPU. A thread makes one output, or 16 bytes of channels where they lie on such borders.
// Bytes: the output once, the input once (its repeated reads come from cache).
#include <gradus/kernels/grid.h>
#include <gradus/kernels/upsample.h>

namespace gradus::kernels {
namespace {

// One element, or a pack of them: what is added up.
template <class T>
__device__ inline void add_scaled(T& sum, T weight, T x) {
  sum += weight * x;
}
template <class T>
__device__ inline void add_scaled(Pack<T>& sum, T weight, const Pack<T>& x) {
#pragma unroll
  for (int i = 0; i < Pack<T>::size; ++i) sum.item[i] += weight * x.item[i];
}

template <class T, class Item>
__global__ void upsample_kernel(Index items, ResizeAxis rows, ResizeAxis columns, Index inner, const Item* x, Item* y) {
  for (Index item = first_item(); item < items; item += item_step()) {
    const Index pixel = item / inner, c = item - pixel * inner, row = pixel / columns.out, image = row / rows.out;
    const Neighbours v = neighbours(rows, row - image * rows.out);
    const Neighbours h = neighbours(columns, pixel - row * columns.out);
    const Item* from = x + image * rows.in * columns.in * inner + c;
    Item sum{};
    for (int p = 0; p < (v.weight != 0 ? 2 : 1); ++p) {
      const Index line = (p ? v.second : v.first) * columns.in;
      const T down = T(p ? v.weight : 1 - v.weight);
      add_scaled(sum, down * T(1 - h.weight), from[(line + h.first) * inner]);
      if (h.weight != 0) add_scaled(sum, down * T(h.weight), from[(line + h.second) * inner]);
    }
    y[item] = sum;
  }
}

template <class T, class Item>
__global__ void upsample_back_kernel(Index items, ResizeAxis rows, ResizeAxis columns, Index inner, const Item* dy,
                                     Item* dx) {
  for (Index item = first_item(); item < items; item += item_step()) {
    const Index pixel = item / inner, c = item - pixel * inner, row = pixel / columns.in, image = row / rows.in;
    const Index p = row - image * rows.in, q = pixel - row * columns.in;
    const Index left = first_user(columns, q), right = last_user(columns, q), bottom = last_user(rows, p);
    const Item* from = dy + image * rows.out * columns.out * inner + c;
    Item sum{};
    for (Index i = first_user(rows, p); i < bottom; ++i) {
      const double down = share(rows, i, p);
      if (down == 0) continue;
      for (Index j = left; j < right; ++j) {
        const double across = share(columns, j, q);
        if (across != 0) add_scaled(sum, T(down) * T(across), from[(i * columns.out + j) * inner]);
      }
    }
    dx[item] = sum;
  }
}

// Calls f for elements, or for packs of them, with how many there are and the pointers as those.
template <class T, class F>
void in_items(Index pixels, Index inner, const T* x, T* y, F&& f) {
  if (inner % Pack<T>::size == 0 && packs_of<T>(pixels * inner, x, y) > 0) {
    const Index packs = inner / Pack<T>::size;
    f(pixels * packs, packs, reinterpret_cast<const Pack<T>*>(x), reinterpret_cast<Pack<T>*>(y));
  } else {
    f(pixels * inner, inner, x, y);
  }
}

}  // namespace

template <class T>
void upsample(Cuda cuda, Index outer, const ResizeAxis& rows, const ResizeAxis& columns, Index inner, const T* x,
              T* y) {
  in_items(outer * rows.out * columns.out, inner, x, y,
           [&]<class Item>(Index items, Index channels, const Item* from, Item* to) {
             launch<upsample_kernel<T, Item>>(cuda, grid_for(items), block_threads, 0, items, rows, columns, channels,
                                              from, to);
           });
}

template <class T>
void upsample_back(Cuda cuda, Index outer, const ResizeAxis& rows, const ResizeAxis& columns, Index inner, const T* dy,
                   T* dx) {
  in_items(outer * rows.in * columns.in, inner, dy, dx,
           [&]<class Item>(Index items, Index channels, const Item* from, Item* to) {
             launch<upsample_back_kernel<T, Item>>(cuda, grid_for(items), block_threads, 0, items, rows, columns,
                                                   channels, from, to);
           });
}

#define GRADUS_EMIT(T)                                                                            \
  template void upsample(Cuda, Index, const ResizeAxis&, const ResizeAxis&, Index, const T*, T*); \
  template void upsample_back(Cuda, Index, const ResizeAxis&, const ResizeAxis&, Index, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
