// Random numbers, positions and optimisers' steps on the GPU against the CPU's.
#include <gradus/kernels/index.h>
#include <gradus/kernels/losses.h>
#include <gradus/kernels/optimizers.h>
#include <gradus/kernels/random.h>

#include "cuda_arrays.h"

namespace gradus::kernels {
namespace {

// --- random numbers ---

TEST_CASE("random numbers on the GPU are the CPU's to the bit", "[cuda_kernels]") {
  const std::uint64_t seed = 0x123456789abcdefull;
  for (const std::uint64_t start : {std::uint64_t{0}, std::uint64_t{0xfffffff0}, ~std::uint64_t{7}}) {
    for (const Index n : {0, 1, 2, 3, 5, 31, 32, 33, 1023, 5000}) {
      for (const Index shift : {0, 1}) {
        CAPTURE(start, n, shift);
        const auto check = [&]<class T>(T, const char* kernel, auto draw) {
          const auto got = in_every_order(kernel, [&] {
            const OnGpu<T> y(n, shift);
            draw(Cuda{}, y.data());
            return y.values();
          });
          std::vector<T> want(n);
          draw(Cpu{}, want.data());
          CHECK(same_bits(got, want));
        };
        check(0.f, "fill_uniform_kernel", [&](auto on, float* y) {
          fill_uniform<float>(on, {seed, start}, n, -2.5f, 0.7f, y);
        });
        check(0.0, "fill_uniform_kernel", [&](auto on, double* y) {
          fill_uniform<double>(on, {seed, start}, n, -2.5, 0.7, y);
        });
        check(0.f, "fill_normal_kernel", [&](auto on, float* y) {
          fill_normal<float>(on, {seed, start}, n, 0.3f, 1.7f, y);
        });
        check(0.0, "fill_normal_kernel", [&](auto on, double* y) {
          fill_normal<double>(on, {seed, start}, n, 0.3, 1.7, y);
        });
        check(Index{0}, "fill_integers_kernel", [&](auto on, Index* y) {
          fill_integers(on, {seed, start}, n, -4000000000000000000, 3000000000000000000, y);
        });
      }
    }
  }
}

// --- positions ---

template <class T>
void check_positions(Index outer, Index n, Index inner, Index count, Index offset) {
  CAPTURE(outer, n, inner, count, offset, sizeof(T));
  const std::vector<Index> index = random_values<Index>(count, 0, static_cast<double>(n) - 0.01);
  const std::vector<T> x = random_values<T>(outer * n * inner, -9, 9),
                       dy = random_values<T>(outer * count * inner, -9, 9, 2);
  const OnGpu<Index> index_gpu(index);
  const OnGpu<T> x_gpu(x, offset), dy_gpu(dy, offset);
  const auto y = in_every_order("gather_kernel", [&] {
    const OnGpu<T> y_gpu(outer * count * inner, offset);
    gather(Cuda{}, outer, n, inner, count, index_gpu.data(), x_gpu.data(), y_gpu.data());
    return y_gpu.values();
  });
  std::vector<T> want(outer * count * inner);
  gather(Cpu{}, outer, n, inner, count, index.data(), x.data(), want.data());
  CHECK(same_bits(y, want));
  if (count == 0) return;
  const auto dx = in_every_order("scatter_add_kernel", [&] {
    const OnGpu<T> dx_gpu(x, offset);
    scatter_add(Cuda{}, outer, n, inner, count, index_gpu.data(), dy_gpu.data(), dx_gpu.data());
    return dx_gpu.values();
  });
  std::vector<T> added = x;
  scatter_add(Cpu{}, outer, n, inner, count, index.data(), dy.data(), added.data());
  CHECK(same_bits(dx, added));
}

TEST_CASE("gather and scatter_add on the GPU are the CPU's to the bit", "[cuda_kernels]") {
  for (const Index count : {0, 1, 31, 100}) {
    for (const Index inner : {1, 4, 31, 32, 33}) {
      for (const Index offset : {0, 1}) {
        check_positions<float>(1, 10, inner, count, offset);
        check_positions<double>(3, 7, inner, count, offset);
        check_positions<Index>(2, 33, inner, count, offset);
      }
    }
  }
}

TEST_CASE("check_range on the GPU reports the lowest position, of the first check that fails", "[cuda_kernels]") {
  for (const Index n : {0, 1, 31, 257, 5000}) {
    std::vector<Index> x(n, 5);
    const auto found = [&] {
      const OnGpu<Index> x_gpu(x);
      return in_every_order(
          "check_range_kernel",
          [&] {
            check_range<Index>(Cuda{}, 0, 9, {7, n, x_gpu.data()});
            check_range<Index>(Cuda{}, 0, 4, {8, n, x_gpu.data()});  // fails at every position
            const RangeReport report = take_range_report(Cuda{});
            CHECK(take_range_report(Cuda{}).check == 0);  // a report is taken once
            return std::vector<Index>{report.check, report.position, report.index};
          },
          2);
    };
    if (n == 0) {
      check_range<Index>(Cuda{}, 0, 9, {7, 0, nullptr});
      CHECK(take_range_report(Cuda{}).check == 0);
      continue;
    }
    CHECK(found() == std::vector<Index>{8, 0, 5});
    x[n - 1] = 10;
    CHECK(found() == std::vector<Index>{7, n - 1, 10});
    x[n / 2] = -1;
    CHECK(found() == std::vector<Index>{7, n / 2, -1});
  }
}

TEST_CASE("check_range on the GPU takes two arrays in one launch, the first one first", "[cuda_kernels]") {
  for (const Index n : {1, 257, 5000}) {
    std::vector<double> x(n + 3, 0.5), y(n, 0.5);
    const auto found = [&] {
      const OnGpu<double> x_gpu(x), y_gpu(y);
      return in_every_order(
          "check_range_kernel",
          [&] {
            check_range<double>(Cuda{}, 0, 1, {7, n + 3, x_gpu.data()}, {8, n, y_gpu.data()});
            const RangeReport report = take_range_report(Cuda{});
            return std::vector<double>{double(report.check), double(report.position), report.number};
          },
          1);
    };
    CHECK(found()[0] == 0);
    y[n - 1] = 1.5;
    CHECK(found() == std::vector<double>{8, double(n - 1), 1.5});
    x[n + 2] = -2;
    CHECK(found() == std::vector<double>{7, double(n + 2), -2});
  }
}

TEST_CASE("positions outside are passed over on the GPU", "[cuda_kernels]") {
  const OnGpu<Index> index(std::vector<Index>{2, -1, 3, 0});
  const OnGpu<float> x(std::vector<float>{1, 2, 3}), y(std::vector<float>(4));
  gather<float>(Cuda{}, 1, 3, 1, 4, index.data(), x.data(), y.data());
  CHECK(y.values() == std::vector<float>{3, 0, 0, 1});
  const OnGpu<double> log_probs(std::vector<double>{-1, -2, -3, -4, -5, -6, -7, -8}), loss(std::vector<double>(1));
  nll_loss<double>(Cuda{}, 4, 2, 1, log_probs.data(), index.data(), loss.data());
  CHECK(std::isnan(loss.values()[0]));
}

// --- optimisers ---

// Parameters of ragged sizes, one after the other in each array. Padded, each begins on a border of 16 bytes.
template <class T>
struct Parameters {
  std::vector<Index> first, sizes;
  std::vector<T> w, g, m, v;

  explicit Parameters(bool padded) {
    Index end = 0;
    for (Index n : {0, 1, 31, 32, 33, 1023, 1024, 1025, 3000}) sizes.push_back(n);
    while (sizes.size() < 70) sizes.push_back(static_cast<Index>(sizes.size()) % 6);
    for (const Index n : sizes) {
      first.push_back(end);
      end += padded ? (n + 3) / 4 * 4 : n;
    }
    w = random_values<T>(end, -1, 1, 1);
    g = random_values<T>(end, -1, 1, 2);
    m = random_values<T>(end, -1, 1, 3);
    v = random_values<T>(end, 0, 1, 4);
    for (const Index i : {5, 40, 2000}) g[i] = m[i] = v[i] = T(1e-31);  // become zero
  }
};

template <class T>
void append(std::vector<T>& all, const std::vector<T>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

const AdamStep<double> adam{.step_size = 0.01,
                            .take1 = 0.1,
                            .beta2 = 0.999,
                            .take2 = 0.001,
                            .root_correction = 3.5,
                            .eps = 1e-8,
                            .weight_decay = 0.01,
                            .shrink = 0.99};

template <class T>
void check_adam(bool padded) {
  const Parameters<T> p(padded);
  const AdamStep<T> s{T(adam.step_size),       T(adam.take1), T(adam.beta2),        T(adam.take2),
                      T(adam.root_correction), T(adam.eps),   T(adam.weight_decay), T(adam.shrink)};
  const auto got = in_every_order(
      "adam_step_kernel",
      [&] {
        const OnGpu<T> w(p.w), g(p.g), m(p.m), v(p.v);
        std::vector<AdamArrays<T>> arrays;
        for (std::size_t i = 0; i < p.sizes.size(); ++i) {
          const Index at = p.first[i];
          arrays.push_back({p.sizes[i], w.data() + at, g.data() + at, m.data() + at, v.data() + at});
        }
        adam_step<T>(Cuda{}, s, arrays);
        std::vector<T> all = w.values();
        append(all, m.values());
        append(all, v.values());
        return all;
      },
      2);  // 70 parameters, 64 in a launch
  std::vector<double> w = converted<double>(p.w), g = converted<double>(p.g), m = converted<double>(p.m),
                      v = converted<double>(p.v);
  std::vector<AdamArrays<double>> arrays;
  for (std::size_t i = 0; i < p.sizes.size(); ++i) {
    const Index at = p.first[i];
    arrays.push_back({p.sizes[i], &w[at], &g[at], &m[at], &v[at]});
  }
  adam_step<double>(Cpu{}, {s.step_size, s.take1, s.beta2, s.take2, s.root_correction, s.eps, s.weight_decay, s.shrink},
                    arrays);
  append(w, m);
  append(w, v);
  CHECK(agree(got, w, 16));
}

template <class T>
void check_sgd(bool padded, bool with_momentum, bool nesterov) {
  const Parameters<T> p(padded);
  const SgdStep<T> s{T(0.05), T(0.01), T(0.9), T(0.9), T(0.8), nesterov};
  const auto got = in_every_order(
      "sgd_step_kernel",
      [&] {
        const OnGpu<T> w(p.w), g(p.g), m(p.m);
        std::vector<SgdArrays<T>> arrays;
        for (std::size_t i = 0; i < p.sizes.size(); ++i) {
          const Index at = p.first[i];
          arrays.push_back({p.sizes[i], w.data() + at, g.data() + at, with_momentum ? m.data() + at : nullptr});
        }
        sgd_step<T>(Cuda{}, s, arrays);
        std::vector<T> all = w.values();
        append(all, m.values());
        return all;
      },
      2);
  std::vector<double> w = converted<double>(p.w), g = converted<double>(p.g), m = converted<double>(p.m);
  std::vector<SgdArrays<double>> arrays;
  for (std::size_t i = 0; i < p.sizes.size(); ++i) {
    const Index at = p.first[i];
    arrays.push_back({p.sizes[i], &w[at], &g[at], with_momentum ? &m[at] : nullptr});
  }
  sgd_step<double>(Cpu{}, {s.lr, s.weight_decay, s.momentum, s.decay, s.take, s.nesterov}, arrays);
  append(w, m);
  CHECK(agree(got, w, 16));
}

TEST_CASE("Adam and SGD step all parameters on the GPU in one launch for 64 of them", "[cuda_kernels]") {
  for (const bool padded : {true, false}) {
    check_adam<float>(padded);
    check_adam<double>(padded);
    for (const bool nesterov : {false, true}) {
      check_sgd<float>(padded, true, nesterov);
      check_sgd<double>(padded, true, nesterov);
    }
    check_sgd<float>(padded, false, false);
    check_sgd<double>(padded, false, false);
  }
}

}  // namespace
}  // namespace gradus::kernels
