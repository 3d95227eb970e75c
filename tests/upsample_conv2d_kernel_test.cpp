// Upsampling and convolution in one go against the two steps, in double.
#include <gradus/kernels/upsample_conv2d.h>

#include <cmath>
#include <limits>

#include <gradus/kernels/parallel.h>

#include "catch.h"
#include "upsample_conv2d_problems.h"

namespace gradus::kernels {
namespace {

template <class T>
void check_close(const Array<T>& got, const Array<double>& want, double terms) {
  double largest = 0, worst = 0;
  for (double v : want) largest = std::max(largest, std::abs(v));
  for (std::size_t i = 0; i < want.size(); ++i) {
    const double error = std::abs(double(got[i]) - want[i]);
    worst = std::isfinite(error) ? std::max(worst, error) : INFINITY;
  }
  CHECK(worst <= 8 * std::sqrt(terms) * double(std::numeric_limits<T>::epsilon()) * largest);
}

}  // namespace

TEST_CASE("upsampling and convolution in one go is the two steps, and so are its gradients",
          "[upsample_conv2d_kernel]") {
  for (const Problem& p : problems()) {
    const ConvExtents& c = p.e.conv;
    CAPTURE(c.n, c.c, c.h, c.w, c.out_c, c.out_h, c.out_w, c.kernel_h, c.kernel_w);
    const Results<double> want = p.in_two_steps();
    const double taps = double(c.kernel_h * c.kernel_w), pixels = double(c.n * c.out_h * c.out_w);
    const auto check_all = [&](const auto& got) {
      check_close(got.y, want.y, taps * double(c.c));
      check_close(got.dx, want.dx, taps * double(c.out_c));
      check_close(got.dw, want.dw, pixels);
    };
    check_all(p.solve<double>());
    check_all(p.solve<float>());
    CHECK(p.solve<float>(true, false).dx == p.solve<float>().dx);  // each is computed where it is asked for
    CHECK(p.solve<float>(false, true).dw == p.solve<float>().dw);
  }
}

TEST_CASE("upsampling and convolution in one go does not depend on the number of threads", "[upsample_conv2d_kernel]") {
  const int before = num_threads();
  const Problem p = doubled(37, 9, 3, 4, 20);
  set_num_threads(1);
  const Results<float> one = p.solve<float>();
  for (int threads : {2, 3, 7}) {
    set_num_threads(threads);
    const Results<float> many = p.solve<float>();
    CHECK((one.y == many.y && one.dx == many.dx && one.dw == many.dw));
  }
  set_num_threads(before);
}

}  // namespace gradus::kernels
