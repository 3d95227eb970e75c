#include <gradus/layers/init.h>

#include <cmath>

#include <gradus/core/autograd.h>

namespace gradus {

Tensor uniform_fan_in(const Shape& shape, Index fan_in, TensorOptions options) {
  check(fan_in > 0, "uniform_fan_in", "expected a positive fan_in, got ", fan_in);
  NoGrad guard;
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  Tensor t = empty(shape, options);
  uniform_(t, -bound, bound);
  return t;
}

}  // namespace gradus
