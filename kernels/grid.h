// How the .cu files cut their work into threads: loops over a grid, wide loads and stores, and joining what the lanes
// of a group or of a block hold. For .cu files only.
//
// Every partition is made from the extents alone, never from the GPU's size, and partial results are joined in a fixed
// order. So results are equal to the bit from run to run and from GPU to GPU.
#pragma once
#include <algorithm>
#include <utility>

#include <gradus/kernels/gpu.h>

namespace gradus::kernels {

inline constexpr int block_threads = 256;

// --- loops: for (Index i = first_item(); i < n; i += item_step()) ---

// Blocks for such a loop: none for no items, and never more than fill the largest GPU some two times; each thread then
// takes several items.
inline unsigned grid_for(Index items) {
  return static_cast<unsigned>(std::min<Index>(pieces_of(items, block_threads), 2048));
}

__device__ inline Index first_item() { return Index{blockIdx.x} * block_threads + threadIdx.x; }
__device__ inline Index item_step() { return Index{gridDim.x} * block_threads; }

// --- 16 bytes at a time ---

template <class T>
struct __attribute__((aligned(16), may_alias)) Pack {
  static constexpr int size = 16 / sizeof(T);
  T item[size];
};

template <class T>
__device__ inline Pack<T> load_pack(const T* x) {
  return *reinterpret_cast<const Pack<T>*>(x);
}

template <class T>
__device__ inline void store_pack(const Pack<T>& pack, T* y) {
  *reinterpret_cast<Pack<T>*>(y) = pack;
}

// How many packs n elements hold: none unless all the arrays start on a border of 16 bytes. The rest, n - packs * size
// elements, is done one by one.
template <class T, class... Pointers>
Index packs_of(Index n, Pointers... arrays) {
  const bool aligned = ((reinterpret_cast<std::uintptr_t>(arrays) % 16 == 0) && ...);
  return aligned ? n / Pack<T>::size : 0;
}

// Note [Loads under way]. A load takes a GPU's memory some 0.7 microseconds, in which it could deliver 3 MB: 24 KB to
// each processor. So many loads must be under way at once, and 16 bytes for each of the 2048 threads that a processor
// holds at most are few. A loop that mostly reads therefore begins several loads before it uses the first one. The
// compiler does not do so by itself where a store follows, which may be to where the next load reads.

// y[i] = f(x[i]...) for one thread's share of the grid's loop
template <class T, class F, class... Inputs>
__device__ inline void for_packs(Index n, Index packs, T* y, F f, const Inputs*... x) {
  constexpr int size = Pack<T>::size, inputs = sizeof...(x), together = 2;  // Note [Loads under way]
  const auto compute = [&]<int... k>(const Pack<T>* in, std::integer_sequence<int, k...>) {
    Pack<T> out;
#pragma unroll
    for (int i = 0; i < size; ++i) out.item[i] = f(in[k].item[i]...);
    return out;
  };
  for (Index first = first_item(); first < packs; first += together * item_step()) {
    Pack<T> in[together][inputs + 1] = {};
#pragma unroll
    for (int u = 0; u < together; ++u) {
      const Index p = first + u * item_step();
      int k = 0;
      if (p < packs) ((in[u][k++] = load_pack(x + p * size)), ...);
    }
#pragma unroll
    for (int u = 0; u < together; ++u) {
      const Index p = first + u * item_step();
      if (p < packs) store_pack(compute(in[u], std::make_integer_sequence<int, inputs>{}), y + p * size);
    }
  }
  for (Index i = packs * size + first_item(); i < n; i += item_step()) y[i] = f(x[i]...);
}

// --- walking through two strided arrays ---

// The loop of a Broadcast or a StridedCopy as a kernel takes it: std::array has no device functions.
struct Walk {
  Index rank, extents[6], a[6], b[6];

  // Where element i of the loop lies in both arrays.
  __device__ void find(Index i, Index& at_a, Index& at_b) const {
    at_a = at_b = 0;
    for (Index d = rank - 1; d > 0; --d) {
      const Index next = i / extents[d], along = i - next * extents[d];
      i = next;
      at_a += along * a[d];
      at_b += along * b[d];
    }
    at_a += i * a[0];
    at_b += i * b[0];
  }
};

template <class Extents>
Walk walk(int rank, const Extents& extents, const Extents& a, const Extents& b) {
  Walk w{};
  w.rank = rank;
  std::copy(extents.begin(), extents.end(), w.extents);
  std::copy(a.begin(), a.end(), w.a);
  std::copy(b.begin(), b.end(), w.b);
  return w;
}

// --- joining what the lanes hold ---

// What the lane holds whose number differs by `bit`.
template <class T>
__device__ inline T from_lane(T x, int bit) {
  return __shfl_xor_sync(full_warp, x, bit);
}

// The joined states of `Lanes` neighbouring threads, in every one of them: of 1, of a warp (32), or of a block, all of
// whose threads must take part. join(a, b) must be the same as join(b, a); the order is fixed.
template <int Lanes, class State, class Join>
__device__ inline State join_lanes(State state, Join join) {
  static_assert(Lanes == 1 || Lanes == 32 || Lanes == block_threads);
  if constexpr (Lanes > 1) {
#pragma unroll
    for (int bit = 16; bit > 0; bit /= 2) state = join(state, from_lane(state, bit));
  }
  if constexpr (Lanes == block_threads) {
    constexpr int warps = block_threads / 32;
    GRADUS_SHARED(State, held, [warps]);
    const int t = static_cast<int>(threadIdx.x);
    __syncthreads();  // a call before this one may still be reading
    if (t % 32 == 0) held[t / 32] = state;
    __syncthreads();
    state = held[0];
#pragma unroll
    for (int w = 1; w < warps; ++w) state = join(state, held[w]);
  }
  return state;
}

template <int Lanes, class T>
__device__ inline T sum_lanes(T x) {
  return join_lanes<Lanes>(x, [](T a, T b) { return a + b; });
}

// --- joining what the blocks hold ---

// Whether this block is the last of `blocks` to come here, all threads of each of them. What the others wrote before
// they came, it may read. *arrived begins and ends as zero; launches that use it run one after the other.
__device__ inline bool is_last_block(unsigned* arrived, Index blocks) {
  GRADUS_SHARED(bool, last, [1]);
  __syncthreads();
  if (threadIdx.x == 0) {  // whose fences hold for the block, as barriers stand around them
    __threadfence();
    last[0] = atomicAdd(arrived, 1u) + 1 == blocks;
    __threadfence();
    if (last[0]) *arrived = 0;
  }
  __syncthreads();
  return last[0];
}

// Joins the states of `blocks` blocks, of which this one is number `block`, in a fixed order; each block leaves its
// own, that of thread 0, in partial[block]. True for the last one to come, all of whose threads then have the joined
// state.
template <class State, class Join>
__device__ inline bool join_blocks(State& state, State nothing, Index block, Index blocks, State* partial,
                                   unsigned* arrived, Join join) {
  if (threadIdx.x == 0) partial[block] = state;
  if (!is_last_block(arrived, blocks)) return false;
  state = nothing;
  for (Index b = threadIdx.x; b < blocks; b += block_threads) state = join(state, partial[b]);
  state = join_lanes<block_threads>(state, join);
  return true;
}

}  // namespace gradus::kernels
