// Picking slices by position on the GPU, adding them back, and checking ranges. Bytes: gather, the picked slices once
// in and once out; scatter_add, dy once, and the slices of dx that it meets once in and once out for each time.
//
// gather: a thread moves 16 bytes where slices lie on such borders, otherwise one element. scatter_add: a thread owns
// the elements of some columns' slices [begin, end) of dx, goes through all positions in order and adds those that are
// its own. So there are no atomics, and the sums are the CPU's to the bit.
#include <mutex>
#include <vector>

#include <gradus/kernels/cuda.h>
#include <gradus/kernels/error.h>
#include <gradus/kernels/grid.h>
#include <gradus/kernels/index.h>
#include <gradus/kernels/scratch.h>

namespace gradus::kernels {
namespace {

template <class Item>
__global__ void gather_kernel(Index rows, Index n, Index inner, Index count, const Index* index, const Item* x,
                              Item* y) {
  for (Index e = first_item(); e < rows * inner; e += item_step()) {
    const Index row = e / inner, o = row / count, at = index[row - o * count];
    y[e] = at >= 0 && at < n ? x[(o * n + at) * inner + (e - row * inner)] : Item{};
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

template <class T>
__device__ inline bool lies_outside(T x, T low, T high) {
  return x < low || x > high;
}

__device__ inline Index lower(Index a, Index b) { return a < b ? a : b; }

constexpr Index share_of_block = 8 * block_threads;  // a batch's labels are no more
__device__ unsigned arrived[1];                      // is_last_block()

// Reports the lowest position that lies outside, of b where there is none of a, unless there is a report. found has an
// element for each block.
template <class T>
__global__ void check_range_kernel(RangeCheck<T> a, RangeCheck<T> b, T low, T high, Index* found, RangeReport* report) {
  const Index n = a.n + b.n;  // one after the other
  Index first = n;
#pragma unroll 8
  for (Index i = first_item(); i < n; i += item_step()) {
    if (lies_outside(i < a.n ? a.x[i] : b.x[i - a.n], low, high)) first = lower(first, i);
  }
  first = join_lanes<block_threads>(first, lower);
  if (gridDim.x > 1 && !join_blocks(first, n, blockIdx.x, gridDim.x, found, arrived, lower)) return;
  if (threadIdx.x == 0 && first < n && report->check == 0) {
    const RangeCheck<T>& failed = first < a.n ? a : b;
    report->check = failed.check;
    report->position = first < a.n ? first : first - a.n;
    if constexpr (std::is_same_v<T, Index>) {
      report->index = failed.x[report->position];
    } else {
      report->number = failed.x[report->position];
    }
  }
}

// The current GPU's report. Not freed: CUDA may be gone when the program ends.
RangeReport* report_block() {
  static std::mutex mutex;
  static std::vector<RangeReport*> blocks;
  const std::lock_guard lock(mutex);
  const auto device = static_cast<std::size_t>(current_device());
  if (blocks.size() <= device) blocks.resize(device + 1);
  if (!blocks[device]) {
    void* const block = device_allocate(sizeof(RangeReport));
    if (!block) throw Error("check_range: the GPU has no memory left for its report; free some");
    blocks[device] = static_cast<RangeReport*>(block);
    const RangeReport none;
    copy_to_device(Cuda{}, sizeof none, &none, block);
  }
  return blocks[device];
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

template <class T>
void check_range(Cuda cuda, T low, T high, const RangeCheck<T>& first, const RangeCheck<T>& second) {
  const unsigned blocks = blocks_for(first.n + second.n, share_of_block);
  Index* const found = blocks > 1 ? scratch<Index>(blocks) : nullptr;
  launch<check_range_kernel<T>>(cuda, blocks, block_threads, 0, first, second, low, high, found, report_block());
}

RangeReport take_range_report(Cuda cuda) {
  RangeReport report;
  copy_to_host(cuda, sizeof report, report_block(), &report);
  synchronize(cuda);
  const RangeReport none;
  if (report.check != 0) copy_to_device(cuda, sizeof none, &none, report_block());
  return report;
}

#define GRADUS_EMIT(T)                                                                \
  template void check_range(Cuda, T, T, const RangeCheck<T>&, const RangeCheck<T>&);  \
  template void gather(Cuda, Index, Index, Index, Index, const Index*, const T*, T*); \
  template void scatter_add(Cuda, Index, Index, Index, Index, const Index*, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
GRADUS_EMIT(Index)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
