// Images in another size on the GPU. Bytes: the output once, the input once (its repeated reads come from cache).
//
// Forward and back are one kernel over tables of who contains whom (part_lists.h), as on the CPU. A thread makes one
// output, or 16 bytes of channels where they lie on such borders.
#include <gradus/kernels/part_lists.h>

namespace gradus::kernels {
namespace {

// One axis, whose inputs (back: outputs) lie `step` items apart: a Source of part_lists.h.
template <bool back>
struct ResizeParts {
  using holds_no_pointers = void;
  ResizeAxis axis;
  Index step;

  Index count() const { return back ? axis.in : axis.out; }
  Index most() const { return back ? most_users(axis) : 2; }
  template <class Add>
  __device__ void list(Index i, const Add& add) const {
    for_parts<back>(axis, i, [&](Index at, double weight) { add(at * step, weight); });
  }
};

// y[o, i, j, c] = the sum over the parts p of row i and q of column j of their weights' product * x[o, p, q, c]
template <class T, class Item>
__global__ void resample_kernel(Index items, PartLists<T> rows, PartLists<T> columns, Index inner, Index image_items,
                                const Item* x, Item* y) {
  for (Index item = first_item(); item < items; item += item_step()) {
    const Index pixel = item / inner, c = item - pixel * inner, row = pixel / columns.count, image = row / rows.count;
    const Part<T>* down = rows.parts + (row - image * rows.count) * rows.most;
    const Part<T>* const across = columns.parts + (pixel - row * columns.count) * columns.most;
    const Part<T>*const down_end = down + rows.most, *const across_end = across + columns.most;
    const Item* const from = x + image * image_items + c;
    Item sum{};
    for (; down != down_end && down->weight != 0; ++down) {
      const Item* const line = from + down->offset;
      for (const Part<T>* part = across; part != across_end; ++part) {
        const auto [offset, weight] = *part;
        if (weight == 0) break;
        const Item value = line[offset];  // by value: 16 bytes in one load
        add_scaled(sum, down->weight * weight, value);
      }
    }
    y[item] = sum;
  }
}

template <bool back, class T, class Item>
void resample_items(Cuda cuda, Index items, const ResizeAxis& rows, const ResizeAxis& columns, Index inner,
                    const Item* x, Item* y) {
  const Index line = (back ? columns.out : columns.in) * inner, image = (back ? rows.out : rows.in) * line;
  const auto [down, across] = lists_of<T>(cuda, ResizeParts<back>{rows, line}, ResizeParts<back>{columns, inner});
  launch<resample_kernel<T, Item>>(cuda, grid_for(items), block_threads, 0, items, down, across, inner, image, x, y);
}

// Of `pixels` results, each of `inner` numbers.
template <bool back, class T>
void resample(Cuda cuda, Index pixels, const ResizeAxis& rows, const ResizeAxis& columns, Index inner, const T* x,
              T* y) {
  if (pixels * inner == 0) return;
  if (inner % Pack<T>::size == 0 && packs_of<T>(pixels * inner, x, y) > 0) {
    const Index packs = inner / Pack<T>::size;
    resample_items<back, T>(cuda, pixels * packs, rows, columns, packs, reinterpret_cast<const Pack<T>*>(x),
                            reinterpret_cast<Pack<T>*>(y));
  } else {
    resample_items<back, T>(cuda, pixels * inner, rows, columns, inner, x, y);
  }
}

}  // namespace

template <class T>
void upsample(Cuda cuda, Index outer, const ResizeAxis& rows, const ResizeAxis& columns, Index inner, const T* x,
              T* y) {
  resample<false>(cuda, outer * rows.out * columns.out, rows, columns, inner, x, y);
}

template <class T>
void upsample_back(Cuda cuda, Index outer, const ResizeAxis& rows, const ResizeAxis& columns, Index inner, const T* dy,
                   T* dx) {
  resample<true>(cuda, outer * rows.in * columns.in, rows, columns, inner, dy, dx);
}

#define GRADUS_EMIT(T)                                                                            \
  template void upsample(Cuda, Index, const ResizeAxis&, const ResizeAxis&, Index, const T*, T*); \
  template void upsample_back(Cuda, Index, const ResizeAxis&, const ResizeAxis&, Index, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
