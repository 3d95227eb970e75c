// The matrix product on the GPU, on the tiles of gpu_tile.h: 128 x 128 of c (float, where there are enough such tiles
// to fill a GPU) or 64 x 64.
//
// Where c has too few tiles to fill a GPU, k is cut into parts of at least 128. Each part's product goes to scratch,
// and the last of a tile's blocks adds them up in order. The cut depends on the extents alone. Whichever block writes c
// adds the bias and applies the activation.
//
// Bytes: op(a) once for each column of tiles, op(b) once for each row of tiles (from cache, mostly), c once; with
// several parts, c once for each part out and in again, from cache.
#include <gradus/kernels/gpu_tile.h>
#include <gradus/kernels/matmul.h>
#include <gradus/kernels/reduce.h>
#include <gradus/kernels/scratch.h>

namespace gradus::kernels {
namespace {

// Brings the tiles of one operand to shared memory, step by step: `lines` are the rows of a or the columns of b, stored
// along k or across it. What lies beyond the operand is zero; with_ones: but for one more line, of ones.
template <class T, class Tile, bool along_k, bool with_ones = false>
class Loader {
 public:
  __device__ Loader(const T* x, Index lines, Index k, Index first_line, Index first_k) : x_(x) {
    static_assert(!(along_k && with_ones));
    lines_ =
        lines + with_ones - first_line < Tile::size ? static_cast<int>(lines + with_ones - first_line) : Tile::size;
    is_ones_ = with_ones && first_line + line_ == lines;
    stride_ = along_k ? k : lines;
    at_ = along_k ? (first_line + line_) * k + first_k + depth_ : (first_k + depth_) * lines + first_line + line_;
  }
  __device__ void load(int left) {
#pragma unroll
    for (int i = 0; i < Plan::count; ++i) {
      const bool inside = line_ + i * Plan::line_step < lines_ && depth_ + i * Plan::depth_step < left;
      held_[i] = inside && !is_ones_ ? x_[at_ + i * Plan::jump * stride_] : T(inside);
    }
    at_ += along_k ? Tile::step : Tile::step * stride_;
  }
  __device__ void store(Pack<T> (&tile)[Tile::step][Tile::line]) const { Plan::store(held_, tile); }

 private:
  using Plan = LoadPlan<Tile, along_k>;
  const T* x_;
  const int line_ = Plan::line(0), depth_ = Plan::depth(0);  // kept: found anew, they cost registers
  int lines_;
  bool is_ones_;  // across k a thread's elements lie in one line
  Index stride_, at_;
  T held_[Plan::count];
};

struct None {  // no activation
  template <class T>
  __device__ T value(T x) const {
    return x;
  }
};

// The activation of elements one by one. Of dropout's words, four neighbours share a draw.
template <class Act>
class Applied {
 public:
  __device__ explicit Applied(const Act& activation) : activation_(activation) {}
  template <class T>
  __device__ T operator()(Index at, T x) {
    if constexpr (Draws<Act>) {
      if (at / 4 != group_) words_ = activation_.words(group_ = at / 4);
      std::uint32_t word = words_.word[0];
#pragma unroll
      for (int w = 1; w < 4; ++w) word = at % 4 == w ? words_.word[w] : word;  // registers have no index
      return activation_.value(x, word);
    } else {
      return activation_.value(x);
    }
  }

 private:
  const Act& activation_;
  Index group_ = -1;
  PhiloxWords words_{};
};

__device__ unsigned arrived[enough_tiles];  // for each tile of c: is_last_block()

// c[m, n] = activation(op(a) op(b) + bias), where block `part` of a tile takes [part * depth, part * depth + depth) of
// k. Of several parts each leaves its product in `partial`. with_ones: b has one more column, of ones, whose product,
// the sum over k of op(a), goes to row_sums[m].
template <class T, class Tile, bool transpose_a, bool transpose_b, class Act, bool with_ones>
__global__ void __launch_bounds__(block_threads)
    matmul_kernel(Index m, Index n, Index k, int depth, const T* a, const T* b, const T* bias, Act activation,
                  T* partial, T* c, T* row_sums) {
  GRADUS_SHARED(Pack<T>, left, [2][Tile::step][Tile::line]);
  GRADUS_SHARED(Pack<T>, right, [2][Tile::step][Tile::line]);
  const Index width = n + with_ones;
  const Index columns = (width + Tile::size - 1) / Tile::size, tiles = (m + Tile::size - 1) / Tile::size * columns;
  const Index part = blockIdx.x / tiles, tile = blockIdx.x - part * tiles;
  const Index row = tile / columns * Tile::size, column = tile % columns * Tile::size, begin = part * depth;
  const int length = begin + depth < k ? depth : static_cast<int>(k - begin);

  T sums[Tile::patch][Tile::patch] = {};
  Loader<T, Tile, !transpose_a> load_a(a, m, k, row, begin);
  Loader<T, Tile, transpose_b, with_ones> load_b(b, n, k, column, begin);
  multiply_tiles<Tile>(length, load_a, load_b, left, right, sums);

  const int x = static_cast<int>(threadIdx.x) % tile_side, y = static_cast<int>(threadIdx.x) / tile_side;
  const auto for_patch = [&](auto f) {  // f(row, column, sum)
#pragma unroll
    for (int i = 0; i < Tile::patch; ++i) {
      const Index r = row + Tile::at(i, y);
#pragma unroll
      for (int j = 0; j < Tile::patch; ++j) {
        const Index s = column + Tile::at(j, x);
        if (r < m && s < width) f(r, s, sums[i][j]);
      }
    }
  };
  if constexpr (!std::is_same_v<Tile, LargeTile>) {  // which come in numbers
    if (partial) {
      const auto at = [=](Index p, Index r, Index s) { return (p * m + r) * width + s; };
      for_patch([&](Index r, Index s, T sum) { partial[at(part, r, s)] = sum; });
      const Index parts = gridDim.x / tiles;
      if (!is_last_block(arrived + tile, parts)) return;
      for_patch([&](Index r, Index s, T& sum) { sum = partial[at(0, r, s)]; });
      for (Index p = 1; p < parts; ++p) for_patch([&](Index r, Index s, T& sum) { sum += partial[at(p, r, s)]; });
    }
  }
  Applied<Act> applied(activation);
  for_patch([&](Index r, Index s, T sum) {
    if (with_ones && s == n) {
      row_sums[r] = sum;
    } else {
      c[r * n + s] = applied(r * n + s, bias ? sum + bias[s] : sum);
    }
  });
}

// y[m, n] = activation(y + bias), four neighbours a thread
template <class T, class Act>
__global__ void add_bias_kernel(Index size, Index n, const T* bias, Act activation, T* y) {
  Applied<Act> applied(activation);
  for (Index group = first_item(); 4 * group < size; group += item_step()) {
    T held[4] = {};  // Note [Loads under way] in grid.h
#pragma unroll
    for (int w = 0; w < 4; ++w) {
      const Index i = 4 * group + w;
      if (i < size) held[w] = bias ? y[i] + bias[i % n] : y[i];
    }
#pragma unroll
    for (int w = 0; w < 4; ++w) {
      const Index i = 4 * group + w;
      if (i < size) y[i] = applied(i, held[w]);
    }
  }
}

template <class T, class Act>
void finish(Cuda cuda, Index m, Index n, const T* bias, Act activation, T* y) {
  launch<add_bias_kernel<T, Act>>(cuda, grid_for(pieces_of(m * n, 4)), block_threads, 0, m * n, n, bias, activation, y);
}

constexpr Index shortest_part = 128;

template <class T>
bool takes_large_tile(Index m, Index n) {
  return std::is_same_v<T, float> && tiles_of<LargeTile>(m, n) >= enough_tiles;
}

template <bool transpose_a, bool transpose_b, class Tile, bool with_ones = false, class T, class Act>
void run_tiles(Cuda cuda, Index m, Index n, Index k, const T* a, const T* b, const T* bias, Act activation, T* c,
               T* row_sums = nullptr) {
  const Index tiles = tiles_of<Tile>(m, n + with_ones);
  const Cut cut = cut_for<Tile>(tiles, k, shortest_part);
  T* const partial = cut.parts == 1 ? nullptr : scratch<T>(cut.parts * m * (n + with_ones));
  launch<matmul_kernel<T, Tile, transpose_a, transpose_b, Act, with_ones>>(cuda, blocks_for(tiles * cut.parts, 1),
                                                                           block_threads, 0, m, n, k, cut.depth, a, b,
                                                                           bias, activation, partial, c, row_sums);
}

template <bool transpose_a, bool transpose_b, class T, class Act>
void run(Cuda cuda, Index m, Index n, Index k, const T* a, const T* b, const T* bias, Act activation, T* c) {
  if (m == 0 || n == 0) return;
  if constexpr (std::is_same_v<T, double> && Draws<Act>) {  // that tile leaves no registers for the draws
    run<transpose_a, transpose_b, T>(cuda, m, n, k, a, b, nullptr, None{}, c);
    return finish(cuda, m, n, bias, activation, c);
  } else {
    if constexpr (std::is_same_v<T, float>) {
      if (takes_large_tile<T>(m, n))
        return run_tiles<transpose_a, transpose_b, LargeTile>(cuda, m, n, k, a, b, bias, activation, c);
    }
    run_tiles<transpose_a, transpose_b, SmallTile<T>>(cuda, m, n, k, a, b, bias, activation, c);
  }
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
void weight_and_bias_grad(Cuda cuda, Index m, Index n, Index k, const T* dy, const T* x, T* dw, T* db) {
  const T* const no_bias = nullptr;
  if (n > 0 && !takes_large_tile<T>(m, n)) {
    if (m > 0) run_tiles<true, false, SmallTile<T>, true>(cuda, m, n, k, dy, x, no_bias, None{}, dw, db);
  } else {  // large tiles of one more column would cost more than a pass over dy
    run<true, false>(cuda, m, n, k, dy, x, no_bias, None{}, dw);
    sum(cuda, 1, k, m, dy, db);
  }
}

template <class T>
void linear_activation(Cuda cuda, Index m, Index n, Index k, const T* x, const T* w, const T* bias,
                       const Activation& activation, T* y) {
  std::visit([&](const auto& op) { run<false, true>(cuda, m, n, k, x, w, bias, op, y); }, activation);
}

template <class T>
void add_bias_and_activate(Cuda cuda, Index m, Index n, const T* bias, const Activation& activation, T* y) {
  std::visit([&](const auto& op) { finish(cuda, m, n, bias, op, y); }, activation);
}

template <class T>
void add_bias(Cuda cuda, Index m, Index n, const T* bias, T* y) {
  finish(cuda, m, n, bias, None{}, y);
}

template void matmul(Cuda, Index, Index, Index, const float*, bool, const float*, bool, const float*, float*);
template void matmul(Cuda, Index, Index, Index, const double*, bool, const double*, bool, const double*, double*);
template void weight_and_bias_grad(Cuda, Index, Index, Index, const float*, const float*, float*, float*);
template void weight_and_bias_grad(Cuda, Index, Index, Index, const double*, const double*, double*, double*);
template void linear_activation(Cuda, Index, Index, Index, const float*, const float*, const float*, const Activation&,
                                float*);
template void linear_activation(Cuda, Index, Index, Index, const double*, const double*, const double*,
                                const Activation&, double*);
template void add_bias_and_activate(Cuda, Index, Index, const float*, const Activation&, float*);
template void add_bias_and_activate(Cuda, Index, Index, const double*, const Activation&, double*);
template void add_bias(Cuda, Index, Index, const float*, float*);
template void add_bias(Cuda, Index, Index, const double*, double*);

}  // namespace gradus::kernels
