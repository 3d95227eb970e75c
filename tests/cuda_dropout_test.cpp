// Dropout on the GPU against the CPU, to the bit.
#include <gradus/kernels/dropout.h>

#include "cuda_arrays.h"

namespace gradus::kernels {
namespace {

template <class T>
void check_dropout(Index n, Index offset, double p) {
  CAPTURE(n, offset, p, sizeof(T));
  const Dropout mask(p, {0x123456789abcdef, 0xfffffffe});  // the counters pass from the lower word to the upper one
  const std::vector<T> x = random_values<T>(n, -2, 2);
  const OnGpu<T> x_gpu(x, offset);
  const auto y = in_every_order("dropout_kernel", [&] {
    const OnGpu<T> y_gpu(n, offset);
    dropout(Cuda{}, mask, n, x_gpu.data(), y_gpu.data());
    return y_gpu.values();
  });
  std::vector<T> want(n);
  dropout(Cpu{}, mask, n, x.data(), want.data());
  CHECK(same_bits(y, want));
}

TEST_CASE("dropout on the GPU drops what the CPU drops, to the bit", "[cuda_dropout]") {
  for (const Index n : {0, 1, 2, 3, 4, 5, 31, 257, 1023, 1024, 5000}) {
    for (const Index offset : {0, 1}) {
      for (const double p : {0.25, 1.0}) {
        check_dropout<float>(n, offset, p);
        check_dropout<double>(n, offset, p);
      }
    }
  }
}

}  // namespace
}  // namespace gradus::kernels
