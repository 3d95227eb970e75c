// Reductions, softmax and losses on the GPU against the CPU's in float64.
#include <gradus/kernels/losses.h>
#include <gradus/kernels/pointwise.h>
#include <gradus/kernels/reduce.h>
#include <gradus/kernels/softmax.h>

#include "cuda_arrays.h"

namespace gradus::kernels {
namespace {

struct Extents {
  Index outer, n, inner;
  const char* kernel;  // that reduces them
  bool in_pieces;
};

const Extents all_extents[] = {{1, 0, 1, "reduce_rows_kernel", false},       {0, 5, 1, "reduce_rows_kernel", false},
                               {5, 0, 3, "reduce_columns_kernel", false},    {1, 1, 1, "reduce_rows_kernel", false},
                               {3, 31, 1, "reduce_rows_kernel", false},      {8, 32, 1, "reduce_rows_kernel", false},
                               {9, 33, 1, "reduce_rows_kernel", false},      {33, 512, 1, "reduce_rows_kernel", false},
                               {2, 513, 1, "reduce_rows_kernel", false},     {3, 1000, 1, "reduce_rows_kernel", false},
                               {1, 8192, 1, "reduce_rows_kernel", false},    {1, 8193, 1, "reduce_rows_kernel", true},
                               {3, 20000, 1, "reduce_rows_kernel", true},    {1, 100000, 1, "reduce_rows_kernel", true},
                               {1, 1, 2, "reduce_columns_kernel", false},    {1, 5, 31, "reduce_columns_kernel", false},
                               {2, 7, 32, "reduce_columns_kernel", false},   {3, 8, 33, "reduce_columns_kernel", false},
                               {2, 64, 100, "reduce_columns_kernel", false}, {1, 65, 3, "reduce_columns_kernel", true},
                               {2, 1000, 40, "reduce_columns_kernel", true}};

template <class T>
void check_sum(const Extents& e, Index offset) {
  const std::vector<T> x = random_values<T>(e.outer * e.n * e.inner, -9, 9);
  const OnGpu<T> x_gpu(x, offset);
  const auto y = in_every_order(
      e.kernel,
      [&] {
        const OnGpu<T> y_gpu(e.outer * e.inner);
        sum(Cuda{}, e.outer, e.n, e.inner, x_gpu.data(), y_gpu.data());
        CHECK(wrote_scratch() == e.in_pieces);
        return y_gpu.values();
      },
      e.outer > 0);
  std::vector<double> wide = converted<double>(x), want(e.outer * e.inner), magnitude(e.outer * e.inner);
  sum(Cpu{}, e.outer, e.n, e.inner, wide.data(), want.data());
  for (double& v : wide) v = std::abs(v);
  sum(Cpu{}, e.outer, e.n, e.inner, wide.data(), magnitude.data());
  // Each of some 256 partial sums loses less than an element's share; what is left grows as the root of their length.
  const double eps = std::is_same_v<T, Index> ? 0 : static_cast<double>(std::numeric_limits<T>::epsilon());
  CHECK(largest_error(y, want) <= 4 * eps * largest_magnitude(magnitude));
}

// max and argmax, with ties
template <class T>
void check_largest(const Extents& e, std::vector<T> x) {
  if (e.n == 0) return;
  const OnGpu<T> x_gpu(x);
  const auto y = in_every_order(
      e.kernel,
      [&] {
        const OnGpu<T> y_gpu(e.outer * e.inner);
        max(Cuda{}, e.outer, e.n, e.inner, x_gpu.data(), y_gpu.data());
        CHECK(wrote_scratch() == e.in_pieces);
        return y_gpu.values();
      },
      e.outer > 0);
  const auto at = in_every_order(
      e.kernel,
      [&] {
        const OnGpu<Index> at_gpu(e.outer * e.inner);
        argmax(Cuda{}, e.outer, e.n, e.inner, x_gpu.data(), at_gpu.data());
        CHECK(wrote_scratch() == e.in_pieces);
        return at_gpu.values();
      },
      e.outer > 0);
  std::vector<T> want(e.outer * e.inner);
  std::vector<Index> want_at(e.outer * e.inner);
  max(Cpu{}, e.outer, e.n, e.inner, x.data(), want.data());
  argmax(Cpu{}, e.outer, e.n, e.inner, x.data(), want_at.data());
  CHECK(same_bits(y, want));
  CHECK(same_bits(at, want_at));
}

TEST_CASE("sums on the GPU agree with the CPU", "[cuda_reductions]") {
  for (const Extents& e : all_extents) {
    CAPTURE(e.outer, e.n, e.inner);
    for (const Index offset : {0, 1}) {
      check_sum<float>(e, offset);
      check_sum<double>(e, offset);
      check_sum<Index>(e, offset);
    }
  }
}

TEST_CASE("maxima and their positions on the GPU are the CPU's, with ties and NaN", "[cuda_reductions]") {
  for (const Extents& e : all_extents) {
    CAPTURE(e.outer, e.n, e.inner);
    const Index size = e.outer * e.n * e.inner;
    const std::vector<Index> tied = random_values<Index>(size, -3, 3);
    check_largest<float>(e, converted<float>(tied));
    check_largest<double>(e, random_values<double>(size, -9, -1));
    check_largest<Index>(e, tied);
    std::vector<double> holes = converted<double>(tied);
    for (Index i = 0; i < size; i += 1 + size / 3) holes[i] = NAN;
    check_largest<double>(e, holes);
    check_largest<float>(e, std::vector<float>(size, -INFINITY));
  }
}

// --- softmax ---

template <class T>
void check_softmax(Index outer, Index n, Index inner, double range) {
  CAPTURE(outer, n, inner, range, sizeof(T));
  const Index size = outer * n * inner;
  const std::vector<T> x = random_values<T>(size, -range, range), dy = random_values<T>(size, -1, 1, 2);
  const OnGpu<T> x_gpu(x), dy_gpu(dy);
  const std::vector<double> wide = converted<double>(x), wide_dy = converted<double>(dy);
  const double steps = 32;
  const auto check = [&](const char* forward, const char* backward, auto run, auto back) {
    const auto y = in_every_order(forward, [&] {
      const OnGpu<T> y_gpu(size);
      run(Cuda{}, x_gpu.data(), y_gpu.data());
      return y_gpu.values();
    });
    std::vector<double> want(size), want_dx(size);
    run(Cpu{}, wide.data(), want.data());
    CHECK(agree(y, want, steps));
    const OnGpu<T> y_gpu(y);
    const auto dx = in_every_order(backward, [&] {
      const OnGpu<T> dx_gpu(size);
      back(Cuda{}, y_gpu.data(), dy_gpu.data(), dx_gpu.data());
      return dx_gpu.values();
    });
    const std::vector<double> wide_y = converted<double>(y);
    back(Cpu{}, wide_y.data(), wide_dy.data(), want_dx.data());
    // dx may vanish where its terms, which are about as large as dy, do not.
    const double eps = static_cast<double>(std::numeric_limits<T>::epsilon());
    CHECK(largest_error(dx, want_dx) <= 4 * steps * eps * std::max(1.0, largest_magnitude(want_dx)));
  };
  check(
      "softmax_kernel", "softmax_back_kernel",
      [=](auto on, const auto* in, auto* out) { softmax(on, outer, n, inner, in, out); },
      [=](auto on, const auto* y, const auto* d, auto* out) { softmax_back(on, outer, n, inner, y, d, out); });
  check(
      "log_softmax_kernel", "log_softmax_back_kernel",
      [=](auto on, const auto* in, auto* out) { log_softmax(on, outer, n, inner, in, out); },
      [=](auto on, const auto* y, const auto* d, auto* out) { log_softmax_back(on, outer, n, inner, y, d, out); });
}

TEST_CASE("softmax and log_softmax on the GPU agree with the CPU, and so do their ways back", "[cuda_reductions]") {
  for (const double range : {3.0, 300.0}) {
    for (const auto& [outer, n, inner] : {std::array<Index, 3>{0, 10, 1},
                                          {3, 0, 1},
                                          {1, 1, 1},
                                          {31, 10, 1},
                                          {33, 31, 1},
                                          {8, 32, 1},
                                          {7, 33, 1},
                                          {2, 1024, 1},
                                          {2, 1025, 1},
                                          {1, 3000, 1},
                                          {1, 10, 2},
                                          {3, 31, 33},
                                          {257, 2, 3}}) {
      check_softmax<float>(outer, n, inner, range);
      check_softmax<double>(outer, n, inner, range);
    }
  }
}

TEST_CASE("softmax on the GPU treats infinities and NaN as the CPU does", "[cuda_reductions]") {
  const std::vector<double> x = {1, 2, -INFINITY, 3, NAN, 0, 1, 2, INFINITY, -INFINITY, -INFINITY, -INFINITY};
  const OnGpu<double> x_gpu(x);
  const OnGpu<double> y_gpu(12);
  log_softmax(Cuda{}, 4, 3, 1, x_gpu.data(), y_gpu.data());
  std::vector<double> want(12);
  log_softmax(Cpu{}, 4, 3, 1, x.data(), want.data());
  CHECK(agree(y_gpu.values(), want, 8));
}

// --- losses ---

struct Range {
  double low, high;
};

template <class Op, class T>
void check_elementwise_loss(Index n, Index offset, Range of_x, Range of_targets) {
  CAPTURE(n, offset, sizeof(T));
  const std::vector<T> x = random_values<T>(n, of_x.low, of_x.high);
  const std::vector<T> target = random_values<T>(n, of_targets.low, of_targets.high, 2);
  const T scale = T(1) / std::max<Index>(n, 1), dy = T(0.7);
  const OnGpu<T> x_gpu(x, offset), target_gpu(target, offset), dy_gpu(std::vector<T>{dy});
  const std::vector<double> wide = converted<double>(x), wide_target = converted<double>(target);
  const auto y = in_every_order(
      "elementwise_loss_kernel",
      [&] {
        const OnGpu<T> y_gpu(1);
        elementwise_loss<Op, T>(Cuda{}, n, scale, x_gpu.data(), target_gpu.data(), y_gpu.data());
        return y_gpu.values();
      },
      1);
  std::vector<double> want(1), want_dx(n);
  elementwise_loss<Op, double>(Cpu{}, n, scale, wide.data(), wide_target.data(), want.data());
  CHECK(agree(y, want, 16));
  const double wide_dy = static_cast<double>(dy);
  const auto dx = in_every_order("elementwise_loss_back_kernel", [&] {
    const OnGpu<T> dx_gpu(n, offset);
    elementwise_loss_back_x<Op, T>(Cuda{}, n, scale, x_gpu.data(), target_gpu.data(), dy_gpu.data(), dx_gpu.data());
    return dx_gpu.values();
  });
  elementwise_loss_back_x<Op, double>(Cpu{}, n, scale, wide.data(), wide_target.data(), &wide_dy, want_dx.data());
  CHECK(agree(dx, want_dx, 8));
  const auto dt = in_every_order("elementwise_loss_back_kernel", [&] {
    const OnGpu<T> dt_gpu(n, offset);
    elementwise_loss_back_t<Op, T>(Cuda{}, n, scale, x_gpu.data(), target_gpu.data(), dy_gpu.data(), dt_gpu.data());
    return dt_gpu.values();
  });
  elementwise_loss_back_t<Op, double>(Cpu{}, n, scale, wide.data(), wide_target.data(), &wide_dy, want_dx.data());
  CHECK(agree(dt, want_dx, 8));
}

template <class T>
void check_nll_loss(Index n, Index classes) {
  CAPTURE(n, classes, sizeof(T));
  const std::vector<T> log_probs = random_values<T>(n * classes, -5, 0);
  const std::vector<Index> target = random_values<Index>(n, 0, static_cast<double>(classes) - 0.01);
  const T scale = T(1) / std::max<Index>(n, 1), dy = T(0.7);
  const OnGpu<T> log_probs_gpu(log_probs), dy_gpu(std::vector<T>{dy});
  const OnGpu<Index> target_gpu(target);
  const std::vector<double> wide = converted<double>(log_probs);
  const auto y = in_every_order(
      "nll_loss_kernel",
      [&] {
        const OnGpu<T> y_gpu(1);
        nll_loss<T>(Cuda{}, n, classes, scale, log_probs_gpu.data(), target_gpu.data(), y_gpu.data());
        return y_gpu.values();
      },
      1);
  std::vector<double> want(1), want_dx(n * classes);
  nll_loss<double>(Cpu{}, n, classes, scale, wide.data(), target.data(), want.data());
  CHECK(agree(y, want, 16));
  const auto dx = in_every_order("nll_loss_back_kernel", [&] {
    const OnGpu<T> dx_gpu(n * classes);
    nll_loss_back<T>(Cuda{}, n, classes, scale, target_gpu.data(), dy_gpu.data(), dx_gpu.data());
    return dx_gpu.values();
  });
  const double wide_dy = static_cast<double>(dy);
  nll_loss_back<double>(Cpu{}, n, classes, scale, target.data(), &wide_dy, want_dx.data());
  CHECK(agree(dx, want_dx, 8));
}

TEST_CASE("losses on the GPU agree with the CPU, and so do their ways back", "[cuda_reductions]") {
  const Range real{-2, 2}, probability{0, 1};
  for (const Index n : {0, 1, 31, 32, 33, 257, 2048, 2049, 10000}) {
    for (const Index offset : {0, 1}) {
      check_elementwise_loss<OfDifference<Square>, float>(n, offset, real, real);
      check_elementwise_loss<OfDifference<Square>, double>(n, offset, real, real);
      check_elementwise_loss<OfDifference<Abs>, float>(n, offset, real, real);
      check_elementwise_loss<OfDifference<Abs>, double>(n, offset, real, real);
      check_elementwise_loss<BinaryCrossEntropy, float>(n, offset, probability, probability);
      check_elementwise_loss<BinaryCrossEntropy, double>(n, offset, probability, probability);
      check_elementwise_loss<BinaryCrossEntropyWithLogits, float>(n, offset, real, probability);
      check_elementwise_loss<BinaryCrossEntropyWithLogits, double>(n, offset, real, probability);
    }
    for (const Index classes : {1, 10, 33}) {
      check_nll_loss<float>(n, classes);
      check_nll_loss<double>(n, classes);
    }
  }
}

}  // namespace
}  // namespace gradus::kernels
