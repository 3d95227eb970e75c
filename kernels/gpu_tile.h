// The tiles of products on the GPU: shared memory, and patches of it in registers. For .cu files only.
//
// A block of 256 threads computes a tile of the result; a thread a patch of 4 x 4 or 8 x 8. Along k it goes step by
// step: while the step's tiles of both operands are multiplied out of shared memory, each thread already loads its
// elements of the next step's into registers and then stores them to the other half of the shared memory, so that there
// is one barrier a step.
#pragma once
#include <gradus/kernels/grid.h>

namespace gradus::kernels {

inline constexpr int tile_side = 16;  // a block's threads are 16 x 16

// The tile of the result, the step along k.
template <class T, int Size, int Step>
struct ProductTile {
  static constexpr int size = Size, step = Step, patch = Size / tile_side;
  static constexpr int pack = Pack<T>::size;  // a patch is made of runs of so many neighbours, as one load fetches them
  static constexpr int line = Size / pack + 1;  // packs in shared memory; one more, so that stores spread over banks
  using Half = Pack<T>[Step][line];

  // Where in the tile element i of the patch lies of the thread at `place` in [0, 16).
  __device__ static int at(int i, int place) { return i / pack * (tile_side * pack) + place * pack + i % pack; }

  // The patch's elements, out of a line of the tile.
  __device__ static void take(const Pack<T> (&from)[line], int place, T (&elements)[patch]) {
#pragma unroll
    for (int i = 0; i < patch; i += pack) {
      const Pack<T> run = from[i / pack * tile_side + place];
#pragma unroll
      for (int j = 0; j < pack; ++j) elements[i + j] = run.item[j];
    }
  }
};

template <class T>
using SmallTile = ProductTile<T, 64, 16>;
using LargeTile = ProductTile<float, 128, 8>;  // where there are enough tiles of it

inline constexpr Index enough_tiles = 132;   // processors of the largest GPU
inline constexpr Index enough_blocks = 264;  // two on each: one computes while the other waits

template <class Tile>
Index tiles_of(Index rows, Index columns) {
  return pieces_of(rows, Tile::size) * pieces_of(columns, Tile::size);
}

// Into how many parts of what depth k is cut where the result has too few tiles to fill a GPU, each part's product
// going to scratch. It depends on the extents alone. No memory holds operands for which the depth were no int.
struct Cut {
  Index parts;
  int depth;
};

template <class Tile>
Cut cut_for(Index tiles, Index k, Index shortest_part) {
  if (tiles >= enough_tiles || k <= shortest_part) return {1, static_cast<int>(k)};
  const Index wanted = std::min(pieces_of(enough_blocks, tiles), pieces_of(k, shortest_part));
  const Index depth = pieces_of(pieces_of(k, wanted), Tile::step) * Tile::step;
  return {pieces_of(k, depth), static_cast<int>(depth)};
}

// partial[0, i] + partial[1, i] + ... of the parts' results, in order
template <class T>
__device__ inline T sum_of_parts(const T* partial, Index size, Index parts, Index i) {
  T sum = partial[i];
#pragma unroll 4
  for (Index part = 1; part < parts; ++part) sum += partial[part * size + i];
  return sum;
}

// Which elements of a step's tile a thread loads: `lines` of one operand by steps of k, neighbouring threads along k or
// across it.
template <class Tile, bool along_k>
struct LoadPlan {
  static constexpr int width = along_k ? Tile::step : Tile::size;
  static constexpr int count = Tile::size * Tile::step / block_threads;  // elements a thread
  static constexpr int jump = block_threads / width, line_step = along_k ? jump : 0, depth_step = jump - line_step;
  __device__ static int line(int i) {
    const int t = static_cast<int>(threadIdx.x);
    return (along_k ? t / width : t % width) + i * line_step;
  }
  __device__ static int depth(int i) {
    const int t = static_cast<int>(threadIdx.x);
    return (along_k ? t % width : t / width) + i * depth_step;
  }
  template <class T>
  __device__ static void store(const T (&held)[count], Pack<T> (&tile)[Tile::step][Tile::line]) {
#pragma unroll
    for (int i = 0; i < count; ++i) tile[depth(i)][line(i) / Tile::pack].item[line(i) % Tile::pack] = held[i];
  }
};

// sums += the product over `length` of k. A loader's load(left) reads this thread's elements of the next step, zeros
// where nothing is left; store(half) puts them into shared memory.
template <class Tile, class T, class Left, class Right>
__device__ inline void multiply_tiles(int length, Left& left, Right& right, Pack<T> (&a)[2][Tile::step][Tile::line],
                                      Pack<T> (&b)[2][Tile::step][Tile::line], T (&sums)[Tile::patch][Tile::patch]) {
  const int x = static_cast<int>(threadIdx.x) % tile_side, y = static_cast<int>(threadIdx.x) / tile_side;
  int half = 0;
  left.load(length);
  right.load(length);
  left.store(a[0]);
  right.store(b[0]);
  __syncthreads();
  for (int rest = length - Tile::step; rest > -Tile::step; rest -= Tile::step) {
    left.load(rest);  // in the last step zeros, which nobody reads: behind a condition the loads would come too late
    right.load(rest);
    issue_loads();
#pragma unroll
    for (int q = 0; q < Tile::step; ++q) {
      T u[Tile::patch], v[Tile::patch];
      Tile::take(a[half][q], y, u);
      Tile::take(b[half][q], x, v);
#pragma unroll
      for (int i = 0; i < Tile::patch; ++i) {
#pragma unroll
        for (int j = 0; j < Tile::patch; ++j) sums[i][j] += u[i] * v[j];
      }
    }
    half ^= 1;
    left.store(a[half]);
    right.store(b[half]);
    __syncthreads();
  }
}

}  // namespace gradus::kernels
