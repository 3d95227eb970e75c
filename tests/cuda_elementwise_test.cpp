// The elementwise CUDA kernels, fills, conversions and copies against the CPU's in float64.
#include <gradus/kernels/fill.h>
#include <gradus/kernels/map.h>
#include <gradus/kernels/pointwise.h>

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

TEST_CASE("every unary op on the GPU agrees with the CPU, and so does its way back", "[cuda_elementwise]"){
#define GRADUS_CHECK(fn, Op, formula, parameters, probe, ...)           \
  {                                                                     \
    const double range[] = {GRADUS_UNPACK probe};                       \
    check_unary(#fn, Op{GRADUS_UNPACK parameters}, range[0], range[1]); \
  }
    GRADUS_UNARY_OPS(GRADUS_CHECK)
#undef GRADUS_CHECK
}

TEST_CASE("map on the GPU takes several elements a thread, and works in place", "[cuda_elementwise]") {
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
          "[cuda_elementwise]") {
#define GRADUS_CHECK(fn, Op, ...) check_binary(#fn, Op{});
  GRADUS_BINARY_OPS(GRADUS_CHECK)
#undef GRADUS_CHECK
  check_binary("add_scaled", AddScaled{-3});
}

TEST_CASE("zip on the GPU works in place", "[cuda_elementwise]") {
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

TEST_CASE("fills and conversions on the GPU are the CPU's to the bit", "[cuda_elementwise]") {
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

TEST_CASE("strided copies on the GPU are the CPU's to the bit", "[cuda_elementwise]") {
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

}  // namespace
}  // namespace gradus::kernels
