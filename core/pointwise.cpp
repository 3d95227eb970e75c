// The elementwise ops: what the rows of kernels/pointwise.h become. Map is every unary op, Zip every binary one.
#include <algorithm>

#include <gradus/core/autograd.h>
#include <gradus/core/channels_last.h>
#include <gradus/core/on.h>
#include <gradus/core/ops.h>
#include <gradus/kernels/fill.h>
#include <gradus/kernels/map.h>

namespace gradus {
namespace {

template <class Op>
struct NameOf;
#define GRADUS_NAME(fn, Op, ...)      \
  template <>                         \
  struct NameOf<kernels::Op> {        \
    static constexpr auto name = #fn; \
  };
GRADUS_UNARY_OPS(GRADUS_NAME)
GRADUS_BINARY_OPS(GRADUS_NAME)
#undef GRADUS_NAME

// Calls f for the tensor's dtype, or throws where the op does not offer it.
template <class Op, class F>
void on_offered(const Tensor& x, F&& f) {
  if constexpr (kernels::HasIntegers<Op>) {
    on(x, f);
  } else {
    on_floating(NameOf<Op>::name, x, f);
  }
}

// Whether slope_from_x gives of y what it gives of x. Then the op keeps its output, which the next one mostly keeps
// too, and lets go of its input: a third of the memory that lecture 32's activations take.
template <class Op>
bool slope_follows_from_output(const Op& op) {
  if constexpr (requires { op.keeps_sign(); }) return op.keeps_sign();
  return false;
}

template <class Op>
struct Map {
  static constexpr auto name = NameOf<Op>::name;
  Op op;

  Tensor forward(Saved& keep, const Tensor& x) const {
    Tensor y = empty_arranged_like(x);
    on_offered<Op>(x,
                   [&]<class T>(auto exec) { kernels::map<Op, T>(exec, op, x.numel(), memory<T>(x), memory<T>(y)); });
    if constexpr (kernels::KeepsX<Op>) keep(slope_follows_from_output(op) ? y : x);
    if constexpr (kernels::KeepsY<Op>) keep(y);
    return y;
  }

  Tensors backward(const Saved& kept, const Tensor& given) const {
    if constexpr (kernels::KeepsX<Op> || kernels::KeepsY<Op>) {
      const Tensor from = kept[0], dy = arranged(given, channels_last(from)), dx = empty_arranged_like(from);
      on_floating(name, dy, [&]<class T>(auto exec) {
        kernels::map_back<Op, T>(exec, op, dy.numel(), memory<T>(from), memory<T>(dy), memory<T>(dx));
      });
      return {dx};
    } else {
      return {given * Op::constant_slope};
    }
  }
};

// Whether the channels of a result of shape `to` lie last: where those of an operand do that is as large.
bool result_channels_last(const Shape& to, const Tensor& a, const Tensor& b) {
  return (channels_last(a) && a.shape() == to) || (channels_last(b) && b.shape() == to);
}

// t so that it can be walked through beside such a result: its last dimension there has a stride of 1, or 0.
Tensor beside_result(const Tensor& t, bool last) {
  return arranged(last && t.dim() == 3 ? view(t, t.shape().inserted(0, 1)) : t, last);
}

// How a and b lie under their common shape, with dimensions joined where one stride continues the other in both.
kernels::Broadcast layout(const Shape& to, bool last, const Tensor& a, const Tensor& b) {
  const auto stride = [&](const Tensor& t, int d) -> Index {
    const int own = d - (to.rank() - t.dim());
    return own < 0 || t.shape()[own] == 1 ? 0 : memory_strides(t)[own];
  };
  constexpr int in_memory[] = {0, 2, 3, 1};
  kernels::Broadcast at;
  for (int i = 0; i < to.rank(); ++i) {
    const int d = last ? in_memory[i] : i;
    if (to[d] == 1) continue;
    const Index sa = stride(a, d), sb = stride(b, d);
    const int last = at.rank - 1;
    if (at.rank && at.a[last] == sa * to[d] && at.b[last] == sb * to[d]) {
      at.extents[last] *= to[d];
      at.a[last] = sa;
      at.b[last] = sb;
    } else {
      at.extents[at.rank] = to[d];
      at.a[at.rank] = sa;
      at.b[at.rank++] = sb;
    }
  }
  if (at.rank == 0) at = {1, {1}, {0}, {0}};
  return at;
}

template <class Op>
struct Zip {
  static constexpr auto name = NameOf<Op>::name;
  Op op;

  Tensor forward(Saved& keep, const Tensor& given_a, const Tensor& given_b) const {
    const Shape shape = broadcast(name, given_a.shape(), given_b.shape());
    const bool last = result_channels_last(shape, given_a, given_b);
    const Tensor a = beside_result(given_a, last), b = beside_result(given_b, last);
    Tensor y = empty_arranged(shape, a.options(), last);
    const kernels::Broadcast at = layout(shape, last, a, b);
    on_offered<Op>(
        a, [&]<class T>(auto exec) { kernels::zip<Op, T>(exec, op, at, memory<T>(a), memory<T>(b), memory<T>(y)); });
    if constexpr (kernels::HasSlopes<Op>) {
      keep(a);
      keep(b);
    }
    return y;
  }

  Tensors backward(const Saved& kept, const Tensor& given) const {
    if constexpr (kernels::HasConstantSlopes<Op>) {
      const auto times = [&](double slope) { return slope == 1 ? given : given * slope; };
      return {kept.needs_grad(0) ? times(Op::constant_slope_a) : Tensor(),
              kept.needs_grad(1) ? times(Op::constant_slope_b) : Tensor()};
    } else {
      const Tensor a = kept[0], b = kept[1];  // already beside each other, as forward put them
      const bool last = result_channels_last(given.shape(), a, b);
      const Tensor dy = arranged(given, last);
      const kernels::Broadcast at = layout(dy.shape(), last, a, b);
      Tensors grads(2);
      on_floating(name, dy, [&]<class T>(auto exec) {
        if (kept.needs_grad(0)) {
          grads[0] = empty_arranged_like(dy);
          kernels::zip_back_a<Op, T>(exec, op, at, memory<T>(a), memory<T>(b), memory<T>(dy), memory<T>(grads[0]));
        }
        if (kept.needs_grad(1)) {
          grads[1] = empty_arranged_like(dy);
          kernels::zip_back_b<Op, T>(exec, op, at, memory<T>(a), memory<T>(b), memory<T>(dy), memory<T>(grads[1]));
        }
      });
      return grads;
    }
  }
};

// A number takes the dtype of the tensor beside it, if it can.
Tensor beside(const char* op, double value, const Tensor& t) {
  check_alike(op, {t});
  check_fits(op, value, t.dtype());
  return scalar(value, t.options());
}

void check_in_place(const char* op, const Tensor& t, const Tensor& from) {
  check(!grad_enabled(), op,
        "tensors are changed in place under NoGrad only; write x = x + y instead, or open a scope with NoGrad guard;");
  if (!from.defined()) return;
  check(t.device() == from.device(), op, "operands are on different devices, ", t.device(), " and ", from.device());
  check(broadcast(op, t.shape(), from.shape()) == t.shape(), op, "a tensor of shape ", from.shape(),
        " does not broadcast to shape ", t.shape(), ", which is changed in place");
}

// Whether `from` lies in the storage of t, but not element upon element: it would change while t is written.
bool overlaps(const Tensor& t, const Tensor& from) {
  return from.storage() == t.storage() && !(address(from) == address(t) && from.shape() == t.shape());
}

// t = op(t, other), element by element
template <class Op>
void update(const Tensor& t, const Tensor& given, const Op& op) {
  const bool last = channels_last(t);
  const Tensor other = beside_result(overlaps(t, given) ? given.detach().clone() : given, last);
  const kernels::Broadcast at = layout(t.shape(), last, t, other);
  on(t, [&]<class T>(auto exec) { kernels::zip<Op, T>(exec, op, at, memory<T>(t), memory<T>(other), memory<T>(t)); });
  t.bump_version();
}

}  // namespace

template <class Op>
Tensor map_op(const Op& op, const Tensor& x) {
  check(x.defined(), NameOf<Op>::name, "the operand is an undefined tensor");
  return apply(Map<Op>{op}, x);
}

template <class Op>
Tensor zip_op(const Op& op, const Tensor& a, const Tensor& b) {
  check_alike(NameOf<Op>::name, {a, b});
  if constexpr (kernels::HasConstantSlopes<Op> || kernels::HasSlopes<Op>) {
    return apply(Zip<Op>{op}, a, b);
  } else {  // a comparison has no gradient: nothing to record
    Saved nothing;
    return Zip<Op>{op}.forward(nothing, a, b);
  }
}

#define GRADUS_EMIT(fn, Op, ...) template Tensor map_op(const kernels::Op&, const Tensor&);
GRADUS_UNARY_OPS(GRADUS_EMIT)
#undef GRADUS_EMIT
#define GRADUS_EMIT(fn, Op, ...)                                            \
  template Tensor zip_op(const kernels::Op&, const Tensor&, const Tensor&); \
  Tensor fn(const Tensor& a, double b) { return fn(a, beside(#fn, b, a)); } \
  Tensor fn(double a, const Tensor& b) { return fn(beside(#fn, a, b), b); }
GRADUS_BINARY_OPS(GRADUS_EMIT)
#undef GRADUS_EMIT

Tensor l1_penalty_backward(const Tensor& dy, const Tensor& given, double weight) {
  check_alike("l1_penalty_backward", {dy, given});
  check(dy.shape() == given.shape(), "l1_penalty_backward", "the gradient has shape ", dy.shape(), ", x has ",
        given.shape());
  const bool last = channels_last(dy);
  const Tensor x = arranged(given, last);
  Tensor dx = empty_arranged_like(dy);
  const kernels::Broadcast at = layout(dy.shape(), last, dy, x);
  on_floating("l1_penalty_backward", dy, [&]<class T>(auto exec) {
    kernels::zip<kernels::AddScaledSign, T>(exec, {weight}, at, memory<T>(dy), memory<T>(x), memory<T>(dx));
  });
  return dx;
}

// --- in place ---

Tensor& Tensor::fill_(double value) {
  check_in_place("fill_", *this, {});
  check_fits("fill_", value, dtype());
  on(*this, [&]<class T>(auto exec) { kernels::fill<T>(exec, numel(), static_cast<T>(value), memory<T>(*this)); });
  bump_version();
  return *this;
}

Tensor& Tensor::copy_(const Tensor& from) {
  check_in_place("copy_", *this, from);
  const Tensor alike = from.shape() == shape() ? from : expand(from, shape());
  const Tensor source = arranged(overlaps(*this, alike) ? alike.clone() : alike, channels_last(*this));
  on(*this, [&]<class T>(auto exec) {
    on(source,
       [&]<class From>(auto) { kernels::cast<From, T>(exec, numel(), memory<From>(source), memory<T>(*this)); });
  });
  bump_version();
  return *this;
}

Tensor& Tensor::add_(const Tensor& other, double alpha) {
  check_alike("add_", {*this, other});
  check_in_place("add_", *this, other);
  check_fits("add_", alpha, dtype());
  update(*this, other, kernels::AddScaled{alpha});
  return *this;
}

Tensor& Tensor::mul_(const Tensor& other) {
  check_alike("mul_", {*this, other});
  check_in_place("mul_", *this, other);
  update(*this, other, kernels::Mul{});
  return *this;
}

Tensor& Tensor::mul_(double factor) { return mul_(beside("mul_", factor, *this)); }

}  // namespace gradus
