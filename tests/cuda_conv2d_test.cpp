// Convolution on the GPU and its gradients against plain loops in double, at extents that cut every tile.
#include <gradus/kernels/conv2d.h>

#include "conv2d_reference.h"
#include "cuda_arrays.h"

namespace gradus::kernels {
namespace {

// Whether got agrees to what sums of `terms` products may lose: 4 sqrt(terms) eps times the largest sum|a b|.
template <class T>
void check_sums(const std::vector<T>& got, const std::vector<double>& want, const std::vector<double>& size,
                Index terms) {
  const double bound = 4 * std::sqrt(static_cast<double>(terms + 1)) *
                       static_cast<double>(std::numeric_limits<T>::epsilon()) * largest_magnitude(size);
  if (const double error = largest_error(got, want); !(error <= bound)) CHECK(error <= bound);
}

template <class T>
void check_convolution(const ConvExtents& e, bool with_bias, long joined = -1, const std::string& tile = "") {
  CAPTURE(e.n, e.c, e.h, e.w, e.out_c, e.out_h, e.out_w, e.kernel_h, e.kernel_w, e.stride_h, e.stride_w, e.pad_h,
          e.pad_w, with_bias, sizeof(T));
  const auto x = random_values<T>(e.n * e.h * e.w * e.c, -1, 1, 1), bias = random_values<T>(e.out_c, -1, 1, 3);
  const auto w = random_values<T>(e.kernel_h * e.kernel_w * e.c * e.out_c, -1, 1, 2);
  const auto dy = random_values<T>(e.n * e.out_h * e.out_w * e.out_c, -1, 1, 4);
  const OnGpu<T> x_gpu(x), w_gpu(w, 1), bias_gpu(bias), dy_gpu(dy, 1);
  const auto wide = [](const std::vector<T>& v) { return converted<double>(v); };
  ConvSums want = conv_sums(e, wide(x), wide(w), wide(dy)), size = conv_sums(e, wide(x), wide(w), wide(dy), true);
  for (std::size_t i = 0; with_bias && i < dy.size(); ++i) {
    want.y[i] += static_cast<double>(bias[i % e.out_c]);
    size.y[i] += std::abs(static_cast<double>(bias[i % e.out_c]));
  }
  const Index taps = e.kernel_h * e.kernel_w;
  const auto y = in_every_order("conv2d_kernel", [&] {
    const OnGpu<T> out(static_cast<Index>(dy.size()));
    conv2d<T>(Cuda{}, e, x_gpu.data(), w_gpu.data(), with_bias ? bias_gpu.data() : nullptr, out.data());
    if (launched_kernels().find(tile) == std::string::npos) CHECK(launched_kernels() == tile);
    return out.values();
  });
  check_sums(y, want.y, size.y, taps * e.c);
  const auto dx = in_every_order("conv2d_kernel", [&] {
    const OnGpu<T> out(static_cast<Index>(x.size()));
    conv2d_input_grad<T>(Cuda{}, e, dy_gpu.data(), w_gpu.data(), out.data());
    return out.values();
  });
  check_sums(dx, want.dx, size.dx, taps * e.out_c);
  const auto dw = in_every_order(
      "conv2d_weight_grad_kernel",
      [&] {
        const OnGpu<T> out(static_cast<Index>(w.size()));
        conv2d_weight_grad<T>(Cuda{}, e, x_gpu.data(), dy_gpu.data(), out.data());
        if (joined >= 0 && kernel_launches("conv2d_join_kernel") != joined) {
          CHECK(kernel_launches("conv2d_join_kernel") == joined);
        }
        return out.values();
      },
      w.empty() ? 0 : 1);
  check_sums(dw, want.dw, size.dw, e.n * e.out_h * e.out_w);
}

TEST_CASE("convolution on the GPU and its gradients are right at ragged extents", "[cuda_conv2d]") {
  bool with_bias = true;
  for (const ConvExtents& e : ragged_convolutions()) {
    check_convolution<float>(e, with_bias);
    check_convolution<double>(e, !with_bias);
    with_bias = !with_bias;
  }
}

TEST_CASE("convolution on the GPU cuts the pixels of the weight gradient into parts", "[cuda_conv2d]") {
  check_convolution<float>(conv_extents(9, 3, 7, 8, 5, 3, 3, 1, 1, 1, 1), true, 1);
  check_convolution<double>(conv_extents(33, 5, 4, 5, 66, 2, 3, 1, 1, 1, 1), false, 1);
  check_convolution<float>(conv_extents(3, 5, 4, 5, 66, 2, 3, 1, 1, 1, 1), false, 0);
}

TEST_CASE("convolution on the GPU takes the large tiles where there are enough", "[cuda_conv2d]") {
  check_convolution<float>(conv_extents(14, 2, 33, 40, 65, 2, 2, 1, 1, 1, 0), true, -1, "128");
}

}  // namespace
}  // namespace gradus::kernels
