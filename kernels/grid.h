// How the .cu files cut their work into threads: loops over a grid, wide loads and stores, and joining what the lanes
// of a group or of a block hold. For .cu files only.
//
// Every partition is made from the extents alone, never from the GPU's size, and partial results are joined in a fixed
// order. So results are equal to the bit from run to run and from GPU to GPU.
#pragma once
#include <algorithm>

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

// y[i] = f(x[i]...) for one thread's share of the grid's loop
template <class T, class F, class... Inputs>
__device__ inline void for_packs(Index n, Index packs, T* y, F f, const Inputs*... x) {
  for (Index p = first_item(); p < packs; p += item_step()) {
    const Index at = p * Pack<T>::size;
    const auto compute = [&](const Pack<Inputs>&... in) {
      Pack<T> out;
#pragma unroll
      for (int i = 0; i < Pack<T>::size; ++i) out.item[i] = f(in.item[i]...);
      return out;
    };
    store_pack(compute(load_pack(x + at)...), y + at);
  }
  for (Index i = packs * Pack<T>::size + first_item(); i < n; i += item_step()) y[i] = f(x[i]...);
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

}  // namespace gradus::kernels
