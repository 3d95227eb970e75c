// The optimisers' steps on the GPU: one launch for up to 64 parameters. Bytes: each array that is read once, each that
// changes once more; Adam 7 passes over n elements, Sgd 3, or 5 with momentum.
//
// The launch carries a table of the parameters. A block finds its parameter in it and steps 1024 elements, a thread 16
// bytes of each array at a time where all of them lie on such borders.
#include <gradus/kernels/grid.h>
#include <gradus/kernels/optimizers.h>

namespace gradus::kernels {
namespace {

constexpr int most_parameters = 64;  // what fits in the 4 KB of a kernel's parameters
constexpr Index elements_per_block = 4 * block_threads;

template <class Arrays>
struct Table {
  Index count, first_block[most_parameters + 1];
  Arrays arrays[most_parameters];
};

template <class... Pointers>
__device__ inline bool aligned(Pointers... arrays) {
  return ((reinterpret_cast<std::uintptr_t>(arrays) % 16 == 0) && ...);
}

// Calls step(i) for single elements i of one parameter, or wide(i) for packs that start there.
template <class T, class Wide, class Step>
__device__ inline void for_elements(Index begin, Index end, bool is_wide, Wide wide, Step step) {
  constexpr int size = Pack<T>::size;
  const Index packs = is_wide ? (end - begin) / size : 0;
  for (Index p = threadIdx.x; p < packs; p += block_threads) wide(begin + p * size);
  for (Index i = begin + packs * size + threadIdx.x; i < end; i += block_threads) step(i);
}

template <class Arrays>
struct Work {
  const Arrays& arrays;
  Index begin, end;
};

// The parameter and the elements of this block.
template <class Arrays>
__device__ inline Work<Arrays> work_of_block(const Table<Arrays>& table) {
  const Index block = blockIdx.x;
  Index low = 0, high = table.count;  // first_block[low] <= block < first_block[high]
  while (high - low > 1) {
    const Index middle = (low + high) / 2;
    (table.first_block[middle] <= block ? low : high) = middle;
  }
  const Arrays& arrays = table.arrays[low];
  const Index begin = (block - table.first_block[low]) * elements_per_block, end = begin + elements_per_block;
  return {arrays, begin, end < arrays.n ? end : arrays.n};
}

// The step's numbers one by one: SgdStep has bytes that nobody sets, and launch() would look for pointers in them.
template <class T>
__global__ void sgd_step_kernel(T lr, T weight_decay, T momentum, T decay, T take, bool nesterov,
                                const SgdStep<T>* recorded, Table<SgdArrays<T>> table) {
  const SgdStep<T> s = recorded ? *recorded : SgdStep<T>{lr, weight_decay, momentum, decay, take, nesterov};
  const auto [arrays, begin, end] = work_of_block(table);
  T *w = arrays.w, *b = arrays.b;
  const T* g = arrays.g;
  const auto step = [&](T& weight, T gradient, T& buffer) { b ? s(weight, gradient, buffer) : s(weight, gradient); };
  for_elements<T>(
      begin, end, aligned(w, g, b),
      [&](Index i) {
        Pack<T> weights = load_pack(w + i), buffers = load_pack((b ? b : w) + i);
        const Pack<T> gradients = load_pack(g + i);
#pragma unroll
        for (int e = 0; e < Pack<T>::size; ++e) step(weights.item[e], gradients.item[e], buffers.item[e]);
        store_pack(weights, w + i);
        if (b) store_pack(buffers, b + i);
      },
      [&](Index i) {
        T buffer = b ? b[i] : T(0);
        step(w[i], g[i], buffer);
        if (b) b[i] = buffer;
      });
}

template <class T>
__global__ void adam_step_kernel(AdamStep<T> given, const AdamStep<T>* recorded, Table<AdamArrays<T>> table) {
  const AdamStep<T> s = recorded ? *recorded : given;
  const auto [arrays, begin, end] = work_of_block(table);
  T *w = arrays.w, *m = arrays.m, *v = arrays.v;
  const T* g = arrays.g;
  for_elements<T>(
      begin, end, aligned(w, g, m, v),
      [&](Index i) {
        Pack<T> weights = load_pack(w + i), first = load_pack(m + i), second = load_pack(v + i);
        const Pack<T> gradients = load_pack(g + i);
#pragma unroll
        for (int e = 0; e < Pack<T>::size; ++e) s(weights.item[e], gradients.item[e], first.item[e], second.item[e]);
        store_pack(weights, w + i);
        store_pack(first, m + i);
        store_pack(second, v + i);
      },
      [&](Index i) { s(w[i], g[i], m[i], v[i]); });
}

// Calls run(blocks, table) for every 64 parameters.
template <class Arrays, class Run>
void for_tables(std::span<const Arrays> parameters, Run run) {
  for (std::size_t first = 0; first < parameters.size(); first += most_parameters) {
    Table<Arrays> table{};
    Index blocks = 0;
    for (const Arrays& arrays :
         parameters.subspan(first, std::min<std::size_t>(most_parameters, parameters.size() - first))) {
      table.first_block[table.count] = blocks;
      table.arrays[table.count++] = arrays;
      blocks += pieces_of(arrays.n, elements_per_block);
    }
    table.first_block[table.count] = blocks;
    run(blocks_for(blocks, 1), table);
  }
}

}  // namespace

template <class T>
void sgd_step(Cuda cuda, const SgdStep<T>& s, std::span<const SgdArrays<T>> parameters, const SgdStep<T>* recorded) {
  for_tables(parameters, [&](unsigned blocks, const Table<SgdArrays<T>>& table) {
    launch<sgd_step_kernel<T>>(cuda, blocks, block_threads, 0, s.lr, s.weight_decay, s.momentum, s.decay, s.take,
                               s.nesterov, recorded, table);
  });
}

template <class T>
void adam_step(Cuda cuda, const AdamStep<T>& s, std::span<const AdamArrays<T>> parameters,
               const AdamStep<T>* recorded) {
  for_tables(parameters, [&](unsigned blocks, const Table<AdamArrays<T>>& table) {
    launch<adam_step_kernel<T>>(cuda, blocks, block_threads, 0, s, recorded, table);
  });
}

#define GRADUS_EMIT(T)                                                                               \
  template void sgd_step(Cuda, const SgdStep<T>&, std::span<const SgdArrays<T>>, const SgdStep<T>*); \
  template void adam_step(Cuda, const AdamStep<T>&, std::span<const AdamArrays<T>>, const AdamStep<T>*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
