// The elementwise CUDA kernels, fills, copies, random numbers, positions and optimisers' steps against the CPU's in
// float64. The reductions and products are in cuda_reductions_test.cpp and cuda_matmul_test.cpp.
#include <array>

#include <gradus/kernels/fill.h>
#include <gradus/kernels/index.h>
#include <gradus/kernels/map.h>
#include <gradus/kernels/optimizers.h>
#include <gradus/kernels/pointwise.h>
#include <gradus/kernels/random.h>

#include "cuda_arrays.h"

namespace gradus::kernels {
namespace {

// --- map ---

template <class Op, class T>
void check_map(const Op& op, const std::vector<T>& x, Index offset) {
  const Index n = x.size();
  const OnGpu<T> x_gpu(x, offset);
  const auto y = in_every_order("map_kernel", [&] {
    const OnGpu<T> y_gpu(n, offset);
    map(Cuda{}, op, n, x_gpu.data(), y_gpu.data());
    return y_gpu.values();
  });
  const std::vector<double> wide = converted<double>(x);
  std::vector<double> want(n);
  map(Cpu{}, op, n, wide.data(), want.data());
  CHECK(agree(y, want, 8));
}

template <class Op, class T>
void check_map_back(const Op& op, const std::vector<T>& kept, Index offset) {
  if constexpr (KeepsX<Op> || KeepsY<Op>) {
    const Index n = kept.size();
    const std::vector<T> dy = random_values<T>(n, -1, 1, 7);
    const OnGpu<T> kept_gpu(kept, offset), dy_gpu(dy, offset);
    const auto dx = in_every_order("map_back_kernel", [&] {
      const OnGpu<T> dx_gpu(n, offset);
      map_back(Cuda{}, op, n, kept_gpu.data(), dy_gpu.data(), dx_gpu.data());
      return dx_gpu.values();
    });
    const std::vector<double> wide = converted<double>(kept), wide_dy = converted<double>(dy);
    std::vector<double> want(n);
    map_back(Cpu{}, op, n, wide.data(), wide_dy.data(), want.data());
    CHECK(agree(dx, want, 16));
  }
}

template <class Op>
void check_unary(const char* name, const Op& op, double low, double high) {
  CAPTURE(name);
  for (const Index n : ragged_sizes) {
    for (const Index offset : {0, 1}) {
      check_map(op, random_values<float>(n, low, high), offset);
      check_map(op, random_values<double>(n, low, high), offset);
      check_map_back(op, random_values<float>(n, low, high), offset);
      check_map_back(op, random_values<double>(n, low, high), offset);
    }
    if constexpr (HasIntegers<Op>) check_map(op, random_values<Index>(n, -20, 20), 0);
  }
  const double inf = INFINITY, nan = NAN;
  check_map<Op, double>(op, {nan, inf, -inf, 0.0, -0.0}, 0);
}

TEST_CASE("every unary op on the GPU agrees with the CPU, and so does its way back", "[cuda_kernels]"){
#define GRADUS_CHECK(fn, Op, formula, parameters, probe, ...)           \
  {                                                                     \
    const double range[] = {GRADUS_UNPACK probe};                       \
    check_unary(#fn, Op{GRADUS_UNPACK parameters}, range[0], range[1]); \
  }
    GRADUS_UNARY_OPS(GRADUS_CHECK)
#undef GRADUS_CHECK
}

TEST_CASE("map on the GPU takes several elements a thread, and works in place", "[cuda_kernels]") {
  const Index n = 2048 * 256 * 4 + 3333;
  const std::vector<float> x = random_values<float>(n, -2, 2);
  const OnGpu<float> x_gpu(x);
  map(Cuda{}, Neg{}, n, x_gpu.data(), x_gpu.data());
  std::vector<float> want(n);
  map(Cpu{}, Neg{}, n, x.data(), want.data());
  CHECK(same_bits(x_gpu.values(), want));
}

// --- zip ---

struct Layout {
  Broadcast at;
  Index n, n_a, n_b;
  const char* kernel;
};

Layout layout(std::vector<Index> extents, std::vector<Index> a, std::vector<Index> b, const char* kernel) {
  Layout l{{}, 1, 1, 1, kernel};
  l.at.rank = static_cast<int>(extents.size());
  for (int d = 0; d < l.at.rank; ++d) {
    l.at.extents[d] = extents[d];
    l.at.a[d] = a[d];
    l.at.b[d] = b[d];
    l.n *= extents[d];
    l.n_a *= a[d] ? extents[d] : 1;
    l.n_b *= b[d] ? extents[d] : 1;
  }
  return l;
}

std::vector<Layout> layouts() {
  std::vector<Layout> all;
  for (const Index n : {0, 1, 31, 32, 33, 257}) {
    all.push_back(layout({n}, {1}, {1}, "zip_kernel"));
    all.push_back(layout({n}, {0}, {1}, "zip_kernel"));
    all.push_back(layout({n}, {1}, {0}, "zip_kernel"));
    all.push_back(layout({n}, {0}, {0}, "zip_kernel"));
    all.push_back(layout({5, n}, {n, 1}, {0, 1}, "zip_strided_kernel"));  // a row for every row
    all.push_back(layout({n, 7}, {1, 0}, {7, 1}, "zip_strided_kernel"));  // a column for every column
  }
  all.push_back(layout({3, 5, 33}, {33, 0, 1}, {0, 1, 0}, "zip_strided_kernel"));
  all.push_back(layout({2, 3, 2, 3, 2, 3}, {18, 0, 9, 3, 0, 1}, {0, 6, 0, 2, 1, 0}, "zip_strided_kernel"));
  return all;
}

template <class Op, class T>
void check_zip(const Op& op, const Layout& l, Index offset) {
  const std::vector<T> a = random_values<T>(l.n_a, 1, 4), b = random_values<T>(l.n_b, 1, 4, 2),
                       dy = random_values<T>(l.n, -1, 1, 3);
  const OnGpu<T> a_gpu(a, offset), b_gpu(b, offset), dy_gpu(dy, offset);
  const std::vector<double> wide_a = converted<double>(a), wide_b = converted<double>(b),
                            wide_dy = converted<double>(dy);
  std::vector<double> want(l.n);
  const auto y = in_every_order(l.kernel, [&] {
    const OnGpu<T> y_gpu(l.n, offset);
    zip(Cuda{}, op, l.at, a_gpu.data(), b_gpu.data(), y_gpu.data());
    return y_gpu.values();
  });
  zip(Cpu{}, op, l.at, wide_a.data(), wide_b.data(), want.data());
  CHECK(agree(y, want, 4));
  if constexpr (HasSlopes<Op> && std::is_floating_point_v<T>) {
    const auto da = in_every_order(l.kernel, [&] {
      const OnGpu<T> da_gpu(l.n, offset);
      zip_back_a(Cuda{}, op, l.at, a_gpu.data(), b_gpu.data(), dy_gpu.data(), da_gpu.data());
      return da_gpu.values();
    });
    zip_back_a(Cpu{}, op, l.at, wide_a.data(), wide_b.data(), wide_dy.data(), want.data());
    CHECK(agree(da, want, 4));
    const auto db = in_every_order(l.kernel, [&] {
      const OnGpu<T> db_gpu(l.n, offset);
      zip_back_b(Cuda{}, op, l.at, a_gpu.data(), b_gpu.data(), dy_gpu.data(), db_gpu.data());
      return db_gpu.values();
    });
    zip_back_b(Cpu{}, op, l.at, wide_a.data(), wide_b.data(), wide_dy.data(), want.data());
    CHECK(agree(db, want, 8));
  }
}

template <class Op>
void check_binary(const char* name, const Op& op) {
  CAPTURE(name);
  for (const Layout& l : layouts()) {
    CAPTURE(l.n, l.at.rank);
    check_zip<Op, float>(op, l, 0);
    check_zip<Op, double>(op, l, 1);
    if constexpr (HasIntegers<Op>) check_zip<Op, Index>(op, l, 0);
  }
}

TEST_CASE("every binary op on the GPU agrees with the CPU for every broadcast, and so do its ways back",
          "[cuda_kernels]") {
#define GRADUS_CHECK(fn, Op, ...) check_binary(#fn, Op{});
  GRADUS_BINARY_OPS(GRADUS_CHECK)
#undef GRADUS_CHECK
  check_binary("add_scaled", AddScaled{-3});
}

TEST_CASE("zip on the GPU works in place", "[cuda_kernels]") {
  const std::vector<float> a = random_values<float>(1001, -1, 1), b = random_values<float>(1001, -1, 1, 2);
  const OnGpu<float> a_gpu(a), b_gpu(b);
  const Layout l = layout({1001}, {1}, {1}, "zip_kernel");
  zip(Cuda{}, Mul{}, l.at, a_gpu.data(), b_gpu.data(), a_gpu.data());
  zip(Cuda{}, Mul{}, l.at, b_gpu.data(), b_gpu.data(), b_gpu.data());
  std::vector<float> ab(1001), bb(1001);
  for (int i = 0; i < 1001; ++i) ab[i] = a[i] * b[i], bb[i] = b[i] * b[i];
  CHECK(same_bits(a_gpu.values(), ab));
  CHECK(same_bits(b_gpu.values(), bb));
}

// --- fills, conversions, copies ---

template <class T>
void check_fills(Index n, Index offset) {
  CAPTURE(n, offset, sizeof(T));
  const auto filled = in_every_order("fill_kernel", [&] {
    const OnGpu<T> y(n, offset);
    fill(Cuda{}, n, T(-3), y.data());
    return y.values();
  });
  CHECK(same_bits(filled, std::vector<T>(n, T(-3))));
  const auto counted = in_every_order("arange_kernel", [&] {
    const OnGpu<T> y(n, offset);
    arange(Cuda{}, n, -5, 0.5, y.data());
    return y.values();
  });
  std::vector<T> want(n);
  arange(Cpu{}, n, -5, 0.5, want.data());
  CHECK(same_bits(counted, want));
}

template <class From, class To>
void check_cast(Index n, Index offset) {
  const std::vector<From> x = random_values<From>(n, -100, 100);
  const OnGpu<From> x_gpu(x, offset);
  const auto y = in_every_order(std::is_same_v<From, To> ? "copy_kernel" : "cast_kernel", [&] {
    const OnGpu<To> y_gpu(n, offset);
    cast(Cuda{}, n, x_gpu.data(), y_gpu.data());
    return y_gpu.values();
  });
  std::vector<To> want(n);
  cast(Cpu{}, n, x.data(), want.data());
  CHECK(same_bits(y, want));
}

template <class From>
void check_casts(Index n, Index offset) {
  check_cast<From, float>(n, offset);
  check_cast<From, double>(n, offset);
  check_cast<From, Index>(n, offset);
}

TEST_CASE("fills and conversions on the GPU are the CPU's to the bit", "[cuda_kernels]") {
  for (const Index n : ragged_sizes) {
    for (const Index offset : {0, 1}) {
      check_fills<float>(n, offset);
      check_fills<double>(n, offset);
      check_fills<Index>(n, offset);
      check_casts<float>(n, offset);
      check_casts<double>(n, offset);
      check_casts<Index>(n, offset);
    }
  }
}

template <class T>
void check_copy(const StridedCopy& c, Index n_x, Index n_y, const char* kernel) {
  const std::vector<T> x = random_values<T>(n_x, -100, 100);
  const OnGpu<T> x_gpu(x);
  const auto y = in_every_order(kernel, [&] {
    const OnGpu<T> y_gpu(std::vector<T>(n_y, T(7)));
    copy_strided(Cuda{}, c, x_gpu.data(), y_gpu.data());
    return y_gpu.values();
  });
  std::vector<T> want(n_y, T(7));
  copy_strided(Cpu{}, c, x.data(), want.data());
  CHECK(same_bits(y, want));
}

TEST_CASE("strided copies on the GPU are the CPU's to the bit", "[cuda_kernels]") {
  const auto check = [](const StridedCopy& c, Index n_x, Index n_y, const char* kernel) {
    check_copy<float>(c, n_x, n_y, kernel);
    check_copy<double>(c, n_x, n_y, kernel);
    check_copy<Index>(c, n_x, n_y, kernel);
  };
  check({2, {31, 33}, {33, 1}, {1, 31}}, 31 * 33, 31 * 33, "copy_strided_kernel");  // a transposition
  check({3, {5, 7, 9}, {63, 9, 1}, {1, 45, 5}}, 315, 315, "copy_strided_kernel");   // a permutation
  check({2, {4, 33}, {0, 1}, {33, 1}}, 33, 132, "copy_strided_kernel");             // a row repeated
  check({2, {8, 5}, {10, 2}, {5, 1}}, 80, 40, "copy_strided_kernel");               // every other element
  check({2, {3, 5}, {5, 1}, {20, 3}}, 15, 60, "copy_strided_kernel");               // into gaps
  check({3, {4, 1, 32}, {32, 5, 1}, {32, 9, 1}}, 128, 128, "copy_kernel");          // one run
  check({2, {1, 1}, {3, 1}, {3, 1}}, 1, 1, "copy_kernel");                          // one element
  check({2, {0, 5}, {5, 1}, {5, 1}}, 0, 0, "copy_kernel");                          // none
}

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
        check(0.f, "fill_uniform_kernel",
              [&](auto on, float* y) { fill_uniform<float>(on, seed, start, n, -2.5f, 0.7f, y); });
        check(0.0, "fill_uniform_kernel",
              [&](auto on, double* y) { fill_uniform<double>(on, seed, start, n, -2.5, 0.7, y); });
        check(0.f, "fill_normal_kernel",
              [&](auto on, float* y) { fill_normal<float>(on, seed, start, n, 0.3f, 1.7f, y); });
        check(0.0, "fill_normal_kernel",
              [&](auto on, double* y) { fill_normal<double>(on, seed, start, n, 0.3, 1.7, y); });
        check(Index{0}, "fill_integers_kernel", [&](auto on, Index* y) {
          fill_integers(on, seed, start, n, -4000000000000000000, 3000000000000000000, y);
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

TEST_CASE("first_outside on the GPU finds the lowest position", "[cuda_kernels]") {
  for (const Index n : {0, 1, 31, 257, 5000}) {
    std::vector<Index> x(n, 5);
    const auto found = [&] {
      const OnGpu<Index> x_gpu(x);
      return in_every_order("first_outside_kernel", [&] {
        return n ? std::vector<Index>{first_outside(Cuda{}, n, 0, 10, x_gpu.data())} : std::vector<Index>{};
      });
    };
    if (n == 0) {
      CHECK(first_outside(Cuda{}, 0, 0, 10, nullptr) == -1);
      continue;
    }
    CHECK(found()[0] == -1);
    x[n - 1] = 10;
    CHECK(found()[0] == n - 1);
    x[n / 2] = -1;
    CHECK(found()[0] == n / 2);
    x[0] = 11;
    CHECK(found()[0] == 0);
  }
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
        adam_step<T>(Cuda{}, s, std::span<const AdamArrays<T>>(arrays));
        std::vector<T> all = w.values();
        append(all, m.values());
        append(all, v.values());
        return all;
      },
      2);  // 70 parameters, 64 in a launch
  std::vector<double> w = converted<double>(p.w), g = converted<double>(p.g), m = converted<double>(p.m),
                      v = converted<double>(p.v);
  for (std::size_t i = 0; i < p.sizes.size(); ++i) {
    const Index at = p.first[i];
    adam_step<double>(Cpu{},
                      {s.step_size, s.take1, s.beta2, s.take2, s.root_correction, s.eps, s.weight_decay, s.shrink},
                      p.sizes[i], &w[at], &g[at], &m[at], &v[at]);
  }
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
        sgd_step<T>(Cuda{}, s, std::span<const SgdArrays<T>>(arrays));
        std::vector<T> all = w.values();
        append(all, m.values());
        return all;
      },
      2);
  std::vector<double> w = converted<double>(p.w), g = converted<double>(p.g), m = converted<double>(p.m);
  for (std::size_t i = 0; i < p.sizes.size(); ++i) {
    const Index at = p.first[i];
    sgd_step<double>(Cpu{}, {s.lr, s.weight_decay, s.momentum, s.decay, s.take, s.nesterov}, p.sizes[i], &w[at], &g[at],
                     with_momentum ? &m[at] : nullptr);
  }
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

TEST_CASE("the steps of single parameters on the GPU take the same way", "[cuda_kernels]") {
  const Parameters<double> p(true);
  const OnGpu<double> w(p.w), g(p.g), m(p.m), v(p.v);
  reset_kernel_launches();
  adam_step<double>(Cuda{}, adam, 1000, w.data(), g.data(), m.data(), v.data());
  sgd_step<double>(Cuda{}, {.lr = 0.1, .weight_decay = 0}, 1000, w.data(), g.data(), nullptr);
  CHECK(kernel_launches("adam_step_kernel") == 1);
  CHECK(kernel_launches("sgd_step_kernel") == 1);
  Parameters<double> want = p;
  adam_step<double>(Cpu{}, adam, 1000, want.w.data(), want.g.data(), want.m.data(), want.v.data());
  sgd_step<double>(Cpu{}, {.lr = 0.1, .weight_decay = 0}, 1000, want.w.data(), want.g.data(), nullptr);
  CHECK(agree(w.values(), want.w, 16));
}

}  // namespace
}  // namespace gradus::kernels
