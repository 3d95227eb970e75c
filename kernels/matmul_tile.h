// The register tiles of the matrix product, on GCC's and Clang's vector extensions.
//
// panel_tile: some rows of c by one or two vectors of columns stay in registers while k runs,
//
//   acc[i][v] += a[i] * b[v]          a[i] broadcast, each step one fused multiply-add
//
// line_tile: the same with rows of a that lie along k and are not packed, and the result written as columns.
//
// dot_tile: some rows by some columns of c, each element a dot product of two lines that run along k,
//
//   acc[i][j] += a[i] * b[j]          all vectors along k, their lanes added up at the end
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <type_traits>
#include <utility>

#include <gradus/kernels/exec.h>

// Note [Unrolled tiles]. An accumulator is a register only where every loop over the tile is unrolled. The count is an
// upper bound; one that is too small would send the accumulators to memory, at a quarter of the speed.
#ifdef __clang__
#define GRADUS_UNROLL _Pragma("unroll")
#else
#define GRADUS_UNROLL _Pragma("GCC unroll 16")
#endif

namespace gradus::kernels::gemm {

// --- vectors
// -----------------------------------------------------------------------------------------------------------

// The vectors are never wider than the processor's own: g++ takes wider ones to pieces through the stack, forty times
// slower. The tile's height leaves room for b and a broadcast: 14 x 2 accumulators of 32 registers, 6 x 2 of 16; fewer
// than ten would not cover the latency of the multiply-add.
#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64, kTileRows = 14;
#elif defined(__AVX2__)
inline constexpr int kVectorBytes = 32, kTileRows = 6;
#elif defined(__ARM_NEON)
inline constexpr int kVectorBytes = 16, kTileRows = 14;
#else
inline constexpr int kVectorBytes = 16, kTileRows = 6;
#endif

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(kVectorBytes)));
};
template <class T>
using Vector = typename VectorOf<T>::type;
template <class T>
inline constexpr int kLanes = kVectorBytes / sizeof(T);

// The first `count` lanes, from or to memory of any alignment; the other lanes are zero, or not stored.
template <class T>
inline Vector<T> load(const T* from, Index count = kLanes<T>) {
  Vector<T> x{};
  if (count >= kLanes<T>)
    __builtin_memcpy(&x, from, sizeof(x));
  else if (count > 0)
    __builtin_memcpy(&x, from, count * sizeof(T));
  return x;
}

template <class T>
inline void store(T* to, Vector<T> x, Index count = kLanes<T>) {
  if (count >= kLanes<T>)
    __builtin_memcpy(to, &x, sizeof(x));
  else if (count > 0)
    __builtin_memcpy(to, &x, count * sizeof(T));
}

// The last `count` elements before `end` in the last lanes, zeros in the others. Reads a whole vector before `end`.
template <class T>
inline Vector<T> load_last(const T* end, Index count) {
  using Bits = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
  static constexpr auto masks = [] {
    std::array<Bits, 2 * kLanes<T>> bits{};
    for (int l = kLanes<T>; l < 2 * kLanes<T>; ++l) bits[l] = -1;
    return bits;
  }();
  return std::bit_cast<Vector<T>>(std::bit_cast<Vector<Bits>>(load(end - kLanes<T>)) & load(masks.data() + count));
}

// Of the lanes of a and b in turn, those whose number has bit S or, if not High, has it not.
template <int S, bool High, class Vec, int... L>
inline Vec exchange(Vec a, Vec b, std::integer_sequence<int, L...>) {
  constexpr int lanes = sizeof...(L);
  if constexpr (High)
    return __builtin_shufflevector(a, b, (L & S ? lanes + L : L | S)...);
  else
    return __builtin_shufflevector(a, b, (L & S ? lanes + (L ^ S) : L)...);
}

// Transposes a square of kLanes rows: step S exchanges the off-diagonal quarters of each square of 2S x 2S.
template <class T, int S = 1>
inline void transpose(Vector<T> (&rows)[kLanes<T>]) {
  constexpr std::make_integer_sequence<int, kLanes<T>> lanes;
  GRADUS_UNROLL
  for (int i = 0; i < kLanes<T>; ++i) {
    if (i & S) continue;
    const Vector<T> a = rows[i], b = rows[i | S];
    rows[i] = exchange<S, false>(a, b, lanes);
    rows[i | S] = exchange<S, true>(a, b, lanes);
  }
  if constexpr (2 * S < kLanes<T>) transpose<T, 2 * S>(rows);
}

// --- the tile of two panels
// ----------------------------------------------------------------------------------------------

// Lines of an operand, rows of op(a) or columns of op(b), side by side: element p of line i is data[p * step + i].
template <class T>
struct Panel {
  const T* data;
  Index step;
};

// Where a tile's sums go: `columns` columns of c from `column` on.
template <class T>
struct Target {
  T* c;          // the tile's first element
  Index stride;  // from row to row
  Index column, columns;
  bool add;   // c holds the sums over earlier blocks of k
  bool last;  // there is no later block: apply the epilogue
};

// The epilogue maps finished sums: Vector<T> operator()(Vector<T> sums, Index column, Index count), where lane l
// belongs to column + l and `count` lanes are of use. `next` is what a later tile will read: each step fetches a vector
// of it.
template <class T, int Rows, int Vectors, class Epilogue>
void panel_tile(Index k, Panel<T> a, Panel<T> b, Panel<T> next, const Target<T>& target, const Epilogue& epilogue) {
  constexpr int lanes = kLanes<T>;
  Vector<T> acc[Rows][Vectors];
  GRADUS_UNROLL
  for (int i = 0; i < Rows; ++i) {
    GRADUS_UNROLL
    for (int v = 0; v < Vectors; ++v) {
      acc[i][v] = Vector<T>{};
      __builtin_prefetch(target.c + i * target.stride + v * lanes, 1);
    }
  }
  for (Index p = 0; p < k; ++p) {
    __builtin_prefetch(next.data + p * next.step);
    Vector<T> right[Vectors];
    GRADUS_UNROLL
    for (int v = 0; v < Vectors; ++v) right[v] = load(b.data + v * lanes);
    GRADUS_UNROLL
    for (int i = 0; i < Rows; ++i) {
      GRADUS_UNROLL
      for (int v = 0; v < Vectors; ++v) acc[i][v] += a.data[i] * right[v];
    }
    a.data += a.step;
    b.data += b.step;
  }
  const auto finish = [&](Index i, Index j, Vector<T> sums, Index count) {
    T* c = target.c + i * target.stride + j;
    if (target.add) sums += load(c, count);
    store(c, target.last ? epilogue(sums, target.column + j, count) : sums, count);
  };
  if (target.columns >= Vectors * lanes) {
    GRADUS_UNROLL
    for (int i = 0; i < Rows; ++i) {
      GRADUS_UNROLL
      for (int v = 0; v < Vectors; ++v) finish(i, v * lanes, acc[i][v], lanes);
    }
  } else {  // by way of memory, lest the partial loads and stores weigh on the registers of the whole tile
    T sums[Rows][Vectors * lanes];
    __builtin_memcpy(sums, acc, sizeof(sums));
    for (int i = 0; i < Rows; ++i)
      for (int j = 0; j < target.columns; j += lanes) finish(i, j, load(sums[i] + j), target.columns - j);
  }
}

// The sums over k of Rows lines of a, each along k and `line` elements from the last, with the panel b, written as
// columns: what belongs to line i and lane j goes to c[j * stride + i], and the epilogue's columns are the lines. So an
// operand that is used a few times only, a weight in a small batch, is read where it lies.
template <class T, int Rows, int Vectors, class Epilogue>
void line_tile(Index k, const T* a, Index line, Panel<T> b, Panel<T> next, const Target<T>& target,
               const Epilogue& epilogue) {
  constexpr int lanes = kLanes<T>;
  const T* lines[Rows];
  Vector<T> acc[Rows][Vectors];
  GRADUS_UNROLL
  for (int i = 0; i < Rows; ++i) {
    lines[i] = a + i * line;
    GRADUS_UNROLL
    for (int v = 0; v < Vectors; ++v) acc[i][v] = Vector<T>{};
  }
  for (Index p = 0; p < k; ++p) {
    __builtin_prefetch(next.data + p * next.step);
    Vector<T> right[Vectors];
    GRADUS_UNROLL
    for (int v = 0; v < Vectors; ++v) right[v] = load(b.data + v * lanes);
    GRADUS_UNROLL
    for (int i = 0; i < Rows; ++i) {
      GRADUS_UNROLL
      for (int v = 0; v < Vectors; ++v) acc[i][v] += lines[i][p] * right[v];
    }
    b.data += b.step;
  }
  for (int v = 0; v < Vectors; ++v) {
    GRADUS_UNROLL
    for (int first = 0; first < Rows; first += lanes) {  // squares of the sums, transposed
      constexpr int most = Rows < lanes ? Rows : lanes;
      const int count = std::min(most, Rows - first);
      Vector<T> square[lanes];
      GRADUS_UNROLL
      for (int i = 0; i < lanes; ++i) square[i] = i < count ? acc[first + i][v] : Vector<T>{};
      transpose<T>(square);
      const Index columns = std::min<Index>(lanes, target.columns - v * lanes);
      for (int j = 0; j < columns; ++j) {
        T* c = target.c + (v * lanes + j) * target.stride + first;
        Vector<T> sums = square[j];
        if (target.add) sums += load(c, count);
        store(c, target.last ? epilogue(sums, target.column + first, count) : sums, count);
      }
    }
  }
}

// Runs the line_tile of `rows` rows, 1 to kTileRows.
template <class T, class Epilogue>
void run_line_tile(Index rows, Index k, const T* a, Index line, Panel<T> b, Panel<T> next, const Target<T>& target,
                   const Epilogue& epilogue) {
  using Tile = void (*)(Index, const T*, Index, Panel<T>, Panel<T>, const Target<T>&, const Epilogue&);
  static constexpr auto tiles = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array<std::array<Tile, 2>, kTileRows>{
        {{&line_tile<T, I + 1, 1, Epilogue>, &line_tile<T, I + 1, 2, Epilogue>}...}};
  }
  (std::make_integer_sequence<int, kTileRows>{});
  tiles[rows - 1][target.columns > kLanes<T>](k, a, line, b, next, target, epilogue);
}

// Runs the panel_tile of `rows` rows, 1 to kTileRows.
template <class T, class Epilogue>
void run_panel_tile(Index rows, Index k, Panel<T> a, Panel<T> b, Panel<T> next, const Target<T>& target,
                    const Epilogue& epilogue) {
  using Tile = void (*)(Index, Panel<T>, Panel<T>, Panel<T>, const Target<T>&, const Epilogue&);
  static constexpr auto tiles = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array<std::array<Tile, 2>, kTileRows>{
        {{&panel_tile<T, I + 1, 1, Epilogue>, &panel_tile<T, I + 1, 2, Epilogue>}...}};
  }
  (std::make_integer_sequence<int, kTileRows>{});
  tiles[rows - 1][target.columns > kLanes<T>](k, a, b, next, target, epilogue);
}

// --- the tile of dot products
// --------------------------------------------------------------------------------------------

struct Range {
  Index begin, end;
  Index size() const { return end - begin; }
};

// The first Rows x kLanes / Rows elements of c[rows, columns] (or what there is of them) from a [m, k] and b [n, k].
// Transposing the square of the accumulators turns their sums over lanes into plain additions. Lines past the end of a
// range repeat its last one and are not stored. k must be kLanes or more.
template <class T, int Rows, class Epilogue>
void dot_tile(Index k, const T* a, Range rows, const T* b, Range columns, T* c, Index stride,
              const Epilogue& epilogue) {
  constexpr int lanes = kLanes<T>, Columns = lanes / Rows;
  const T *left[Rows], *right[Columns];
  for (int i = 0; i < Rows; ++i) left[i] = a + std::min(rows.begin + i, rows.end - 1) * k;
  for (int j = 0; j < Columns; ++j) right[j] = b + std::min(columns.begin + j, columns.end - 1) * k;
  Vector<T> acc[lanes];
  GRADUS_UNROLL
  for (int l = 0; l < lanes; ++l) acc[l] = Vector<T>{};
  const auto multiply = [&](auto&& vector_of) {
    Vector<T> y[Columns];
    GRADUS_UNROLL
    for (int j = 0; j < Columns; ++j) y[j] = vector_of(right[j]);
    GRADUS_UNROLL
    for (int i = 0; i < Rows; ++i) {
      const Vector<T> x = vector_of(left[i]);
      GRADUS_UNROLL
      for (int j = 0; j < Columns; ++j) acc[i * Columns + j] += x * y[j];
    }
  };
  Index p = 0;
  for (; p + lanes <= k; p += lanes) multiply([&](const T* line) { return load(line + p); });
  if (p < k) multiply([&](const T* line) { return load_last(line + k, k - p); });
  transpose<T>(acc);
  GRADUS_UNROLL
  for (int l = 1; l < lanes; ++l) acc[0] += acc[l];
  T sums[2 * lanes] = {};  // twice, so that a whole vector can be read from each row
  store(sums, acc[0]);
  const Index count = std::min<Index>(Columns, columns.size());
  for (Index i = 0; i < std::min<Index>(Rows, rows.size()); ++i)
    store(c + (rows.begin + i) * stride + columns.begin, epilogue(load(sums + i * Columns), columns.begin, count),
          count);
}

}  // namespace gradus::kernels::gemm
