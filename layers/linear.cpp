#include <gradus/layers/linear.h>

#include <gradus/core/ops.h>
#include <gradus/layers/init.h>

namespace gradus {
namespace {
std::string extra(Index in_features, Index out_features, bool with_bias) {
  check(in_features > 0 && out_features > 0, "Linear", "expected positive numbers of features, got ", in_features,
        " and ", out_features);
  return "in_features=" + std::to_string(in_features) + ", out_features=" + std::to_string(out_features) +
         ", bias=" + (with_bias ? "True" : "False");
}
}  // namespace

Linear::Linear(Index in_features, Index out_features, bool with_bias)
    : Module("Linear", extra(in_features, out_features, with_bias)) {
  weight = parameter("weight", uniform_fan_in({out_features, in_features}, in_features));
  if (with_bias) bias = parameter("bias", uniform_fan_in({out_features}, in_features));
}

Tensor Linear::operator()(const Tensor& x) const { return linear(x, weight, bias); }

}  // namespace gradus
