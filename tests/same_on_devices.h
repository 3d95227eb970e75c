// Whether two devices give the same numbers.
#pragma once
#include "catch.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gradus/core/ops.h>

namespace gradus {

// The largest difference, over the largest magnitude of a; NaN and infinities must be the same in both.
inline double difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  REQUIRE(a.dtype() == b.dtype());
  const std::vector<double> x = a.detach().to(cpu).to(float64).to_vector<double>();
  const std::vector<double> y = b.detach().to(cpu).to(float64).to_vector<double>();
  double largest = 0, worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
    if (!std::isfinite(x[i] - y[i])) return INFINITY;
    worst = std::max(worst, std::abs(x[i] - y[i]));
  }
  for (double v : x) {
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  }
  return worst == 0 ? 0 : worst / largest;
}

// What the CPU has trained, and a GPU twice: equal to rounding, and from run to run to the bit. All float64.
inline void check_same_on_devices(const Tensors& here, const Tensors& there, const Tensors& again) {
  REQUIRE(!here.empty());
  REQUIRE(there.size() == here.size());
  REQUIRE(again.size() == here.size());
  for (std::size_t i = 0; i < here.size(); ++i) {
    CAPTURE(i);
    CHECK(difference(here[i], there[i]) <= 1e-10);
    CHECK(there[i].to_vector<double>() == again[i].to_vector<double>());
  }
}

}  // namespace gradus
