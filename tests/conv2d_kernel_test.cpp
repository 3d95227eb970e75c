// Convolution on the CPU and its gradients against plain loops, at extents that cut every tile.
#include <gradus/kernels/conv2d.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <random>

#include <gradus/kernels/parallel.h>

#include "catch.h"
#include "conv2d_reference.h"

namespace gradus::kernels {
namespace {

// A heap block of exactly `size` elements, so that AddressSanitizer sees the first byte beyond.
template <class T>
struct Block {
  explicit Block(Index size) : size(size), data(new T[size]) {
    std::fill_n(data.get(), size, std::numeric_limits<T>::quiet_NaN());
  }
  Block(Index size, unsigned seed) : Block(size) {
    std::mt19937 engine(seed);
    std::uniform_real_distribution<T> uniform(-1, 1);
    for (Index i = 0; i < size; ++i) data[i] = uniform(engine);
  }
  std::vector<double> wide() const { return {data.get(), data.get() + size}; }
  Index size;
  std::unique_ptr<T[]> data;
};

template <class T>
struct Results {
  Block<T> y, dx, dw;
};

template <class T>
struct Problem {
  explicit Problem(const ConvExtents& e)
      : e(e),
        x(e.n * e.h * e.w * e.c, 1),
        w(e.kernel_h * e.kernel_w * e.c * e.out_c, 2),
        bias(e.out_c, 3),
        dy(e.n * e.out_h * e.out_w * e.out_c, 4) {}

  Results<T> solve(bool with_bias) const {  // over NaN, which a kernel that reads its result would carry along
    Results<T> r{Block<T>(dy.size), Block<T>(x.size), Block<T>(w.size)};
    conv2d<T>(Cpu{}, e, x.data.get(), w.data.get(), with_bias ? bias.data.get() : nullptr, r.y.data.get());
    conv2d_input_grad<T>(Cpu{}, e, dy.data.get(), w.data.get(), r.dx.data.get());
    conv2d_weight_grad<T>(Cpu{}, e, x.data.get(), dy.data.get(), r.dw.data.get());
    return r;
  }

  ConvExtents e;
  Block<T> x, w, bias, dy;
};

// The largest error over what a sum of `terms` products may lose: 4 sqrt(terms) eps sum|a b|.
template <class T>
double error(const Block<T>& got, const std::vector<double>& want, const std::vector<double>& magnitude, Index terms) {
  const double eps = double(std::numeric_limits<T>::epsilon());
  double worst = 0;
  for (Index i = 0; i < got.size; ++i) {
    if (!std::isfinite(got.data[i])) return INFINITY;
    const double off = std::abs(double(got.data[i]) - want[i]);
    const double bound = 4 * std::sqrt(double(terms + 1)) * eps * magnitude[i];
    if (off > 0) worst = std::max(worst, off / std::max(bound, 1e-300));
  }
  return worst;
}

template <class T>
void check_convolution(const ConvExtents& e, bool with_bias) {
  CAPTURE(e.n, e.c, e.h, e.w, e.out_c, e.out_h, e.out_w, e.kernel_h, e.kernel_w, e.stride_h, e.stride_w, e.pad_h,
          e.pad_w, with_bias, sizeof(T));
  const Problem<T> p(e);
  const Results<T> got = p.solve(with_bias);
  ConvSums want = conv_sums(e, p.x.wide(), p.w.wide(), p.dy.wide());
  ConvSums size = conv_sums(e, p.x.wide(), p.w.wide(), p.dy.wide(), true);
  for (Index i = 0; with_bias && i < p.dy.size; ++i) {
    want.y[i] += double(p.bias.data[i % e.out_c]);
    size.y[i] += std::abs(double(p.bias.data[i % e.out_c]));
  }
  const Index taps = e.kernel_h * e.kernel_w;
  CHECK(error(got.y, want.y, size.y, taps * e.c) <= 1);
  CHECK(error(got.dx, want.dx, size.dx, taps * e.out_c) <= 1);
  CHECK(error(got.dw, want.dw, size.dw, e.n * e.out_h * e.out_w) <= 1);
}

template <class T>
bool same(const Block<T>& a, const Block<T>& b) {
  return a.size == b.size && std::memcmp(a.data.get(), b.data.get(), a.size * sizeof(T)) == 0;
}

}  // namespace

TEST_CASE("convolution and its gradients are right at ragged extents", "[conv2d_kernel]") {
  bool with_bias = true;
  for (const ConvExtents& e : ragged_convolutions()) {
    check_convolution<float>(e, with_bias);
    check_convolution<double>(e, !with_bias);
    with_bias = !with_bias;
  }
}

TEST_CASE("convolution is right at the layers of lecture 32", "[conv2d_kernel]") {
  check_convolution<float>(conv_extents(5, 3, 32, 32, 64, 3, 3, 2, 2, 1, 1), true);
  check_convolution<float>(conv_extents(3, 64, 16, 16, 128, 3, 3, 2, 2, 1, 1), true);
  check_convolution<float>(conv_extents(13, 128, 4, 4, 128, 3, 3, 1, 1, 1, 1), true);
  check_convolution<float>(conv_extents(2, 64, 32, 32, 3, 3, 3, 1, 1, 1, 1), true);
  check_convolution<double>(conv_extents(2, 64, 8, 8, 64, 3, 3, 1, 1, 1, 1), true);
}

TEST_CASE("convolution does not depend on the number of threads", "[conv2d_kernel]") {
  const int before = num_threads();
  for (const ConvExtents& e :
       {conv_extents(37, 9, 6, 7, 21, 3, 3, 1, 1, 1, 1), conv_extents(1, 3, 40, 33, 5, 3, 3, 2, 2, 1, 1),
        conv_extents(18, 16, 5, 6, 3, 3, 3, 1, 1, 1, 1)}) {
    const Problem<float> p(e);
    set_num_threads(1);
    const Results<float> one = p.solve(true);
    for (int threads : {2, 3, 7}) {
      set_num_threads(threads);
      const Results<float> many = p.solve(true);
      CHECK(same(one.y, many.y));
      CHECK(same(one.dx, many.dx));
      CHECK(same(one.dw, many.dw));
    }
  }
  set_num_threads(before);
}

TEST_CASE("what lies in the padding is not multiplied, and NaN goes where it belongs", "[conv2d_kernel]") {
  const ConvExtents e = conv_extents(2, 3, 4, 5, 6, 3, 3, 1, 1, 1, 1);
  Problem<float> p(e);
  p.w.data[0] = INFINITY;  // the tap above and left: outside of the first row and column
  const Results<float> r = p.solve(false);
  Problem<float> q(e);
  q.x.data[((1 * 4 + 3) * 5 + 4) * 3] = NAN;  // the last pixel of the last image: four outputs see it
  const Results<float> s = q.solve(false);
  for (Index i = 0; i < p.dy.size; ++i) {
    const Index o = i % 6, x = i / 6 % 5, y = i / 30 % 4, n = i / 120;
    const bool sees = o == 0 && x > 0 && y > 0;
    if (std::isfinite(r.y.data[i]) == sees) CHECK(std::isfinite(r.y.data[i]) != sees);
    const bool meets = n == 1 && x >= 3 && y >= 2;
    if (std::isnan(s.y.data[i]) != meets) CHECK(std::isnan(s.y.data[i]) == meets);
  }
}

}  // namespace gradus::kernels
