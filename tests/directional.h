// The gradient of a whole network at once: along a random direction of all its parameters, against central differences.
#pragma once
#include "catch.h"

#include <cmath>
#include <functional>

#include <gradus/core/autograd.h>
#include <gradus/core/ops.h>
#include <gradus/core/random.h>

namespace gradus {

struct Directional {
  double analytic, numeric, numeric_half;  // by backward; with step h, and with h / 2
  double error() const { return std::abs(analytic - numeric) / std::abs(analytic); }
  double error_half() const { return std::abs(analytic - numeric_half) / std::abs(analytic); }
};

// loss() is a scalar of float64. The parameters are moved, and put back.
inline Directional directional_derivative(const Tensors& parameters, const std::function<Tensor()>& loss, double h) {
  Generator from(17);
  Tensors direction;
  for (Tensor p : parameters) {
    p.zero_grad();
    direction.push_back(randn(p.shape(), p.options(), from));
  }
  loss().backward();
  NoGrad guard;
  const auto at = [&](double step) {
    for (std::size_t i = 0; i < parameters.size(); ++i) Tensor(parameters[i]).add_(direction[i], step);
    const double value = loss().item();
    for (std::size_t i = 0; i < parameters.size(); ++i) Tensor(parameters[i]).add_(direction[i], -step);
    return value;
  };
  Directional d{};
  for (std::size_t i = 0; i < parameters.size(); ++i) d.analytic += sum(parameters[i].grad() * direction[i]).item();
  d.numeric = (at(h) - at(-h)) / (2 * h);
  d.numeric_half = (at(h / 2) - at(-h / 2)) / h;
  return d;
}

// Checks that both differences agree with backward.
inline void check_directional(const Tensors& parameters, const std::function<Tensor()>& loss) {
  const Directional d = directional_derivative(parameters, loss, 1e-8);
  INFO(d.analytic << ", differences " << d.numeric << ", " << d.numeric_half);
  CHECK(d.error() <= 1e-5);
  CHECK(d.error_half() <= 1e-5);
}

}  // namespace gradus
