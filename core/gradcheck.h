// gradcheck: is a gradient right? Compares what backward() gives with central differences of the forward, in float64.
//
//   GradcheckReport report = gradcheck([](const Tensors& in) { return tanh(in[0] * in[1]); }, {x, y});
//   if (!report) std::cout << report;
//
// For y = f(x) and a random cotangent c it compares d(sum(c * y))/dx_i from backward() with
//   sum(c * (f(x + h e_i) - f(x - h e_i))) / 2h,   h = 6e-6 * max(1, |x_i|),
// for every element i of every float64 input, and passes when each differs by at most
// 1e-6 * max(|analytic|, |numeric|, 1e-3 * the largest gradient of that input). The default generator is rewound for
// every evaluation, so that a function may draw random numbers. Elements that lie on a kink, where there is no gradient
// to compare with, are moved off it, and the report says how many.
//
// It also demands that a second backward() gives the same bits, that a cotangent of zeros gives gradients of exactly
// zero, and refuses to pass an input whose gradient is so flat that a backward of zeros would do as well.
#pragma once
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include <gradus/core/tensor.h>

namespace gradus {

struct GradcheckReport {
  bool ok = false;
  std::string text;  // one line when ok; else the worst element, both values, and what the error looks like

  // The worst element: of which input, at which flat index, and both values.
  int input = -1;
  Index element = -1;
  double analytic = 0, numeric = 0;
  double error = 0;   // |analytic - numeric| over the largest it may be: above 1 fails
  Index checked = 0;  // elements compared
  Index moved = 0;    // elements moved off a kink

  explicit operator bool() const { return ok; }
  friend std::ostream& operator<<(std::ostream& out, const GradcheckReport& r) { return out << r.text; }
};

// Inputs of other dtypes than float64 are passed on as they are. Throws Error when there is no float64 input, when f's
// result is not float64, and when f gives different results for the same inputs. `seed` draws the cotangent.
GradcheckReport gradcheck(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs,
                          std::uint64_t seed = 1);

}  // namespace gradus
