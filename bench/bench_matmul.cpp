// GFLOP/s of the matrix product at the shapes that the lectures train with, beside Eigen's, in one run.
//
//   bench_matmul [seconds per shape]      GRADUS_THREADS sets the number of threads
//
// The two take turns, so that a neighbour's load meets both; median and best of the rounds. Eigen runs single-threaded
// on eight pieces of the result under the same parallel loop, which is faster than its own threading.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // GCC bug 105593: its own AVX-512 intrinsics, under Eigen
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <new>
#include <random>
#include <vector>

#include <gradus/bench/command_line.h>
#include <gradus/kernels/matmul.h>
#include <gradus/kernels/parallel.h>

namespace {

using gradus::kernels::Index;

struct Case {
  const char* name;
  Index m, n, k;
  bool transpose_a, transpose_b;
};

template <class T>
void eigen_matmul(const Case& p, const T* a, const T* b, T* c) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using View = Eigen::Map<const Matrix>;
  const View left(a, p.transpose_a ? p.k : p.m, p.transpose_a ? p.m : p.k);
  const View right(b, p.transpose_b ? p.n : p.k, p.transpose_b ? p.k : p.n);
  Eigen::Map<Matrix> result(c, p.m, p.n);
  const bool by_rows = p.m >= p.n;
  const Index extent = by_rows ? p.m : p.n, pieces = std::min<Index>(8, (extent + 31) / 32);
  gradus::kernels::parallel_for(pieces, [&](Index piece) {
    const Index begin = extent * piece / pieces, size = extent * (piece + 1) / pieces - begin;
    const Index i = by_rows ? begin : 0, j = by_rows ? 0 : begin, rows = by_rows ? size : p.m;
    const Index columns = by_rows ? p.n : size;
    auto out = result.block(i, j, rows, columns);
    if (p.transpose_a)
      out.noalias() = left.middleCols(i, rows).transpose() * right.middleCols(j, columns);
    else if (p.transpose_b)
      out.noalias() = left.middleRows(i, rows) * right.middleRows(j, columns).transpose();
    else
      out.noalias() = left.middleRows(i, rows) * right.middleCols(j, columns);
  });
}

struct Times {
  double median, best;  // seconds
};

Times summary(std::vector<double>& seconds) {
  std::sort(seconds.begin(), seconds.end());
  return {seconds[seconds.size() / 2], seconds[0]};
}

// Starts at a cache line, as a tensor's memory does.
template <class T>
struct Values {
  explicit Values(Index size) : data(new (std::align_val_t{64}) T[size]) {
    std::mt19937 engine(1);
    std::uniform_real_distribution<T> uniform(-1, 1);
    for (Index i = 0; i < size; ++i) data[i] = uniform(engine);
  }
  ~Values() { ::operator delete[](data, std::align_val_t{64}); }
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;
  T* data;
};

template <class T>
Times measure(const Case& p, double budget) {
  const Values<T> a(p.m * p.k), b(p.k * p.n), c(p.m * p.n);
  std::vector<double> ours, eigens;
  const auto timed = [](std::vector<double>& seconds, auto&& f) {
    const auto start = std::chrono::steady_clock::now();
    f();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    return seconds.back();
  };
  const auto own = [&] {
    gradus::kernels::matmul<T>(gradus::kernels::Cpu{}, p.m, p.n, p.k, a.data, p.transpose_a, b.data, p.transpose_b,
                               nullptr, c.data);
  };
  const auto eigen = [&] { eigen_matmul<T>(p, a.data, b.data, c.data); };
  own(), eigen();
  for (double spent = 0; spent < budget || ours.size() < 5;) spent += timed(ours, own) + timed(eigens, eigen);
  const Times x = summary(ours), y = summary(eigens);
  const double gflop = 2e-9 * p.m * p.n * p.k;
  std::printf("%-30s %5lld %5lld %5lld %8.1f %8.1f %8.1f %8.1f %8.2f %8.2f\n", p.name, static_cast<long long>(p.m),
              static_cast<long long>(p.n), static_cast<long long>(p.k), gflop / x.median, gflop / x.best,
              gflop / y.median, gflop / y.best, y.median / x.median, y.best / x.best);
  std::fflush(stdout);
  return x;
}

void run(double budget) {
  std::printf("%d threads; GFLOP/s\n%-30s %5s %5s %5s %8s %8s %8s %8s %8s %8s\n", gradus::kernels::num_threads(),
              "product", "m", "n", "k", "median", "best", "Eigen", "best", "ratio", "of best");
  const Case lecture20[] = {{"f64 encoder forward", 1000, 400, 784, false, true},
                            {"f64 decoder forward", 1000, 784, 400, false, true},
                            {"f64 decoder dx", 1000, 400, 784, false, false},
                            {"f64 decoder dw", 784, 400, 1000, true, false},
                            {"f64 encoder dw", 400, 784, 1000, true, false}};
  Times total{0, 0};
  for (const Case& p : lecture20) {
    const Times times = measure<double>(p, budget);
    total.median += times.median;
    total.best += times.best;
  }
  std::printf("lecture 20's five products: median %.1f ms, best %.1f ms\n", total.median * 1e3, total.best * 1e3);
  for (const Case& p :
       {Case{"f64 classifier forward", 1000, 10, 400, false, true},
        Case{"f64 classifier dx", 1000, 400, 10, false, false}, Case{"f64 classifier dw", 10, 400, 1000, true, false},
        Case{"f64 one image", 1, 400, 784, false, true}})
    measure<double>(p, budget);
  for (const auto& [m, n, k] : {std::array<Index, 3>{100, 1000, 784}, {100, 1000, 1000}, {1000, 1000, 100}}) {
    measure<float>({"f32 x wT", m, n, k, false, true}, budget);
    measure<float>({"f32 dy w", m, n, k, false, false}, budget);
    measure<float>({"f32 dyT x", m, n, k, true, false}, budget);
  }
  for (const Case& p :
       {Case{"f32 one output", 200, 1, 500, false, true}, Case{"f32 one output dx", 200, 500, 1, false, false},
        Case{"f32 one output dw", 1, 500, 200, true, false}, Case{"f32 code of two", 100, 2, 1000, false, true},
        Case{"f32 square", 1024, 1024, 1024, false, false}})
    measure<float>(p, budget);
}

}  // namespace

int main(int argc, char** argv) {
  double budget = 0.3;
  CLI::App app("GFLOP/s of the matrix product at the shapes that the lectures train with, beside Eigen's.",
               "bench_matmul");
  app.add_option("seconds", budget, "for each shape")->check(gradus::at_least(0.001))->capture_default_str();
  return gradus::run_bench(app, argc, argv, [&] { run(budget); });
}
