#include <gradus/layers/fused.h>

#include <atomic>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include <gradus/core/error.h>
#include <gradus/core/ops.h>
#include <gradus/layers/activations.h>
#include <gradus/layers/conv2d.h>
#include <gradus/layers/dropout.h>
#include <gradus/layers/images.h>
#include <gradus/layers/linear.h>

namespace gradus {
namespace {

// Layers of the types Parts, one after the other, are op(x, part, part, ...).
template <class... Parts, class Op>
FusedLayers row(Op op) {
  return [op]<std::size_t... I>(std::index_sequence<I...>)->FusedLayers {
    return {sizeof...(Parts),
            [](NamedLayers layers) {
              return layers.size() >= sizeof...(Parts) && (layers[I].second.template get_if<Parts>() && ...);
            },
            [op](NamedLayers layers, const Tensor& x) { return op(x, *layers[I].second.template get_if<Parts>()...); }};
  }
  (std::index_sequence_for<Parts...>());
}

using kernels::Activation;

Tensor through(const Linear& l, const Tensor& x, const Activation& activation) {
  return linear_activation(x, l.weight, l.bias, activation);
}

Tensor enlarged(const Upsample& u, const Conv2d& c, const Tensor& x) {
  const UpsampleOptions& o = u.options;
  if (o.mode == UpsampleMode::nearest) return c(u(x));
  return upsample_conv2d(x, {o.size, o.scale_factor}, o.align_corners, c.weight, c.bias, c.stride, c.padding);
}

// The first row that matches is taken, so longer ones stand before those that they begin with.
const std::vector<FusedLayers>& table() {
  static const std::vector<FusedLayers> rows = {
      row<Linear, Tanh>([](auto& x, auto& l, auto&) { return through(l, x, kernels::Tanh{}); }),
      row<Linear, Sigmoid>([](auto& x, auto& l, auto&) { return through(l, x, kernels::Sigmoid{}); }),
      row<Linear, ReLU>([](auto& x, auto& l, auto&) { return through(l, x, kernels::Relu{}); }),
      row<Linear, LeakyReLU>(
          [](auto& x, auto& l, auto& a) { return through(l, x, kernels::LeakyRelu{a.negative_slope}); }),
      row<Linear, Dropout, ReLU>(
          [](auto& x, auto& l, auto& d, auto&) { return linear_dropout_relu(x, l.weight, l.bias, d.p, d.training()); }),
      row<Linear, Dropout>(
          [](auto& x, auto& l, auto& d) { return linear_dropout(x, l.weight, l.bias, d.p, d.training()); }),
      row<Upsample, Conv2d>([](auto& x, auto& u, auto& c) { return enlarged(u, c, x); }),
  };
  return rows;
}

bool fusing_at_first() {
  const char* text = std::getenv("GRADUS_FUSE");
  const std::string_view value = text && *text ? text : "1";
  check(value == "0" || value == "1", "GRADUS_FUSE", "expected 0 or 1, got '", value, "'");
  return value == "1";
}

std::atomic<bool>& fusing_flag() {
  static std::atomic<bool> on = fusing_at_first();
  return on;
}

}  // namespace

bool fusing() { return fusing_flag(); }
void set_fusing(bool on) { fusing_flag() = on; }

const FusedLayers* fused(NamedLayers layers) {
  if (!fusing()) return nullptr;
  for (const FusedLayers& row : table()) {
    if (row.matches(layers)) return &row;
  }
  return nullptr;
}

}  // namespace gradus
