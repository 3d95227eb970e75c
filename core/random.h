// Generator and what is drawn from it: uniform and normal numbers, integers, permutations.
//
// The bits come from Philox4x32-10 (kernels/philox.h), keyed by seed and element, so that a draw does not depend on the
// device, the launch shape or the number of threads. A draw of n elements advances the generator's offset by ceil(n/4)
// counters for float32 and by ceil(n/2) for float64 and int64: no two draws overlap. What draws for an op
// (dropout) is in ops.h.
#pragma once
#include <cstdint>

#include <gradus/core/tensor.h>

namespace gradus {

struct Generator {
  std::uint64_t seed = 0;
  std::uint64_t offset = 0;  // the next unused counter

  explicit Generator(std::uint64_t s = 0) : seed(s) {}
  Generator(const Generator&) = default;
  Generator& operator=(const Generator&) = default;
  ~Generator();  // says so to a step that is being recorded (step_graph.h)
};

Generator& default_generator();        // each thread has its own
void manual_seed(std::uint64_t seed);  // starts this thread's default generator anew

Tensor rand(const Shape& shape, TensorOptions options = {},
            Generator& from = default_generator());  // uniform in [0, 1)
Tensor randn(const Shape& shape, TensorOptions options = {},
             Generator& from = default_generator());  // normal, mean 0, deviation 1
// Integers in [low, high), int64. Throws Error unless low < high.
Tensor randint(Index low, Index high, const Shape& shape, Generator& from = default_generator());
Tensor randperm(Index n, Generator& from = default_generator());  // the numbers 0 to n-1, shuffled; int64 on the CPU

// In place, under NoGrad only.
Tensor& uniform_(Tensor& t, double low = 0, double high = 1, Generator& from = default_generator());  // in [low, high)
Tensor& normal_(Tensor& t, double mean = 0, double std = 1, Generator& from = default_generator());

}  // namespace gradus
