// Sums of a few lines with weights, whose places are known beforehand: what upsampling comes to. For the CPU's sources.
#pragma once
#include <vector>

#include <gradus/kernels/matmul_tile.h>

namespace gradus::kernels {

// Output i is the sum of weight * the line that starts at `at`, over the parts [start[i], start[i + 1]).
template <class T>
struct WeightedSums {
  struct Part {
    Index at;
    T weight;
  };
  std::vector<Index> start{0};
  std::vector<Part> parts;

  void add(Index at, double weight) {  // to the output that is being made
    if (weight != 0) parts.push_back({at, T(weight)});
  }
  void close() { start.push_back(static_cast<Index>(parts.size())); }
  Index size() const { return static_cast<Index>(start.size()) - 1; }
  const Part* begin(Index i) const { return parts.data() + start[i]; }
  const Part* end(Index i) const { return parts.data() + start[i + 1]; }
};

// y[0 .. n) = base + sum i of x, in whole vectors: what it reads and writes goes up to the next multiple of kLanes.
// base is null for zeros.
template <class T>
void sum_vectors(const WeightedSums<T>& sums, Index i, const T* x, Index n, const T* base, T* y) {
  constexpr Index lanes = gemm::kLanes<T>;
  const auto* const begin = sums.begin(i);
  const auto* const end = sums.end(i);
  const auto run = [&]<int V>(Index at) {
    gemm::Vector<T> acc[V];
    GRADUS_UNROLL
    for (int v = 0; v < V; ++v) acc[v] = base ? gemm::load(base + at + v * lanes) : gemm::Vector<T>{};
    for (const auto* part = begin; part != end; ++part) {
      const T* from = x + part->at + at;
      GRADUS_UNROLL
      for (int v = 0; v < V; ++v) acc[v] += part->weight * gemm::load(from + v * lanes);
    }
    GRADUS_UNROLL
    for (int v = 0; v < V; ++v) gemm::store(y + at + v * lanes, acc[v]);
  };
  Index at = 0;
  for (; at + 3 * lanes < n; at += 4 * lanes) run.template operator()<4>(at);
  for (; at < n; at += lanes) run.template operator()<1>(at);
}

}  // namespace gradus::kernels
