// The matrix product on the GPU: tiles in shared memory, patches of them in registers.
//
// A block computes a tile of c, 128 x 128 (float, where there are enough such tiles to fill a GPU) or 64 x 64, with 256
// threads; a thread computes a patch of 8 x 8 or 4 x 4. Along k it goes in steps of 8 or 16: while the step's tiles of
// op(a) and op(b) are multiplied out of shared memory, each thread already loads its elements of the next step's into
// registers and then stores them to the other half of the shared memory, so that there is one barrier a step.
//
// Where c has too few tiles to fill a GPU, k is cut into parts of at least 128, each part's product goes to scratch,
// and a second kernel adds them in order. The cut depends on the extents alone. Whichever kernel writes c adds the bias
// and applies the activation.
//
// Bytes: op(a) once for each column of tiles, op(b) once for each row of tiles (from cache, mostly), c once; with
// several parts, c once for each part out and in again, from cache.
#include <gradus/kernels/grid.h>
#include <gradus/kernels/matmul.h>
#include <gradus/kernels/scratch.h>

namespace gradus::kernels {
namespace {

constexpr int side = 16;  // a block's threads are 16 x 16

// The tile of c, the step along k.
template <class T, int Size, int Step>
struct Tile {
  static constexpr int size = Size, step = Step, patch = Size / side;
  static constexpr int pack = Pack<T>::size;  // a patch is made of runs of so many neighbours, as one load fetches them
  static constexpr int line = Size / pack + 1;  // packs in shared memory; one more, so that stores spread over banks

  // Where in the tile element i of the patch lies of the thread at `place` in [0, 16).
  __device__ static int at(int i, int place) { return i / pack * (side * pack) + place * pack + i % pack; }

  // The patch's elements, out of a line of the tile.
  __device__ static void take(const Pack<T> (&from)[line], int place, T (&elements)[patch]) {
#pragma unroll
    for (int i = 0; i < patch; i += pack) {
      const Pack<T> run = from[i / pack * side + place];
#pragma unroll
      for (int j = 0; j < pack; ++j) elements[i + j] = run.item[j];
    }
  }
};

template <class T>
using SmallTile = Tile<T, 64, 16>;
using LargeTile = Tile<float, 128, 8>;

// Brings the tiles of one operand to shared memory, step by step: `lines` are the rows of a or the columns of b, stored
// along k or across it. What lies beyond the operand is zero.
template <class T, class Tile, bool along_k>
class Loader {
 public:
  __device__ Loader(const T* x, Index lines, Index k, Index first_line, Index first_k) : x_(x) {
    const int t = static_cast<int>(threadIdx.x);
    line_ = along_k ? t / Tile::step : t % Tile::size;
    depth_ = along_k ? t % Tile::step : t / Tile::size;
    lines_ = lines - first_line < Tile::size ? static_cast<int>(lines - first_line) : Tile::size;
    stride_ = along_k ? k : lines;
    at_ = along_k ? (first_line + line_) * k + first_k + depth_ : (first_k + depth_) * lines + first_line + line_;
  }

  // Reads this thread's elements of the next tile; `left` is what is left of k.
  __device__ void load(int left) {
#pragma unroll
    for (int i = 0; i < count; ++i) {
      const bool inside = line(i) < lines_ && depth(i) < left;
      held_[i] = inside ? x_[at_ + i * (block_threads / width) * stride_] : T(0);
    }
    at_ += along_k ? Tile::step : Tile::step * stride_;
  }

  __device__ void store(Pack<T> (&tile)[Tile::step][Tile::line]) const {
#pragma unroll
    for (int i = 0; i < count; ++i) tile[depth(i)][line(i) / Tile::pack].item[line(i) % Tile::pack] = held_[i];
  }

 private:
  static constexpr int width = along_k ? Tile::step : Tile::size;        // that neighbouring threads read in order
  static constexpr int count = Tile::size * Tile::step / block_threads;  // elements a thread
  __device__ int line(int i) const { return along_k ? line_ + i * (block_threads / width) : line_; }
  __device__ int depth(int i) const { return along_k ? depth_ : depth_ + i * (block_threads / width); }

  const T* x_;
  int line_, depth_, lines_;
  Index stride_, at_;
  T held_[count];
};

struct None {  // no activation
  template <class T>
  __device__ T value(T x) const {
    return x;
  }
};

// c[part, m, n] = activation(op(a) op(b) over the part's [part * depth, part * depth + depth) of k, + bias)
template <class T, class Tile, bool transpose_a, bool transpose_b, class Act>
__global__ void __launch_bounds__(block_threads)
    matmul_kernel(Index m, Index n, Index k, int depth, const T* a, const T* b, const T* bias, Act activation, T* c) {
  GRADUS_SHARED(Pack<T>, left, [2][Tile::step][Tile::line]);
  GRADUS_SHARED(Pack<T>, right, [2][Tile::step][Tile::line]);
  const Index columns = (n + Tile::size - 1) / Tile::size, tiles = (m + Tile::size - 1) / Tile::size * columns;
  const Index part = blockIdx.x / tiles, tile = blockIdx.x - part * tiles;
  const Index row = tile / columns * Tile::size, column = tile % columns * Tile::size, begin = part * depth;
  const int length = begin + depth < k ? depth : static_cast<int>(k - begin);
  const int x = static_cast<int>(threadIdx.x) % side, y = static_cast<int>(threadIdx.x) / side;

  Loader<T, Tile, !transpose_a> load_a(a, m, k, row, begin);
  Loader<T, Tile, transpose_b> load_b(b, n, k, column, begin);
  T sums[Tile::patch][Tile::patch] = {};
  int half = 0;
  load_a.load(length);
  load_b.load(length);
  load_a.store(left[0]);
  load_b.store(right[0]);
  __syncthreads();
  for (int rest = length - Tile::step; rest > -Tile::step; rest -= Tile::step) {
    if (rest > 0) {
      load_a.load(rest);
      load_b.load(rest);
    }
#pragma unroll
    for (int q = 0; q < Tile::step; ++q) {
      T u[Tile::patch], v[Tile::patch];
      Tile::take(left[half][q], y, u);
      Tile::take(right[half][q], x, v);
#pragma unroll
      for (int i = 0; i < Tile::patch; ++i) {
#pragma unroll
        for (int j = 0; j < Tile::patch; ++j) sums[i][j] += u[i] * v[j];
      }
    }
    if (rest > 0) {
      half ^= 1;
      load_a.store(left[half]);
      load_b.store(right[half]);
      __syncthreads();
    }
  }

  c += part * m * n;
#pragma unroll
  for (int i = 0; i < Tile::patch; ++i) {
    const Index r = row + Tile::at(i, y);
#pragma unroll
    for (int j = 0; j < Tile::patch; ++j) {
      const Index s = column + Tile::at(j, x);
      if (r < m && s < n) c[r * n + s] = activation.value(bias ? sums[i][j] + bias[s] : sums[i][j]);
    }
  }
}

// c[i] = activation(partial[0, i] + partial[1, i] + ... + bias)
template <class T, class Act>
__global__ void matmul_join_kernel(Index size, Index n, Index parts, const T* partial, const T* bias, Act activation,
                                   T* c) {
  for (Index i = first_item(); i < size; i += item_step()) {
    T sum = partial[i];
#pragma unroll 4
    for (Index part = 1; part < parts; ++part) sum += partial[part * size + i];
    c[i] = activation.value(bias ? sum + bias[i % n] : sum);
  }
}

// How many tiles c has, and into how many parts of what depth k is cut.
struct Plan {
  Index tiles, parts;
  int depth;  // no memory holds operands for which it were longer
};

constexpr Index enough_tiles = 132;   // processors of the largest GPU
constexpr Index enough_blocks = 264;  // two on each: one computes while the other waits
constexpr Index shortest_part = 128;

template <class Tile>
Plan plan_for(Index m, Index n, Index k) {
  const Index tiles = pieces_of(m, Tile::size) * pieces_of(n, Tile::size);
  if (tiles >= enough_tiles || k <= shortest_part) return {tiles, 1, static_cast<int>(k)};
  const Index wanted = std::min(pieces_of(enough_blocks, tiles), pieces_of(k, shortest_part));
  const Index depth = pieces_of(pieces_of(k, wanted), Tile::step) * Tile::step;
  return {tiles, pieces_of(k, depth), static_cast<int>(depth)};
}

template <bool transpose_a, bool transpose_b, class Tile, class T, class Act>
void run(Cuda cuda, Index m, Index n, Index k, const T* a, const T* b, const T* bias, Act activation, T* c) {
  const Plan plan = plan_for<Tile>(m, n, k);
  const auto start = [&](const T* added, auto applied, T* out) {
    launch<matmul_kernel<T, Tile, transpose_a, transpose_b, decltype(applied)>>(
        cuda, blocks_for(plan.tiles * plan.parts, 1), block_threads, 0, m, n, k, plan.depth, a, b, added, applied, out);
  };
  if (plan.parts == 1) return start(bias, activation, c);
  T* const partial = scratch<T>(plan.parts * m * n);
  start(nullptr, None{}, partial);
  launch<matmul_join_kernel<T, Act>>(cuda, grid_for(m * n), block_threads, 0, m * n, n, plan.parts, partial, bias,
                                     activation, c);
}

template <bool transpose_a, bool transpose_b, class T, class Act>
void run(Cuda cuda, Index m, Index n, Index k, const T* a, const T* b, const T* bias, Act activation, T* c) {
  if (m == 0 || n == 0) return;
  if constexpr (std::is_same_v<T, float>) {
    if (pieces_of(m, LargeTile::size) * pieces_of(n, LargeTile::size) >= enough_tiles) {
      return run<transpose_a, transpose_b, LargeTile>(cuda, m, n, k, a, b, bias, activation, c);
    }
  }
  run<transpose_a, transpose_b, SmallTile<T>>(cuda, m, n, k, a, b, bias, activation, c);
}

}  // namespace

template <class T>
void matmul(Cuda cuda, Index m, Index n, Index k, const T* a, bool transpose_a, const T* b, bool transpose_b,
            const T* bias, T* c) {
  if (transpose_a) {
    transpose_b ? run<true, true>(cuda, m, n, k, a, b, bias, None{}, c)
                : run<true, false>(cuda, m, n, k, a, b, bias, None{}, c);
  } else {
    transpose_b ? run<false, true>(cuda, m, n, k, a, b, bias, None{}, c)
                : run<false, false>(cuda, m, n, k, a, b, bias, None{}, c);
  }
}

template <class T>
void linear_activation(Cuda cuda, Index m, Index n, Index k, const T* x, const T* w, const T* bias,
                       const Activation& activation, T* y) {
  std::visit([&](const auto& op) { run<false, true>(cuda, m, n, k, x, w, bias, op, y); }, activation);
}

template void matmul(Cuda, Index, Index, Index, const float*, bool, const float*, bool, const float*, float*);
template void matmul(Cuda, Index, Index, Index, const double*, bool, const double*, bool, const double*, double*);
template void linear_activation(Cuda, Index, Index, Index, const float*, const float*, const float*, const Activation&,
                                float*);
template void linear_activation(Cuda, Index, Index, Index, const double*, const double*, const double*,
                                const Activation&, double*);

}  // namespace gradus::kernels
