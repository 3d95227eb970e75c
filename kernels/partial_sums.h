// How the CPU sums a long row: f(i) over fixed pieces, then the pieces' sums, in order. Losses and reductions share it.
#pragma once
#include <vector>

#include <gradus/kernels/parallel.h>

namespace gradus::kernels {

inline constexpr Index sum_piece = 4096;  // elements summed in one go

// f(begin) + ... + f(end - 1), in lanes of their own that are added at the end. As many on every processor: the result
// does not depend on its vectors' width. Loads of neighbours stay loads where the lanes are the inner loop; with a
// reduction over the outer one, GCC 12 gathers.
template <class T, class F>
T sum_of_piece(Index begin, Index end, F&& f) {
  constexpr Index lanes = 32;
  T sums[lanes] = {};
  Index i = begin;
  for (; i + lanes <= end; i += lanes) {
#pragma omp simd
    for (Index lane = 0; lane < lanes; ++lane) sums[lane] += f(i + lane);
  }
  for (Index lane = 0; i < end; ++lane, ++i) sums[lane] += f(i);
  for (Index half = lanes / 2; half > 0; half /= 2) {
    for (Index lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  }
  return sums[0];
}

// f(0) + ... + f(n - 1), the same for any number of threads
template <class T, class F>
T sum_in_pieces(Index n, F&& f) {
  if (n <= sum_piece) return sum_of_piece<T>(0, n, f);
  const Index pieces = (n + sum_piece - 1) / sum_piece;
  std::vector<T> partial(pieces);
  constexpr Index together = 4;  // pieces a chunk
  parallel_ranges(pieces, together, [&](Index begin, Index end) {
    for (Index p = begin; p < end; ++p)
      partial[p] = sum_of_piece<T>(p * sum_piece, std::min(n, (p + 1) * sum_piece), f);
  });
  return sum_of_piece<T>(0, pieces, [&](Index p) { return partial[p]; });
}

}  // namespace gradus::kernels
