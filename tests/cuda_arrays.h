// What the tests of the CUDA kernels share: arrays on the GPU, running a kernel in every order, and comparing.
#pragma once
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gradus/kernels/cuda.h>
#include <gradus/kernels/scratch.h>
#ifdef GRADUS_CUDA_EMULATED
#include <gradus/kernels/emulator/emulator.h>
#endif

#include "catch.h"

namespace gradus::kernels {

// An array on the GPU that ends where its block ends, so that the emulator sees the first byte beyond. With an offset
// of 1 it does not begin on a border of 16 bytes.
template <class T>
class OnGpu {
 public:
  explicit OnGpu(Index n, Index offset = 0) : OnGpu(std::vector<T>(n), offset) {
    std::vector<unsigned char> ones(n * sizeof(T), 0xff);  // NaN, or -1
    copy_to_device(Cuda{}, ones.size(), ones.data(), data());
    synchronize(Cuda{});
  }
  explicit OnGpu(const std::vector<T>& values, Index offset = 0) : n_(values.size()), offset_(offset) {
    block_ = static_cast<T*>(device_allocate((n_ + offset_) * sizeof(T) + (n_ + offset_ == 0)));
    REQUIRE(block_ != nullptr);
    copy_to_device(Cuda{}, n_ * sizeof(T), values.data(), data());
    synchronize(Cuda{});
  }
  ~OnGpu() { device_free(block_); }
  OnGpu(const OnGpu&) = delete;

  T* data() const { return block_ + offset_; }
  std::vector<T> values() const {
    std::vector<T> host(n_);
    copy_to_host(Cuda{}, n_ * sizeof(T), data(), host.data());
    synchronize(Cuda{});
    return host;
  }

 private:
  Index n_, offset_;
  T* block_;
};

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// Leaves NaN where partial results will lie.
inline void spoil_scratch() {
  static const std::vector<unsigned char> ones(1 << 16, 0xff);
  copy_to_device(Cuda{}, ones.size(), ones.data(), scratch(ones.size()));
}

// Whether partial results were left in scratch since then.
inline bool wrote_scratch() {
  std::uint64_t first = 0;
  copy_to_host(Cuda{}, sizeof first, scratch(sizeof first), &first);
  synchronize(Cuda{});
  return first != ~std::uint64_t{0};
}

#if defined(__SANITIZE_THREAD__)
constexpr int orders = 1;  // it knows who waits for whom, and finds a race in any order
#elif defined(GRADUS_CUDA_EMULATED)
constexpr int orders = 5;
#else
constexpr int orders = 3;  // the GPU's own, which may differ from run to run
#endif

// What run() returns, a vector, with threads and blocks in each order: ascending, descending and three shuffled ones.
// Checks that all are equal to the bit, and that the kernel was launched `launches` times in each run; -1 for at least
// once.
template <class F>
auto in_every_order(const std::string& kernel, F run, long launches = -1) {
  decltype(run()) first;
  for (int order = 0; order < orders; ++order) {
#ifdef GRADUS_CUDA_EMULATED
    using emulator::Order;
    emulator::set_order(order == 0   ? Order::ascending
                        : order == 1 ? Order::descending
                                     : Order::shuffled,
                        static_cast<unsigned>(order));
#endif
    spoil_scratch();
    reset_kernel_launches();
    const auto result = run();
    if (result.empty()) return result;
    const long count = kernel_launches(kernel);
    if (launches < 0 ? count == 0 : count != launches) {
      CAPTURE(kernel, launches, launched_kernels());
      CHECK(count == launches);
    }
    if (order == 0) {
      first = result;
    } else if (!same_bits(result, first)) {
      CAPTURE(kernel, order);
      CHECK(same_bits(result, first));
    }
  }
#ifdef GRADUS_CUDA_EMULATED
  emulator::set_order(emulator::Order::ascending);
#endif
  return first;
}

template <class T>
std::vector<T> random_values(Index n, double low, double high, unsigned seed = 1) {
  std::mt19937 engine(seed + static_cast<unsigned>(n));
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<T> values(n);
  for (T& v : values) v = static_cast<T>(uniform(engine));
  return values;
}

template <class To, class From>
std::vector<To> converted(const std::vector<From>& x) {
  return std::vector<To>(x.begin(), x.end());
}

// The largest |got - want|, infinity where one alone is NaN or infinite or the sizes differ.
template <class T>
double largest_error(const std::vector<T>& got, const std::vector<double>& want) {
  if (got.size() != want.size()) return INFINITY;
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double g = static_cast<double>(got[i]), w = want[i];
    if (std::isnan(g) && std::isnan(w)) continue;
    if (g == w) continue;
    const double error = std::abs(g - w);
    if (!(error <= worst)) worst = std::isnan(error) ? INFINITY : error;
  }
  return worst;
}

inline double largest_magnitude(const std::vector<double>& x) {
  double largest = 0;
  for (const double v : x) {
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  }
  return largest;
}

// Whether got agrees with what the CPU computes in float64, to `steps` units in the last place of the largest
// magnitude.
template <class T>
bool agree(const std::vector<T>& got, const std::vector<double>& want, double steps) {
  const double eps = std::is_same_v<T, Index> ? 0 : static_cast<double>(std::numeric_limits<T>::epsilon());
  return largest_error(got, want) <= steps * eps * largest_magnitude(want);
}

inline const Index ragged_sizes[] = {0, 1, 31, 32, 33, 255, 256, 257, 1000};

}  // namespace gradus::kernels
