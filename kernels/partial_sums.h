// How the CPU sums a long row: f(i) over fixed pieces, then the pieces' sums, in order. Losses and reductions share it.
#pragma once
#include <vector>

#include <gradus/kernels/parallel.h>

namespace gradus::kernels {

inline constexpr Index sum_piece = 4096;  // elements summed in one go

// f(begin) + ... + f(end - 1), in vector lanes
template <class T, class F>
T sum_of_piece(Index begin, Index end, F&& f) {
  T total = 0;
#pragma omp simd reduction(+ : total)
  for (Index i = begin; i < end; ++i) total += f(i);
  return total;
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
