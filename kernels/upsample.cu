// Images in another size on the GPU. Bytes: the output once, the input once (its repeated reads come from cache).
//
// Forward and back are one kernel over tables of who contains whom, as on the CPU; a first launch writes them to
// scratch. Found anew for each output, the shares would be more instructions, in double, than there is time for while
// memory delivers. A thread makes one output, or 16 bytes of channels where they lie on such borders.
#include <gradus/kernels/grid.h>
#include <gradus/kernels/scratch.h>
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

// A part of a result along one axis: `weight` times what lies `offset` items from the image's beginning, or the line's.
template <class T>
struct alignas(16) Part {
  Index offset;
  T weight;
};

// The parts of each result along one axis. A list ends before `most` where a weight is zero.
template <class T>
struct PartLists {
  Index in, out, most, stride;  // items from one input to the next
  Part<T>* parts;
};

template <bool back, class T>
__device__ inline void list_parts(const ResizeAxis& axis, Index i, const PartLists<T>& lists) {
  Part<T>* const list = lists.parts + i * lists.most;
  Index count = 0;
  const auto add = [&](Index at, double weight) {
    if (T(weight) != 0) list[count++] = {at * lists.stride, T(weight)};
  };
  for_parts<back>(axis, i, add);
  if (count < lists.most) list[count] = {0, T(0)};
}

template <bool back, class T>
__global__ void list_parts_kernel(ResizeAxis rows, PartLists<T> row_lists, ResizeAxis columns,
                                  PartLists<T> column_lists) {
  const Index i = first_item(), j = i - row_lists.out;
  if (j < 0) {
    list_parts<back>(rows, i, row_lists);
  } else if (j < column_lists.out) {
    list_parts<back>(columns, j, column_lists);
  }
}

// y[o, i, j, c] = the sum over the parts p of row i and q of column j of their weights' product * x[o, p, q, c]
template <class T, class Item>
__global__ void resample_kernel(Index items, PartLists<T> rows, PartLists<T> columns, Index inner, const Item* x,
                                Item* y) {
  for (Index item = first_item(); item < items; item += item_step()) {
    const Index pixel = item / inner, c = item - pixel * inner, row = pixel / columns.out, image = row / rows.out;
    const Part<T>* down = rows.parts + (row - image * rows.out) * rows.most;
    const Part<T>* const across = columns.parts + (pixel - row * columns.out) * columns.most;
    const Part<T>*const down_end = down + rows.most, *const across_end = across + columns.most;
    const Item* const from = x + image * rows.in * rows.stride + c;
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

// The most parts of a result: back, what lies between first_user and last_user of any input.
Index most_parts(const ResizeAxis& axis, bool back) {
  if (!back) return 2;
  const double step = step_of(axis);
  return step > 0 ? std::min(axis.out, static_cast<Index>(3 / step) + 6) : axis.out;
}

template <bool back, class T>
PartLists<T> lists_for(const ResizeAxis& axis, Index stride, Part<T>* parts) {
  return {back ? axis.out : axis.in, back ? axis.in : axis.out, most_parts(axis, back), stride, parts};
}

template <bool back, class T, class Item>
void resample_items(Cuda cuda, Index items, const ResizeAxis& rows, const ResizeAxis& columns, Index inner,
                    const Item* x, Item* y) {
  auto across = lists_for<back, T>(columns, inner, nullptr),
       down = lists_for<back, T>(rows, across.in * inner, nullptr);
  down.parts = scratch<Part<T>>(down.out * down.most + across.out * across.most);
  across.parts = down.parts + down.out * down.most;
  launch<list_parts_kernel<back, T>>(cuda, blocks_for(down.out + across.out, block_threads), block_threads, 0, rows,
                                     down, columns, across);
  launch<resample_kernel<T, Item>>(cuda, grid_for(items), block_threads, 0, items, down, across, inner, x, y);
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
