// What upsampling on the GPU adds up: for each result along an axis a list of parts, which a small launch writes to
// scratch. Found anew by each thread, the shares would be more instructions, in double, than there is time for while
// memory delivers. For .cu files.
#pragma once
#include <gradus/kernels/grid.h>
#include <gradus/kernels/scratch.h>
#include <gradus/kernels/upsample.h>

namespace gradus::kernels {

// A part of a result along one axis: `weight` times what lies `offset` items from where the axis begins.
template <class T>
struct alignas(16) Part {
  Index offset;
  T weight;
};

// List i is parts[i * most ... (i + 1) * most); it ends where a weight is zero.
template <class T>
struct PartLists {
  Index count, most;
  Part<T>* parts;
};

// The most outputs that contain an input: what lies between first_user and last_user of any.
inline Index most_users(const ResizeAxis& axis) {
  const double step = step_of(axis);
  return step > 0 ? std::min(axis.out, static_cast<Index>(3 / step) + 6) : axis.out;
}

// What the lists are made of is said by a Source, for a kernel's argument: count() lists of at most most() parts, and
// list(i, add), which calls add(offset, weight) for each part of list i.
template <class T, class Source>
__global__ void write_lists_kernel(Source rows, PartLists<T> row_lists, Source columns, PartLists<T> column_lists) {
  const auto write = [](const Source& source, const PartLists<T>& lists) {
    const Index i = first_item();
    if (i >= lists.count) return;
    Part<T>* const to = lists.parts + i * lists.most;
    Index n = 0;
    source.list(i, [&](Index offset, double weight) {
      if (T(weight) != 0) to[n++] = {offset, T(weight)};
    });
    for (; n < lists.most; ++n) to[n] = {0, T(0)};
  };
  if (blockIdx.y == 0) {  // each axis has blocks of its own: in one warp they would run one after the other
    write(rows, row_lists);
  } else {
    write(columns, column_lists);
  }
}

template <class T>
struct BothLists {
  PartLists<T> rows, columns;
};

// The lists of both axes, in scratch once the launch has run.
template <class T, class Source>
BothLists<T> lists_of(Cuda cuda, const Source& rows, const Source& columns) {
  BothLists<T> lists{{rows.count(), rows.most(), nullptr}, {columns.count(), columns.most(), nullptr}};
  const Index row_parts = lists.rows.count * lists.rows.most;
  lists.rows.parts = scratch<Part<T>>(row_parts + lists.columns.count * lists.columns.most);
  lists.columns.parts = lists.rows.parts + row_parts;
  const dim3 grid(blocks_for(std::max(lists.rows.count, lists.columns.count), block_threads), 2);
  launch<write_lists_kernel<T, Source>>(cuda, grid, block_threads, 0, rows, lists.rows, columns, lists.columns);
  return lists;
}

// An item is one element, or a pack of them.
template <class T>
__device__ inline void add_scaled(T& sum, T weight, T x) {
  sum += weight * x;
}
template <class T>
__device__ inline void add_scaled(Pack<T>& sum, T weight, const Pack<T>& x) {
#pragma unroll
  for (int i = 0; i < Pack<T>::size; ++i) sum.item[i] += weight * x.item[i];
}

}  // namespace gradus::kernels
