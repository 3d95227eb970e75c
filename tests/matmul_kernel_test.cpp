// The matrix product against a plain loop in long double and against Eigen, at extents that cut every tile.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC bug 105593: its own AVX-512 intrinsics, under Eigen
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <gradus/kernels/matmul.h>
#include <gradus/kernels/parallel.h>

#include "catch.h"

namespace gradus::kernels {
namespace {

// A heap block of exactly `size` elements, so that AddressSanitizer sees the first byte beyond.
template <class T>
struct Block {
  explicit Block(Index size, T value = 0) : size(size), data(new T[size]) { std::fill_n(data.get(), size, value); }
  Index size;
  std::unique_ptr<T[]> data;
};

template <class T>
Block<T> random_block(Index size, std::mt19937& engine) {
  Block<T> block(size);
  std::uniform_real_distribution<T> uniform(-1, 1);
  for (Index i = 0; i < size; ++i) block.data[i] = uniform(engine);
  return block;
}

template <class T>
struct Problem {
  Problem(Index m, Index n, Index k, bool transpose_a, bool transpose_b, bool with_bias, std::mt19937& engine)
      : m(m),
        n(n),
        k(k),
        transpose_a(transpose_a),
        transpose_b(transpose_b),
        with_bias(with_bias),
        a(random_block<T>(m * k, engine)),
        b(random_block<T>(k * n, engine)),
        bias(random_block<T>(n, engine)) {}

  T left(Index i, Index p) const { return a.data[transpose_a ? p * m + i : i * k + p]; }
  T right(Index p, Index j) const { return b.data[transpose_b ? j * k + p : p * n + j]; }

  Block<T> solve() const {
    Block<T> c(m * n, std::numeric_limits<T>::quiet_NaN());  // a kernel that reads c carries the NaN into its result
    matmul(Cpu{}, m, n, k, a.data.get(), transpose_a, b.data.get(), transpose_b, with_bias ? bias.data.get() : nullptr,
           c.data.get());
    return c;
  }

  // The largest error, in units of what a sum of k products may lose: 4 sqrt(k) eps sum|a b|.
  double error(const Block<T>& c) const {
    double worst = 0;
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) {
        long double sum = with_bias ? bias.data[j] : T(0), magnitude = std::abs(sum);
        for (Index p = 0; p < k; ++p) {
          const long double product = static_cast<long double>(left(i, p)) * right(p, j);
          sum += product;
          magnitude += std::abs(product);
        }
        const T got = c.data[i * n + j];
        if (!std::isfinite(got)) return INFINITY;
        const long double bound =
            4 * std::sqrt(std::max<long double>(k, 1)) * std::numeric_limits<T>::epsilon() * magnitude;
        const long double off = std::abs(got - sum);
        if (off > 0) worst = std::max(worst, static_cast<double>(bound > 0 ? off / bound : INFINITY));
      }
    }
    return worst;
  }

  Index m, n, k;
  bool transpose_a, transpose_b, with_bias;
  Block<T> a, b, bias;
};

template <class T>
void check_all_forms(Index m, Index n, Index k, std::mt19937& engine) {
  for (int form = 0; form < 8; ++form) {
    const Problem<T> problem(m, n, k, form & 1, form & 2, form & 4, engine);
    const double error = problem.error(problem.solve());
    if (!(error <= 1)) {
      CAPTURE(m, n, k, problem.transpose_a, problem.transpose_b, problem.with_bias, sizeof(T));
      CHECK(error <= 1);
    }
  }
}

struct Threads {  // sets the number of threads for a scope
  explicit Threads(int threads) : before(num_threads()) { set_num_threads(threads); }
  ~Threads() { set_num_threads(before); }
  int before;
};

TEST_CASE("matmul is right at every combination of small extents, in all forms", "[matmul_kernel]") {
  std::mt19937 engine(1);
  const Index extents[] = {0, 1, 2, 3, 7, 10, 13, 17};
  for (Index m : extents)
    for (Index n : extents)
      for (Index k : extents) {
        check_all_forms<float>(m, n, k, engine);
        check_all_forms<double>(m, n, k, engine);
      }
  SUCCEED();
}

TEST_CASE("matmul is right at extents around its tiles and blocks", "[matmul_kernel]") {
  std::mt19937 engine(2);
  const Index extents[] = {1, 5, 8, 14, 15, 16, 27, 29, 31, 32, 33, 48, 63, 65, 100, 129, 257};
  std::uniform_int_distribution<int> pick(0, static_cast<int>(std::size(extents)) - 1);
  for (Index x : extents) {  // each extent in each place, the other two at random
    for (int repeat = 0; repeat < 2; ++repeat) {
      const Index y = extents[pick(engine)], z = extents[pick(engine)];
      const Index places[3][3] = {{x, y, z}, {z, x, y}, {y, z, x}};
      for (const auto& [m, n, k] : places) {
        check_all_forms<float>(m, n, k, engine);
        check_all_forms<double>(m, n, k, engine);
      }
    }
  }
  SUCCEED();
}

TEST_CASE("matmul is right where k takes several blocks", "[matmul_kernel]") {
  std::mt19937 engine(3);
  for (Index k : {255, 256, 257, 319, 320, 321, 384, 511, 513, 784, 1000, 1025}) {
    for (const auto& [m, n] : {std::pair<Index, Index>{15, 33}, {1, 10}, {10, 1}, {29, 3}}) {
      check_all_forms<float>(m, n, k, engine);
      check_all_forms<double>(m, n, k, engine);
    }
  }
  SUCCEED();
}

TEST_CASE("matmul is right where lines are multiples of 2 KiB and where rows take several tasks", "[matmul_kernel]") {
  std::mt19937 engine(8);
  for (const auto& [m, n] : {std::pair<Index, Index>{512, 20}, {20, 512}, {300, 40}, {40, 300}}) {
    check_all_forms<float>(m, n, 50, engine);
    check_all_forms<double>(m, n, 50, engine);
  }
  SUCCEED();
}

TEST_CASE("matmul is right for few rows that meet a matrix where it lies", "[matmul_kernel]") {
  std::mt19937 engine(9);
  const std::array<Index, 3> extents[] = {{17, 28, 64},   {32, 29, 65},    {33, 57, 100}, {36, 500, 70}, {37, 100, 129},
                                          {100, 900, 66}, {100, 30, 1025}, {2, 40, 64},   {1, 60, 100},  {4, 56, 150},
                                          {48, 31, 2100}, {256, 40, 64},   {257, 40, 64}, {31, 1000, 64}};
  for (const auto& [m, n, k] : extents) {
    check_all_forms<float>(m, n, k, engine);
    check_all_forms<double>(m, n, k, engine);
  }
  SUCCEED();
}

TEST_CASE("matmul agrees with Eigen on the products of a training step", "[matmul_kernel]") {
  std::mt19937 engine(4);
  const Problem<double> forward(100, 400, 784, false, true, false, engine),
      dw(400, 784, 100, true, false, false, engine);
  for (const auto* problem : {&forward, &dw}) {
    Eigen::MatrixXd a(problem->m, problem->k), b(problem->k, problem->n);
    for (Index i = 0; i < a.rows(); ++i)
      for (Index p = 0; p < a.cols(); ++p) a(i, p) = problem->left(i, p);
    for (Index p = 0; p < b.rows(); ++p)
      for (Index j = 0; j < b.cols(); ++j) b(p, j) = problem->right(p, j);
    const Eigen::MatrixXd expected = a * b;
    const Block<double> c = problem->solve();
    double worst = 0;
    for (Index i = 0; i < problem->m; ++i)
      for (Index j = 0; j < problem->n; ++j)
        worst = std::max(worst, std::abs(c.data[i * problem->n + j] - expected(i, j)));
    CHECK(worst < 1e-12);  // sums of 784 products under 1
  }
}

TEST_CASE("matmul without products gives the bias or zeros", "[matmul_kernel]") {
  std::mt19937 engine(5);
  for (bool with_bias : {false, true}) {
    const Problem<float> problem(3, 5, 0, false, false, with_bias, engine);
    const Block<float> c = problem.solve();
    for (Index i = 0; i < 15; ++i) CHECK(c.data[i] == (with_bias ? problem.bias.data[i % 5] : 0.f));
  }
  const float bias[2] = {1, 2};
  float c[4] = {};
  matmul<float>(Cpu{}, 2, 2, 0, nullptr, false, nullptr, true, bias, c);  // no element of a or b is looked at
  CHECK(c[3] == 2);
  matmul<float>(Cpu{}, 0, 0, 9, nullptr, false, nullptr, false, nullptr, nullptr);
}

TEST_CASE("matmul carries NaN and infinity, also past a zero, and only where they belong", "[matmul_kernel]") {
  std::mt19937 engine(6);
  const Index m = 20, k = 300;
  for (Index n : {1, 3, 10, 40}) {
    for (int form : {0, 1, 2, 3}) {
      Problem<double> problem(m, n, k, form & 1, form & 2, false, engine);
      const auto a = [&](Index i, Index p) -> double& { return problem.a.data[form & 1 ? p * m + i : i * k + p]; };
      const auto b = [&](Index p, Index j) -> double& { return problem.b.data[form & 2 ? j * k + p : p * n + j]; };
      for (Index j = 0; j < n; ++j) b(299, j) = 0;
      a(7, 299) = INFINITY;  // times 0: row 7 is NaN
      a(19, 0) = INFINITY;   // row 19 is infinite
      b(150, 0) = INFINITY;  // column 0 is infinite,
      a(5, 150) = 0;         // but NaN in row 5
      a(19, 150) = b(0, 0);  // and of one sign in row 19
      const Block<double> c = problem.solve();
      int wrong = 0;
      for (Index i = 0; i < m; ++i)
        for (Index j = 0; j < n; ++j) {
          const double x = c.data[i * n + j];
          const bool nan = i == 7 || (i == 5 && j == 0), infinite = i == 19 || j == 0;
          wrong += nan ? !std::isnan(x) : infinite ? !std::isinf(x) : !std::isfinite(x);
        }
      CHECK(wrong == 0);
    }
  }
}

template <class T>
void check_threads(Index m, Index n, Index k, std::mt19937& engine) {
  for (int form = 0; form < 4; ++form) {
    const Problem<T> problem(m, n, k, form & 1, form & 2, true, engine);
    std::unique_ptr<Block<T>> first;
    for (int threads : {1, 2, 3, 7}) {
      const Threads scope(threads);
      Block<T> c = problem.solve();
      if (!first)
        first = std::make_unique<Block<T>>(std::move(c));
      else
        CHECK(std::memcmp(first->data.get(), c.data.get(), sizeof(T) * c.size) == 0);
    }
  }
}

TEST_CASE("matmul gives the same bits with 1, 2, 3 and 7 threads", "[matmul_kernel]") {
  std::mt19937 engine(7);
  for (const auto& [m, n, k] : {std::array<Index, 3>{200, 150, 784},
                                {100, 10, 400},
                                {10, 100, 300},
                                {257, 63, 65},
                                {5, 700, 90},
                                {100, 900, 1030}}) {
    check_threads<float>(m, n, k, engine);
    check_threads<double>(m, n, k, engine);
  }
}

}  // namespace
}  // namespace gradus::kernels
