// Random numbers on the GPU: the formulas of random.h, so the CPU's numbers to the bit. This file is compiled without
// contraction of products and sums (nvcc's --fmad=false). Bytes: the output once.
//
// A thread takes a counter and writes what it serves, 16 bytes, at once where y lies on such a border.
#include <gradus/kernels/grid.h>
#include <gradus/kernels/random.h>

namespace gradus::kernels {
namespace {

// Calls make(words) for each of this thread's counters and stores the pack that it returns.
template <class T, class Make>
__device__ inline void for_counters(PhiloxStart start, Index n, Index packs, T* y, Make make) {
  static_assert(Pack<T>::size == elements_per_counter<T>);
  const PhiloxStart from = start.resolved();
  for (Index c = first_item(); c * Pack<T>::size < n; c += item_step()) {
    const Pack<T> pack = make(philox(from.seed, from.offset + static_cast<std::uint64_t>(c)));
    const Index at = c * Pack<T>::size;
    if (c < packs) {
      store_pack(pack, y + at);
    } else {
#pragma unroll
      for (int i = 0; i < Pack<T>::size; ++i) {
        if (at + i < n) y[at + i] = pack.item[i];
      }
    }
  }
}

template <class T>
__global__ void fill_uniform_kernel(PhiloxStart start, Index n, Index packs, UniformRange<T> range, T* y) {
  for_counters(start, n, packs, y, [=](const PhiloxWords& words) {
    Pack<T> pack;
#pragma unroll
    for (int i = 0; i < Pack<T>::size; ++i) pack.item[i] = range(unit_uniform<T>(words, i));
    return pack;
  });
}

template <class T>
__global__ void fill_normal_kernel(PhiloxStart start, Index n, Index packs, T mean, T std, T* y) {
  for_counters(start, n, packs, y, [=](const PhiloxWords& words) {
    Pack<T> pack;
#pragma unroll
    for (int i = 0; i < Pack<T>::size; i += 2) {
      T z0, z1;
      normal_pair(unit_uniform<T>(words, i), unit_uniform<T>(words, i + 1), z0, z1);
      pack.item[i] = math::fma(z0, std, mean);
      pack.item[i + 1] = math::fma(z1, std, mean);
    }
    return pack;
  });
}

__global__ void fill_integers_kernel(PhiloxStart start, Index n, Index packs, Index low, Index high, Index* y) {
  for_counters(start, n, packs, y, [=](const PhiloxWords& words) {
    Pack<Index> pack;
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      pack.item[i] = uniform_integer(words.word[2 * i], words.word[2 * i + 1], low, high);
    }
    return pack;
  });
}

template <class T>
unsigned blocks_of(Index n) {
  return grid_for(pieces_of(n, Pack<T>::size));
}

}  // namespace

template <class T>
void fill_uniform(Cuda cuda, PhiloxStart start, Index n, T low, T high, T* y) {
  launch<fill_uniform_kernel<T>>(cuda, blocks_of<T>(n), block_threads, 0, start, n, packs_of<T>(n, y),
                                 UniformRange<T>(low, high), y);
}

template <class T>
void fill_normal(Cuda cuda, PhiloxStart start, Index n, T mean, T std, T* y) {
  launch<fill_normal_kernel<T>>(cuda, blocks_of<T>(n), block_threads, 0, start, n, packs_of<T>(n, y), mean, std, y);
}

void fill_integers(Cuda cuda, PhiloxStart start, Index n, Index low, Index high, Index* y) {
  launch<fill_integers_kernel>(cuda, blocks_of<Index>(n), block_threads, 0, start, n, packs_of<Index>(n, y), low, high,
                               y);
}

template void fill_uniform<float>(Cuda, PhiloxStart, Index, float, float, float*);
template void fill_uniform<double>(Cuda, PhiloxStart, Index, double, double, double*);
template void fill_normal<float>(Cuda, PhiloxStart, Index, float, float, float*);
template void fill_normal<double>(Cuda, PhiloxStart, Index, double, double, double*);

}  // namespace gradus::kernels
