// The matrix product on the GPU against the CPU's in float64, at extents that cut every tile.
#include <gradus/kernels/map.h>
#include <gradus/kernels/matmul.h>

#include "cuda_arrays.h"

namespace gradus::kernels {
namespace {

template <class T>
void check_product(Index m, Index n, Index k, int form, bool is_cut) {
  const bool transpose_a = form & 1, transpose_b = form & 2, with_bias = form & 4;
  CAPTURE(m, n, k, transpose_a, transpose_b, with_bias, sizeof(T));
  const std::vector<T> a = random_values<T>(m * k, -1, 1, 1), b = random_values<T>(k * n, -1, 1, 2),
                       bias = random_values<T>(n, -1, 1, 3);
  const OnGpu<T> a_gpu(a), b_gpu(b, 1), bias_gpu(bias);
  const auto c = in_every_order(
      "matmul_kernel",
      [&] {
        const OnGpu<T> c_gpu(m * n);
        matmul<T>(Cuda{}, m, n, k, a_gpu.data(), transpose_a, b_gpu.data(), transpose_b,
                  with_bias ? bias_gpu.data() : nullptr, c_gpu.data());
        if (wrote_scratch() != is_cut) CHECK(wrote_scratch() == is_cut);
        if (kernel_launches("add_bias_kernel") != 0) CHECK(kernel_launches("add_bias_kernel") == 0);
        return c_gpu.values();
      },
      m * n > 0);
  std::vector<double> wide_a = converted<double>(a), wide_b = converted<double>(b), wide_bias = converted<double>(bias);
  std::vector<double> want(m * n), magnitude(m * n);
  const auto product = [&](std::vector<double>& y) {
    matmul<double>(Cpu{}, m, n, k, wide_a.data(), transpose_a, wide_b.data(), transpose_b,
                   with_bias ? wide_bias.data() : nullptr, y.data());
  };
  product(want);
  for (auto* operand : {&wide_a, &wide_b, &wide_bias}) {
    for (double& v : *operand) v = std::abs(v);
  }
  product(magnitude);
  const double bound = 4 * std::sqrt(std::max<double>(1, static_cast<double>(k))) *
                       static_cast<double>(std::numeric_limits<T>::epsilon()) * largest_magnitude(magnitude);
  if (const double error = largest_error(c, want); !(error <= bound)) CHECK(error <= bound);
}

template <class T>
void check_all_forms(Index m, Index n, Index k, bool is_cut) {
  for (int form = 0; form < 8; ++form) check_product<T>(m, n, k, form, is_cut);
}

TEST_CASE("matmul on the GPU is right at ragged extents, in all forms", "[cuda_matmul]") {
  const Index extents[] = {0, 1, 31, 32, 33, 64, 65};
  for (const Index m : extents)
    for (const Index n : extents)
      for (const Index k : {0, 1, 15, 16, 17, 33}) {
        if ((m * 7 + n * 3 + k) % 4 == 1) continue;  // three quarters of them
        const int form = static_cast<int>((m + n + k) % 8);
        check_product<float>(m, n, k, form, false);
        check_product<double>(m, n, k, 7 - form, false);
      }
  check_all_forms<float>(65, 33, 31, false);
  check_all_forms<double>(33, 129, 17, false);
  check_all_forms<float>(1, 1, 1, false);
  check_all_forms<double>(1, 1, 128, false);
}

TEST_CASE("matmul on the GPU cuts k where c has few tiles", "[cuda_matmul]") {
  check_all_forms<float>(1, 1, 129, true);
  check_all_forms<double>(10, 33, 257, true);
  check_all_forms<float>(33, 65, 1000, true);
  check_all_forms<double>(100, 70, 400, true);
}

TEST_CASE("matmul on the GPU is right at the extents of lecture 20", "[cuda_matmul]") {
  check_product<double>(100, 1000, 784, 6, true);  // x w^T + b
  check_product<float>(100, 784, 1000, 0, true);   // dy w
  check_product<float>(1000, 784, 100, 1, false);  // dy^T x
  check_product<float>(100, 10, 400, 6, true);
}

TEST_CASE("matmul on the GPU takes the large tiles where there are enough", "[cuda_matmul]") {
  for (const int form : {0, 2, 4, 5}) {
    reset_kernel_launches();
    check_product<float>(1400, 1500, 9 + form, form, false);
    CHECK(launched_kernels().find("128") != std::string::npos);
  }
}

// The activation of a whole array, by a pass of its own.
template <class T, class Op, class Exec>
void activate(Exec exec, const Op& op, Index n, T* x) {
  if constexpr (Draws<Op>) {
    dropout(exec, op, n, x, x);
    if constexpr (std::is_same_v<Op, DropoutRelu>) map<Relu, T>(exec, Relu{}, n, x, x);
  } else {
    map<Op, T>(exec, op, n, x, x);
  }
}

// linear_activation against the CPU's matmul in float64 and op.value; to the bit against the GPU's own matmul and map.
template <class T, class Op>
void check_activation(const Op& op, Index m, Index n, Index k, bool with_bias, bool is_cut) {
  CAPTURE(m, n, k, with_bias, sizeof(T));
  const std::vector<T> x = random_values<T>(m * k, -1, 1, 1), w = random_values<T>(n * k, -1, 1, 2),
                       bias = random_values<T>(n, -1, 1, 3);
  const OnGpu<T> x_gpu(x), w_gpu(w, 1), bias_gpu(bias), z_gpu(m * n);
  const T* const row = with_bias ? bias_gpu.data() : nullptr;
  const auto y = in_every_order(
      "matmul_kernel",
      [&] {
        const OnGpu<T> y_gpu(m * n);
        linear_activation<T>(Cuda{}, m, n, k, x_gpu.data(), w_gpu.data(), row, op, y_gpu.data());
        CHECK(kernel_launches("add_bias_kernel") == (sizeof(T) == 8 && Draws<Op> ? 1 : 0));
        CHECK(wrote_scratch() == is_cut);
        CHECK(kernel_launches("map_kernel") == 0);
        CHECK(kernel_launches("dropout_kernel") == 0);
        return y_gpu.values();
      },
      1);
  matmul<T>(Cuda{}, m, n, k, x_gpu.data(), false, w_gpu.data(), true, row, z_gpu.data());
  activate<T>(Cuda{}, op, m * n, z_gpu.data());
  CHECK(same_bits(y, z_gpu.values()));
  const std::vector<double> wide_x = converted<double>(x), wide_w = converted<double>(w),
                            wide_bias = converted<double>(bias);
  std::vector<double> want(m * n);
  matmul<double>(Cpu{}, m, n, k, wide_x.data(), false, wide_w.data(), true, with_bias ? wide_bias.data() : nullptr,
                 want.data());
  activate<double>(Cpu{}, op, m * n, want.data());
  const double bound = 4 * static_cast<double>(k) * static_cast<double>(std::numeric_limits<T>::epsilon());
  CHECK(largest_error(y, want) <= bound);
}

TEST_CASE("linear_activation on the GPU applies each activation where c is written", "[cuda_matmul]") {
  const auto check_all = [](Index m, Index n, Index k, bool with_bias, bool is_cut) {
    check_activation<float>(Tanh{}, m, n, k, with_bias, is_cut);
    check_activation<double>(Tanh{}, m, n, k, with_bias, is_cut);
    check_activation<float>(Sigmoid{}, m, n, k, with_bias, is_cut);
    check_activation<double>(Sigmoid{}, m, n, k, with_bias, is_cut);
    check_activation<float>(Relu{}, m, n, k, with_bias, is_cut);
    check_activation<double>(Relu{}, m, n, k, with_bias, is_cut);
    check_activation<float>(LeakyRelu{0.1}, m, n, k, with_bias, is_cut);
    check_activation<double>(LeakyRelu{0.1}, m, n, k, with_bias, is_cut);
    const Dropout mask(0.25, {0x123456789abcdef, 0xfffffffe});
    check_activation<float>(mask, m, n, k, with_bias, is_cut);
    check_activation<double>(mask, m, n, k, with_bias, is_cut);
    check_activation<float>(DropoutRelu{mask}, m, n, k, with_bias, is_cut);
    check_activation<double>(DropoutRelu{mask}, m, n, k, with_bias, is_cut);
  };
  check_all(33, 65, 31, true, false);
  check_all(1, 1, 1, false, false);
  check_all(65, 33, 300, true, true);
  check_all(3, 70, 129, false, true);
  reset_kernel_launches();
  check_activation<float>(Tanh{}, 1400, 1500, 9, true, false);
  check_activation<float>(Dropout(0.5, {1, 2}), 1400, 1500, 5, true, false);
  CHECK(launched_kernels().find("128") != std::string::npos);  // the large tile
  const OnGpu<float> nothing(0);
  linear_activation<float>(Cuda{}, 0, 5, 3, nothing.data(), nothing.data(), nullptr, Relu{}, nothing.data());
  linear_activation<float>(Cuda{}, 5, 0, 3, nothing.data(), nothing.data(), nullptr, Relu{}, nothing.data());
  const OnGpu<float> bias(std::vector<float>{-1, 2}), y(4);
  linear_activation<float>(Cuda{}, 2, 2, 0, nothing.data(), nothing.data(), bias.data(), Relu{}, y.data());
  CHECK(y.values() == std::vector<float>{0, 2, 0, 2});  // an empty sum and the bias
}

// dw and db, one after the other, against the CPU's.
template <class T>
void check_weight_and_bias_grad(Index m, Index n, Index k, bool is_cut, bool in_one) {
  CAPTURE(m, n, k, sizeof(T));
  const std::vector<T> dy = random_values<T>(k * m, -1, 1, 1), x = random_values<T>(k * n, -1, 1, 2);
  const OnGpu<T> dy_gpu(dy), x_gpu(x, 1);
  const auto grads = in_every_order(
      "matmul_kernel",
      [&] {
        const OnGpu<T> dw(m * n), db(m);
        weight_and_bias_grad<T>(Cuda{}, m, n, k, dy_gpu.data(), x_gpu.data(), dw.data(), db.data());
        CHECK(wrote_scratch() == is_cut);
        CHECK(kernel_launches("reduce_columns_kernel") == (in_one ? 0 : 1));
        std::vector<T> both = dw.values(), sums = db.values();
        both.insert(both.end(), sums.begin(), sums.end());
        return both;
      },
      n > 0);
  const std::vector<double> wide_dy = converted<double>(dy), wide_x = converted<double>(x);
  std::vector<double> want(m * n + m);
  weight_and_bias_grad<double>(Cpu{}, m, n, k, wide_dy.data(), wide_x.data(), want.data(), want.data() + m * n);
  const double bound = 4 * static_cast<double>(k) * static_cast<double>(std::numeric_limits<T>::epsilon());
  CHECK(largest_error(grads, want) <= bound);
}

TEST_CASE("the gradients of a weight and its bias come out of one product on the GPU", "[cuda_matmul]") {
  const auto check_both = [](Index m, Index n, Index k, bool is_cut) {
    check_weight_and_bias_grad<float>(m, n, k, is_cut, true);
    check_weight_and_bias_grad<double>(m, n, k, is_cut, true);
  };
  check_both(1, 1, 1, false);
  check_both(33, 63, 17, false);  // the ones are a tile's last column,
  check_both(65, 64, 31, false);  // and a tile of their own
  check_both(3, 129, 0, false);
  check_both(70, 33, 300, true);
  check_both(10, 400, 1000, true);
  check_weight_and_bias_grad<float>(7, 0, 9, false, false);
  check_weight_and_bias_grad<float>(1400, 1500, 7, false, false);  // large tiles
}

TEST_CASE("matmul on the GPU lets NaN through where it belongs and nowhere else", "[cuda_matmul]") {
  const Index m = 65, n = 33, k = 300;
  std::vector<float> a = random_values<float>(m * k, -1, 1), b = random_values<float>(k * n, -1, 1);
  a[64 * k + 299] = NAN;
  const OnGpu<float> a_gpu(a), b_gpu(b), c_gpu(m * n);
  matmul<float>(Cuda{}, m, n, k, a_gpu.data(), false, b_gpu.data(), false, nullptr, c_gpu.data());
  const std::vector<float> c = c_gpu.values();
  Index wrong = 0;
  for (Index i = 0; i < m * n; ++i) wrong += std::isnan(c[i]) != (i / n == 64);
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace gradus::kernels
