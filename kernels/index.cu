// Picking slices by position on the GPU, and adding them back. Bytes: gather, the picked slices once in and once out;
// scatter_add, dy once, and the slices of dx that it meets once in and once out for each time.
//
// gather: a thread moves 16 bytes where slices lie on such borders, otherwise one element. scatter_add: a thread owns
// the elements of some columns' slices [begin, end) of dx, goes through all positions in order and adds those that are
// its own. So there are no atomics, and the sums are the CPU's to the bit.
#include <gradus/kernels/cuda.h>
#include <gradus/kernels/grid.h>
#include <gradus/kernels/index.h>
#include <gradus/kernels/scratch.h>

namespace gradus::kernels {
namespace {

template <class Item>
__global__ void gather_kernel(Index rows, Index n, Index inner, Index count, const Index* index, const Item* x,
                              Item* y) {
  for (Index e = first_item(); e < rows * inner; e += item_step()) {
    const Index row = e / inner, o = row / count;
    y[e] = x[(o * n + index[row - o * count]) * inner + (e - row * inner)];
  }
}

template <class T>
__global__ void scatter_add_kernel(Index items, Index n, Index inner, Index count, Index parts, const Index* index,
                                   const T* dy, T* dx) {
  for (Index item = first_item(); item < items; item += item_step()) {
    const Index j = item % inner, part = item / inner % parts, o = item / inner / parts;
    const Index begin = n * part / parts, end = n * (part + 1) / parts;
    for (Index i = 0; i < count; ++i) {
      const Index at = index[i];
      if (at >= begin && at < end) dx[(o * n + at) * inner + j] += dy[(o * count + i) * inner + j];
    }
  }
}

// first[block] = the lowest position among the block's for which x is outside; n where there is none
__global__ void first_outside_kernel(Index n, Index low, Index high, const Index* x, Index* first) {
  Index found = n;
  for (Index i = first_item(); i < n && found == n; i += item_step()) {
    if (x[i] < low || x[i] >= high) found = i;
  }
  found = join_lanes<block_threads>(found, [](Index a, Index b) { return a < b ? a : b; });
  if (threadIdx.x == 0) first[blockIdx.x] = found;
}

// *lowest = the least of n >= 1 numbers; one block
__global__ void lowest_kernel(Index n, const Index* x, Index* lowest) {
  Index best = x[0];
  for (Index i = threadIdx.x; i < n; i += block_threads) best = x[i] < best ? x[i] : best;
  best = join_lanes<block_threads>(best, [](Index a, Index b) { return a < b ? a : b; });
  if (threadIdx.x == 0) *lowest = best;
}

}  // namespace

template <class T>
void gather(Cuda cuda, Index outer, Index n, Index inner, Index count, const Index* index, const T* x, T* y) {
  const Index rows = outer * count;
  if (inner % Pack<T>::size == 0 && packs_of<T>(inner, x, y) > 0) {
    const Index packs = inner / Pack<T>::size;
    launch<gather_kernel<Pack<T>>>(cuda, grid_for(rows * packs), block_threads, 0, rows, n, packs, count, index,
                                   reinterpret_cast<const Pack<T>*>(x), reinterpret_cast<Pack<T>*>(y));
  } else {
    launch<gather_kernel<T>>(cuda, grid_for(rows * inner), block_threads, 0, rows, n, inner, count, index, x, y);
  }
}

template <class T>
void scatter_add(Cuda cuda, Index outer, Index n, Index inner, Index count, const Index* index, const T* dy, T* dx) {
  if (outer * n * inner * count == 0) return;
  constexpr Index threads = 65536;  // to have so many, the slices of dx are dealt out too
  const Index parts = std::min(n, pieces_of(threads, outer * inner)), items = outer * parts * inner;
  launch<scatter_add_kernel<T>>(cuda, grid_for(items), block_threads, 0, items, n, inner, count, parts, index, dy, dx);
}

Index first_outside(Cuda cuda, Index n, Index low, Index high, const Index* x) {
  if (n == 0) return -1;
  const unsigned blocks = grid_for(n);
  Index* found = scratch<Index>(blocks + Index{1});
  launch<first_outside_kernel>(cuda, blocks, block_threads, 0, n, low, high, x, found + 1);
  launch<lowest_kernel>(cuda, 1, block_threads, 0, Index{blocks}, found + 1, found);
  Index first = n;
  copy_to_host(cuda, sizeof first, found, &first);
  synchronize(cuda);
  return first == n ? -1 : first;
}

#define GRADUS_EMIT(T)                                                                \
  template void gather(Cuda, Index, Index, Index, Index, const Index*, const T*, T*); \
  template void scatter_add(Cuda, Index, Index, Index, Index, const Index*, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
GRADUS_EMIT(Index)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
