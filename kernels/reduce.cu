// Reductions on the GPU, of x seen as [outer, n, inner]. Bytes: x once; the partial results are less than a thousandth
// of it, or fit in the cache.
//
// Where inner is 1, a warp or a block reduces a row, its lanes taking elements in turn. Otherwise a block reduces 32
// columns, each of its warps a part of the rows. Where that makes too few blocks to fill a GPU, each of them reduces a
// piece, and leaves its result in scratch, as [outer, pieces, inner]; the last one to do so joins the pieces, in order.
#include <gradus/kernels/grid.h>
#include <gradus/kernels/reduce.h>
#include <gradus/kernels/scratch.h>

namespace gradus::kernels {
namespace {

// --- what is reduced: a state from an element and its position, the join of two, and the result ---

template <class T>
struct Sum {
  using State = T;
  __device__ static State nothing() { return 0; }
  __device__ static State of(T x, Index) { return x; }
  __device__ static State join(State a, State b) { return a + b; }
  __device__ static void store(State s, T* y) { *y = s; }
};

template <class T>
struct Candidate {
  T value;
  Index at;  // -1 for none
};

template <class T>
struct Largest {
  using State = Candidate<T>;
  __device__ static State nothing() { return {0, -1}; }
  __device__ static State of(T x, Index i) { return {x, i}; }
  __device__ static State of(const State& s, Index) { return s; }
  __device__ static State join(const State& a, const State& b) {
    if (a.at < 0 || b.at < 0) return a.at < 0 ? b : a;
    const bool b_first = b.at < a.at;
    const State first = b_first ? b : a, second = b_first ? a : b;
    return above(second.value, first.value) ? second : first;
  }
};
template <class T>
struct Max : Largest<T> {
  __device__ static void store(const Candidate<T>& s, T* y) { *y = s.value; }
};
template <class T>
struct Argmax : Largest<T> {
  __device__ static void store(const Candidate<T>& s, Index* y) { *y = s.at; }
};

template <class T>
__device__ inline Candidate<T> from_lane(const Candidate<T>& x, int bit) {
  return {kernels::from_lane(x.value, bit), kernels::from_lane(x.at, bit)};
}

// --- the kernels ---

// Elements begin, begin + step, ... before end of x, in which they lie `stride` apart.
template <class R, class In>
__device__ inline typename R::State reduce_every(Index step, Index begin, Index end, const In* x, Index stride) {
  constexpr int together = 8;  // Note [Loads under way] in grid.h
  typename R::State state = R::nothing();
  Index first = begin;
  // Without a condition to each load, or the compiler keeps half as many under way.
  for (; first + (together - 1) * step < end; first += together * step) {
    In held[together];
#pragma unroll
    for (int u = 0; u < together; ++u) held[u] = x[(first + u * step) * stride];
#pragma unroll
    for (int u = 0; u < together; ++u) state = R::join(state, R::of(held[u], first + u * step));
  }
  if (first < end) {
    In held[together];
#pragma unroll
    for (int u = 0; u < together; ++u) {
      const Index i = first + u * step;
      held[u] = i < end ? x[i * stride] : In{};
    }
#pragma unroll
    for (int u = 0; u < together; ++u) {
      const Index i = first + u * step;
      if (i < end) state = R::join(state, R::of(held[u], i));
    }
  }
  return state;
}

// How often blocks have come to the end of their pieces, of each row or of each tile of columns: is_last_block().
constexpr Index enough_blocks = 1024;  // fill a GPU
__device__ unsigned arrived[enough_blocks];

// y[row] over x[row, n], Lanes threads to a piece of a row
template <class R, int Lanes, class In, class Out>
__global__ void reduce_rows_kernel(Index rows, Index n, Index pieces, Index piece, const In* x,
                                   typename R::State* partial, Out* y) {
  constexpr int groups = block_threads / Lanes;
  const int t = static_cast<int>(threadIdx.x);
  const Index group = Index{blockIdx.x} * groups + t / Lanes;
  if (group >= rows * pieces) return;  // whole warps
  const Index row = group / pieces, begin = group % pieces * piece, end = begin + piece < n ? begin + piece : n;
  const auto join = [](const auto& a, const auto& b) { return R::join(a, b); };
  auto state = join_lanes<Lanes>(reduce_every<R>(Lanes, begin + t % Lanes, end, x + row * n, 1), join);
  if constexpr (Lanes == block_threads) {
    typename R::State* const of_row = partial + row * pieces;
    if (pieces > 1 && !join_blocks(state, R::nothing(), group % pieces, pieces, of_row, arrived + row, join)) return;
  }
  if (t % Lanes == 0) R::store(state, y + row);
}

constexpr int columns = 32, row_lanes = block_threads / columns;

// The rows [begin, end) of a column, of which each of the block's warps takes one in row_lanes; the result is that of
// the threads of warp 0.
template <class R, class In>
__device__ inline typename R::State reduce_column(bool inside, Index begin, Index end, const In* x, Index inner) {
  GRADUS_SHARED(typename R::State, held, [row_lanes][columns]);
  const int column = static_cast<int>(threadIdx.x) % columns, lane = static_cast<int>(threadIdx.x) / columns;
  held[lane][column] = reduce_every<R>(row_lanes, begin + lane, inside ? end : begin, x, inner);
  __syncthreads();
  auto state = held[0][column];
  if (lane != 0) return state;
#pragma unroll
  for (int other = 1; other < row_lanes; ++other) state = R::join(state, held[other][column]);
  return state;
}

// y[o, j] over x[o, :, j]; a block does a piece of 32 columns
template <class R, class In, class Out>
__global__ void reduce_columns_kernel(Index n, Index inner, Index pieces, Index piece, const In* x,
                                      typename R::State* partial, Out* y) {
  const Index tiles = (inner + columns - 1) / columns, tile = blockIdx.x % tiles, part = blockIdx.x / tiles;
  const Index o = part / pieces, begin = part % pieces * piece, end = begin + piece < n ? begin + piece : n;
  const Index j = tile * columns + threadIdx.x % columns;
  const bool inside = j < inner, writes = inside && threadIdx.x < columns;
  auto state = reduce_column<R>(inside, begin, end, x + o * n * inner + j, inner);
  if (pieces > 1) {
    if (writes) partial[part * inner + j] = state;
    if (!is_last_block(arrived + o * tiles + tile, pieces)) return;
    state = reduce_column<R>(inside, 0, pieces, partial + o * pieces * inner + j, inner);
  }
  if (writes) R::store(state, y + o * inner + j);
}

// --- how the work is cut, from the extents alone ---

constexpr Index row_piece = 8192;        // the shortest piece of a row: 32 elements a thread
constexpr Index column_piece = 64;       // the shortest piece of a column: 8 elements a thread
constexpr Index longest_warp_row = 512;  // longer rows take a block

struct Pieces {
  Index count, length;
};
Pieces cut(Index n, Index shortest, Index blocks) {
  const Index most = std::max<Index>(1, std::min(pieces_of(n, shortest), pieces_of(enough_blocks, blocks)));
  const Index length = pieces_of(n, most);
  return {n == 0 ? 1 : pieces_of(n, length), length};
}

template <class R, class T, class Out>
void reduce(Cuda cuda, Index outer, Index n, Index inner, const T* x, Out* y) {
  using State = typename R::State;
  if (outer == 0 || inner == 0) return;
  const Index tiles = pieces_of(inner, columns);
  const auto [pieces, length] = inner == 1 ? cut(n, row_piece, outer) : cut(n, column_piece, outer * tiles);
  State* const partial = pieces == 1 ? nullptr : scratch<State>(outer * pieces * inner);
  if (inner != 1) {
    launch<reduce_columns_kernel<R, T, Out>>(cuda, blocks_for(outer * pieces * tiles, 1), block_threads, 0, n, inner,
                                             pieces, length, x, partial, y);
  } else if (length <= longest_warp_row) {
    launch<reduce_rows_kernel<R, 32, T, Out>>(cuda, blocks_for(outer, block_threads / 32), block_threads, 0, outer, n,
                                              pieces, length, x, partial, y);
  } else {
    launch<reduce_rows_kernel<R, block_threads, T, Out>>(cuda, blocks_for(outer * pieces, 1), block_threads, 0, outer,
                                                         n, pieces, length, x, partial, y);
  }
}

}  // namespace

template <class T>
void sum(Cuda cuda, Index outer, Index n, Index inner, const T* x, T* y) {
  reduce<Sum<T>>(cuda, outer, n, inner, x, y);
}

template <class T>
void max(Cuda cuda, Index outer, Index n, Index inner, const T* x, T* y) {
  reduce<Max<T>>(cuda, outer, n, inner, x, y);
}

template <class T>
void argmax(Cuda cuda, Index outer, Index n, Index inner, const T* x, Index* y) {
  reduce<Argmax<T>>(cuda, outer, n, inner, x, y);
}

#define GRADUS_EMIT(T)                                        \
  template void sum(Cuda, Index, Index, Index, const T*, T*); \
  template void max(Cuda, Index, Index, Index, const T*, T*); \
  template void argmax(Cuda, Index, Index, Index, const T*, Index*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
GRADUS_EMIT(Index)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
