// matmul, linear and linear_activation, with dropout too.
#include <gradus/core/autograd.h>
#include <gradus/core/draw_mask.h>
#include <gradus/core/on.h>
#include <gradus/core/ops.h>
#include <gradus/core/products.h>
#include <gradus/kernels/map.h>

namespace gradus {
namespace {

// op(a) op(b) + bias, op transposing where its flag says so; bias may be undefined
Tensor product(const char* op, const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b,
               const Tensor& bias = {}) {
  const Index m = a.size(transpose_a ? 1 : 0), k = a.size(transpose_a ? 0 : 1), n = b.size(transpose_b ? 0 : 1);
  Tensor c = empty({m, n}, a.options());
  on_floating(op, a, [&]<class T>(auto exec) {
    const T* row = bias.defined() ? pointer<T>(bias) : nullptr;
    products::matmul<T>(exec, m, n, k, pointer<T>(a), transpose_a, pointer<T>(b), transpose_b, row, c);
  });
  return c;
}

// Of y = x wT + b, where x and w were kept: dx = dy w, dw = dyT x, db = the sum of dy's rows.
Tensors linear_back(const char* op, const Saved& kept, const Tensor& dy) {
  Tensors grads(3);
  if (kept.needs_grad(0)) grads[0] = product(op, dy, false, kept[1], false);
  if (kept.needs_grad(1) && kept.needs_grad(2)) {
    const Tensor x = kept[0];
    const Index m = dy.size(1), n = x.size(1);
    grads[1] = empty({m, n}, dy.options());
    grads[2] = empty({m}, dy.options());
    on_floating(op, dy, [&]<class T>(auto exec) {
      products::weight_and_bias_grad<T>(exec, m, n, dy.size(0), pointer<T>(dy), pointer<T>(x), grads[1], grads[2]);
    });
  } else {
    if (kept.needs_grad(1)) grads[1] = product(op, dy, true, kept[0], false);
    if (kept.needs_grad(2)) grads[2] = sum(dy, {0});
  }
  return grads;
}

void check_linear(const char* op, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_alike(op, bias.defined() ? Tensors{x, weight, bias} : Tensors{x, weight});
  check(x.dim() == 2 && weight.dim() == 2, op, "expected an input [n, in] and a weight [out, in], got shapes ",
        x.shape(), " and ", weight.shape(), "; flatten images with reshape({n, -1})");
  check(x.size(1) == weight.size(1), op, "input has ", x.size(1), " features, weight expects ", weight.size(1),
        " (shapes ", x.shape(), " and ", weight.shape(), ")");
  check(!bias.defined() || bias.shape() == Shape{weight.size(0)}, op, "weight gives ", weight.size(0),
        " features, bias has shape ", bias.defined() ? bias.shape() : Shape{});
}

}  // namespace

namespace ops {

struct Matmul {
  static constexpr auto name = "matmul";
  Tensor forward(Saved& keep, const Tensor& a, const Tensor& b) const {
    keep(a);
    keep(b);
    return product(name, a, false, b, false);
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const {  // da = dy bT, db = aT dy
    Tensors grads(2);
    if (kept.needs_grad(0)) grads[0] = product(name, dy, false, kept[1], true);
    if (kept.needs_grad(1)) grads[1] = product(name, kept[0], true, dy, false);
    return grads;
  }
};

struct Linear {
  static constexpr auto name = "linear";
  Tensor forward(Saved& keep, const Tensor& x, const Tensor& w, const Tensor& b) const {
    keep(x);
    keep(w);
    return product(name, x, false, w, true, b);
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const { return linear_back(name, kept, dy); }
};

struct LinearActivation {
  static constexpr auto name = "linear_activation";
  kernels::Activation activation;
  Tensor forward(Saved& keep, const Tensor& x, const Tensor& w, const Tensor& b) const {
    const Index m = x.size(0), n = w.size(0), k = x.size(1);
    Tensor y = empty({m, n}, x.options());
    on_floating(name, x, [&]<class T>(auto exec) {
      const T* row = b.defined() ? pointer<T>(b) : nullptr;
      products::linear_activation<T>(exec, m, n, k, pointer<T>(x), pointer<T>(w), row, activation, y);
    });
    keep(x);
    keep(w);
    if (!std::holds_alternative<kernels::Dropout>(activation)) keep(y);
    return y;
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const {
    const Tensor dz = empty_like(dy);  // z = x wT + b
    on_floating(name, dy, [&]<class T>(auto exec) {
      std::visit(
          [&]<class Op>(const Op& op) {
            if constexpr (std::is_same_v<Op, kernels::Dropout>) {
              kernels::dropout<T>(exec, op, dy.numel(), pointer<T>(dy), pointer<T>(dz));
            } else {
              kernels::map_back<Op, T>(exec, op, dy.numel(), pointer<T>(kept[2]), pointer<T>(dy), pointer<T>(dz));
            }
          },
          activation);
    });
    return linear_back(name, kept, dz);
  }
};

}  // namespace ops

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_alike("matmul", {a, b});
  check(a.dim() >= 1 && a.dim() <= 2 && b.dim() >= 1 && b.dim() <= 2, "matmul",
        "expected matrices or vectors, got shapes ", a.shape(), " and ", b.shape());
  const Index ka = a.size(-1), kb = b.size(0);
  check(ka == kb, "matmul", "inner extents differ, ", ka, " and ", kb, " (shapes ", a.shape(), " and ", b.shape(), ")",
        b.dim() == 2 && b.size(1) == ka   ? "; pass b.t()?"
        : a.dim() == 2 && a.size(0) == kb ? "; pass a.t()?"
                                          : "");
  const Tensor y = apply(ops::Matmul{}, a.dim() == 1 ? a.unsqueeze(0) : a, b.dim() == 1 ? b.unsqueeze(1) : b);
  if (a.dim() == 2 && b.dim() == 2) return y;
  return y.reshape(a.dim() == 2 ? Shape{a.size(0)} : b.dim() == 2 ? Shape{b.size(1)} : Shape{});
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_linear("linear", x, weight, bias);
  return apply(ops::Linear{}, x, weight, bias);
}

Tensor linear_activation(const Tensor& x, const Tensor& weight, const Tensor& bias,
                         const kernels::Activation& activation) {
  check_linear("linear_activation", x, weight, bias);
  const auto* leaky = std::get_if<kernels::LeakyRelu>(&activation);
  if (leaky && !leaky->keeps_sign()) return leaky_relu(linear(x, weight, bias), leaky->negative_slope);
  return apply(ops::LinearActivation{activation}, x, weight, bias);
}

Tensor linear_dropout(const Tensor& x, const Tensor& weight, const Tensor& bias, double p, bool training,
                      Generator& from) {
  check_linear("linear_dropout", x, weight, bias);
  check_probability("linear_dropout", p);
  if (!training || p == 0) return linear(x, weight, bias);
  return linear_activation(x, weight, bias,
                           draw_mask("linear_dropout", x.device(), p, x.size(0) * weight.size(0), from));
}

Tensor linear_dropout_relu(const Tensor& x, const Tensor& weight, const Tensor& bias, double p, bool training,
                           Generator& from) {
  check_linear("linear_dropout_relu", x, weight, bias);
  check_probability("linear_dropout_relu", p);
  if (!training || p == 0) return linear_activation(x, weight, bias, kernels::Relu{});
  const kernels::Dropout mask = draw_mask("linear_dropout_relu", x.device(), p, x.size(0) * weight.size(0), from);
  return linear_activation(x, weight, bias, kernels::DropoutRelu{mask});
}

}  // namespace gradus
