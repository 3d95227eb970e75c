// The register tiles of convolution, on the vectors of matmul_tile.h.
//
// pixel_tile: some output pixels by up to four vectors of channels stay in registers while the taps and the input
// channels run,
//
//   acc[i][v] += x[i][k] * w[k][v]          x broadcast, in place; w packed; each step one fused multiply-add
//
// channel_tile: some channels of one map by some vectors of channels of another, while pixels run,
//
//   acc[i][v] += a[pixel][i] * b[pixel][v]
#pragma once
#include <gradus/kernels/matmul_tile.h>

namespace gradus::kernels::conv {

using gemm::kLanes;
using gemm::load;
using gemm::store;
using gemm::Vector;

// The widest panel of channels, in vectors, and how many rows fit beside it: acc, b and a broadcast fill the registers.
#if defined(__AVX512F__) || defined(__ARM_NEON)
inline constexpr int kVectors = 4;
constexpr int rows_beside(int vectors) { return vectors == 4 ? 6 : vectors == 3 ? 8 : 12; }
#else
inline constexpr int kVectors = 2;
constexpr int rows_beside(int) { return 6; }
#endif

// Calls f.template operator()<V>() for V = vectors, 1 to kVectors.
template <class F>
void with_vectors(int vectors, F&& f) {
  [&]<int... V>(std::integer_sequence<int, V...>) {
    ((vectors == V + 1 ? f.template operator()<V + 1>() : void()), ...);
  }
  (std::make_integer_sequence<int, kVectors>{});
}

// The sums' loop: `lines` lines of taps, each a run of `depth` numbers side by side, in the map and in the weights.
struct Taps {
  Index lines, depth;
  Index pitch, weight_pitch;  // from line to line, in elements
};

// to[i][0 .. columns) = bias + the sums for the pixel that starts to read at from[i]. Weights: whole vectors; bias:
// whole vectors, or null.
template <class T, int Rows, int Vectors>
void pixel_tile(const T* const* from, const Taps& taps, const T* weights, const T* bias, T* const* to, Index columns) {
  constexpr int lanes = kLanes<T>;
  Vector<T> acc[Rows][Vectors];
  GRADUS_UNROLL
  for (int i = 0; i < Rows; ++i) {
    GRADUS_UNROLL
    for (int v = 0; v < Vectors; ++v) acc[i][v] = bias ? load(bias + v * lanes) : Vector<T>{};
  }
  for (Index line = 0; line < taps.lines; ++line) {
    const T* a[Rows];
    GRADUS_UNROLL
    for (int i = 0; i < Rows; ++i) a[i] = from[i] + line * taps.pitch;
    const T* b = weights + line * taps.weight_pitch;
    for (Index k = 0; k < taps.depth; ++k, b += Vectors * lanes) {
      Vector<T> right[Vectors];
      GRADUS_UNROLL
      for (int v = 0; v < Vectors; ++v) right[v] = load(b + v * lanes);
      GRADUS_UNROLL
      for (int i = 0; i < Rows; ++i) {
        GRADUS_UNROLL
        for (int v = 0; v < Vectors; ++v) acc[i][v] += a[i][k] * right[v];
      }
    }
  }
  if (columns >= Vectors * lanes) {
    GRADUS_UNROLL
    for (int i = 0; i < Rows; ++i) {
      GRADUS_UNROLL
      for (int v = 0; v < Vectors; ++v) store(to[i] + v * lanes, acc[i][v]);
    }
  } else {  // by way of memory, lest the partial stores weigh on the registers of the whole tile
    T sums[Rows][Vectors * lanes];
    __builtin_memcpy(sums, acc, sizeof(sums));
    for (int i = 0; i < Rows; ++i) std::copy(sums[i], sums[i] + columns, to[i]);
  }
}

// Pixels in three nested loops, the innermost last, and how both maps step there.
struct Pixels {
  Index count[3], a_step[3], b_step[3];
};

// c[i][0 .. columns) += the sums over the pixels. b: whole vectors at each pixel.
template <class T, int Rows, int Vectors>
void channel_tile(const Pixels& pixels, const T* a, const T* b, T* c, Index stride, Index columns) {
  constexpr int lanes = kLanes<T>;
  Vector<T> acc[Rows][Vectors];
  GRADUS_UNROLL
  for (int i = 0; i < Rows; ++i) {
    GRADUS_UNROLL
    for (int v = 0; v < Vectors; ++v) acc[i][v] = Vector<T>{};
  }
  const Index a_step = pixels.a_step[2], b_step = pixels.b_step[2];
  for (Index outer = 0; outer < pixels.count[0]; ++outer) {
    for (Index middle = 0; middle < pixels.count[1]; ++middle) {
      const T* left = a + outer * pixels.a_step[0] + middle * pixels.a_step[1];
      const T* top = b + outer * pixels.b_step[0] + middle * pixels.b_step[1];
      for (Index inner = 0; inner < pixels.count[2]; ++inner, left += a_step, top += b_step) {
        Vector<T> right[Vectors];
        GRADUS_UNROLL
        for (int v = 0; v < Vectors; ++v) right[v] = load(top + v * lanes);
        GRADUS_UNROLL
        for (int i = 0; i < Rows; ++i) {
          GRADUS_UNROLL
          for (int v = 0; v < Vectors; ++v) acc[i][v] += left[i] * right[v];
        }
      }
    }
  }
  if (columns >= Vectors * lanes) {
    GRADUS_UNROLL
    for (int i = 0; i < Rows; ++i) {
      GRADUS_UNROLL
      for (int v = 0; v < Vectors; ++v) {
        T* to = c + i * stride + v * lanes;
        store(to, load(to) + acc[i][v]);
      }
    }
  } else {
    T sums[Rows][Vectors * lanes];
    __builtin_memcpy(sums, acc, sizeof(sums));
    for (int i = 0; i < Rows; ++i)
      for (Index j = 0; j < columns; ++j) c[i * stride + j] += sums[i][j];
  }
}

// Runs the channel_tile of `rows` rows, 1 to rows_beside(Vectors).
template <class T, int Vectors>
void run_channel_tile(Index rows, const Pixels& pixels, const T* a, const T* b, T* c, Index stride, Index columns) {
  using Tile = void (*)(const Pixels&, const T*, const T*, T*, Index, Index);
  static constexpr auto tiles = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array<Tile, sizeof...(I)>{&channel_tile<T, I + 1, Vectors>...};
  }
  (std::make_integer_sequence<int, rows_beside(Vectors)>{});
  tiles[rows - 1](pixels, a, b, c, stride, columns);
}

}  // namespace gradus::kernels::conv
