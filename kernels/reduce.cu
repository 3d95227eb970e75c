// Reductions on the GPU, of x seen as [outer, n, inner]. Bytes: x once; the partial results are less than a thousandth
// of it, or fit in the cache.
//
// Where inner is 1, a warp or a block reduces a piece of a row, its lanes taking elements in turn. Otherwise a block
// reduces a piece of 32 columns, each of its warps a part of the rows. Where that makes too few blocks to fill a GPU,
// the pieces are short and a second pass joins their results, which lie in scratch as [outer, pieces, inner].
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
  __device__ static void store(const State& s, State* y) { *y = s; }
};
template <class T>
struct Max : Largest<T> {
  using Largest<T>::store;
  __device__ static void store(const Candidate<T>& s, T* y) { *y = s.value; }
};
template <class T>
struct Argmax : Largest<T> {
  using Largest<T>::store;
  __device__ static void store(const Candidate<T>& s, Index* y) { *y = s.at; }
};

template <class T>
__device__ inline Candidate<T> from_lane(const Candidate<T>& x, int bit) {
  return {kernels::from_lane(x.value, bit), kernels::from_lane(x.at, bit)};
}

// --- the kernels ---

// y[row, piece] over the elements of x[row, n] in that piece; Lanes threads each
template <class R, int Lanes, class In, class Out>
__global__ void reduce_rows_kernel(Index rows, Index n, Index pieces, Index piece, const In* x, Out* y) {
  constexpr int groups = block_threads / Lanes;
  const int t = static_cast<int>(threadIdx.x);
  const Index group = Index{blockIdx.x} * groups + t / Lanes;
  if (group >= rows * pieces) return;  // whole warps
  const Index row = group / pieces, begin = group % pieces * piece, end = begin + piece < n ? begin + piece : n;
  x += row * n;
  typename R::State state = R::nothing();
#pragma unroll 4
  for (Index i = begin + t % Lanes; i < end; i += Lanes) state = R::join(state, R::of(x[i], i));
  state = join_lanes<Lanes>(state, [](const auto& a, const auto& b) { return R::join(a, b); });
  if (t % Lanes == 0) R::store(state, y + group);
}

constexpr int columns = 32, row_lanes = block_threads / columns;

// y[o, piece, j] over the elements of x[o, :, j] in that piece; a block does 32 columns of one piece
template <class R, class In, class Out>
__global__ void reduce_columns_kernel(Index n, Index inner, Index pieces, Index piece, const In* x, Out* y) {
  GRADUS_SHARED(typename R::State, held, [row_lanes][columns]);
  const int column = static_cast<int>(threadIdx.x) % columns, lane = static_cast<int>(threadIdx.x) / columns;
  const Index tiles = (inner + columns - 1) / columns, tile = blockIdx.x % tiles, part = blockIdx.x / tiles;
  const Index o = part / pieces, begin = part % pieces * piece, end = begin + piece < n ? begin + piece : n;
  const Index j = tile * columns + column;
  typename R::State state = R::nothing();
  if (j < inner) {
    x += o * n * inner + j;
#pragma unroll 4
    for (Index i = begin + lane; i < end; i += row_lanes) state = R::join(state, R::of(x[i * inner], i));
  }
  held[lane][column] = state;
  __syncthreads();
  if (lane != 0 || j >= inner) return;
#pragma unroll
  for (int other = 1; other < row_lanes; ++other) state = R::join(state, held[other][column]);
  R::store(state, y + part * inner + j);
}

// --- how the work is cut, from the extents alone ---

constexpr Index enough_blocks = 512;     // fill a GPU
constexpr Index row_piece = 8192;        // the shortest piece of a row: 32 elements a thread
constexpr Index column_piece = 64;       // the shortest piece of a column: 8 elements a thread
constexpr Index longest_warp_row = 512;  // longer rows take a block

struct Pieces {
  Index count, length;
};
Pieces cut(Index n, Index shortest, Index blocks) {
  const Index count = blocks == 0 ? 1 : std::min(pieces_of(n, shortest), pieces_of(enough_blocks, blocks));
  const Index length = pieces_of(n, std::max<Index>(count, 1));
  return {std::max<Index>(count, 1), length};
}

template <class R, class In, class Out>
void reduce_rows(Cuda cuda, Index rows, Index n, Pieces pieces, const In* x, Out* y) {
  if (pieces.length <= longest_warp_row) {
    launch<reduce_rows_kernel<R, 32, In, Out>>(cuda, blocks_for(rows * pieces.count, block_threads / 32), block_threads,
                                               0, rows, n, pieces.count, pieces.length, x, y);
  } else {
    launch<reduce_rows_kernel<R, block_threads, In, Out>>(cuda, blocks_for(rows * pieces.count, 1), block_threads, 0,
                                                          rows, n, pieces.count, pieces.length, x, y);
  }
}

template <class R, class In, class Out>
void reduce_columns(Cuda cuda, Index outer, Index n, Index inner, Pieces pieces, const In* x, Out* y) {
  launch<reduce_columns_kernel<R, In, Out>>(cuda, blocks_for(outer * pieces.count * pieces_of(inner, columns), 1),
                                            block_threads, 0, n, inner, pieces.count, pieces.length, x, y);
}

template <class R, class T, class Out>
void reduce(Cuda cuda, Index outer, Index n, Index inner, const T* x, Out* y) {
  using State = typename R::State;
  if (outer == 0 || inner == 0) return;
  const bool in_rows = inner == 1;
  const Pieces whole{1, n};
  const Pieces pieces = in_rows ? cut(n, row_piece, outer) : cut(n, column_piece, outer * pieces_of(inner, columns));
  if (pieces.count == 1) {
    if (in_rows) {
      reduce_rows<R>(cuda, outer, n, whole, x, y);
    } else {
      reduce_columns<R>(cuda, outer, n, inner, whole, x, y);
    }
    return;
  }
  State* partial = scratch<State>(outer * pieces.count * inner);
  const State* joined = partial;
  const Pieces all{1, pieces.count};
  if (in_rows) {
    reduce_rows<R>(cuda, outer, n, pieces, x, partial);
    reduce_rows<R>(cuda, outer, pieces.count, all, joined, y);
  } else {
    reduce_columns<R>(cuda, outer, n, inner, pieces, x, partial);
    reduce_columns<R>(cuda, outer, pieces.count, inner, all, joined, y);
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
