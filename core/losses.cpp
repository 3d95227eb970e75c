// softmax, log_softmax and the losses.
#include <gradus/core/autograd.h>
#include <gradus/core/index_check.h>
#include <gradus/core/on.h>
#include <gradus/core/ops.h>
#include <gradus/kernels/index.h>
#include <gradus/kernels/losses.h>
#include <gradus/kernels/softmax.h>

namespace gradus {
namespace {

// y of x's shape, by a kernel that goes along dimension `dim` of both.
template <class Kernel>
Tensor along(const char* op, int dim, const Tensor& x, Kernel&& kernel) {
  const Around a = around(x.shape(), dim, dim + 1);
  Tensor y = empty_like(x);
  on_floating(op, x, [&]<class T>(auto exec) { kernel(exec, a, pointer<T>(x), pointer<T>(y)); });
  return y;
}

}  // namespace

namespace ops {

struct Softmax {
  static constexpr auto name = "softmax";
  int dim;
  Tensor forward(Saved& keep, const Tensor& x) const {
    Tensor y = along(name, dim, x, []<class T>(auto exec, const Around& a, const T* in, T* out) {
      kernels::softmax(exec, a.outer, a.n, a.inner, in, out);
    });
    keep(y);
    return y;
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const {
    return {along(name, dim, dy, [y = kept[0]]<class T>(auto exec, const Around& a, const T* in, T* out) {
      kernels::softmax_back(exec, a.outer, a.n, a.inner, pointer<T>(y), in, out);
    })};
  }
};

struct LogSoftmax {
  static constexpr auto name = "log_softmax";
  int dim;
  Tensor forward(Saved& keep, const Tensor& x) const {
    Tensor y = along(name, dim, x, []<class T>(auto exec, const Around& a, const T* in, T* out) {
      kernels::log_softmax(exec, a.outer, a.n, a.inner, in, out);
    });
    keep(y);
    return y;
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const {
    return {along(name, dim, dy, [y = kept[0]]<class T>(auto exec, const Around& a, const T* in, T* out) {
      kernels::log_softmax_back(exec, a.outer, a.n, a.inner, pointer<T>(y), in, out);
    })};
  }
};

// scale * sum of Op's value for each element of x and its target
template <class Self, class Op>
struct ElementwiseLoss {
  double scale;
  Tensor forward(Saved& keep, const Tensor& x, const Tensor& target) const {
    keep(x);
    keep(target);
    Tensor y = empty({}, x.options());
    on_floating(Self::name, x, [&]<class T>(auto exec) {
      kernels::elementwise_loss<Op, T>(exec, x.numel(), T(scale), pointer<T>(x), pointer<T>(target), pointer<T>(y));
    });
    return y;
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const {
    const Tensor x = kept[0], target = kept[1];
    Tensors grads(2);
    on_floating(Self::name, x, [&]<class T>(auto exec) {
      const auto run = [&](auto kernel, Tensor& gradient) {
        gradient = empty_like(x);
        kernel(exec, x.numel(), T(scale), pointer<T>(x), pointer<T>(target), pointer<T>(dy), pointer<T>(gradient));
      };
      using Exec = decltype(exec);
      using Kernel = void (*)(Exec, Index, T, const T*, const T*, const T*, T*);
      if (kept.needs_grad(0)) run(Kernel{kernels::elementwise_loss_back_x<Op, T>}, grads[0]);
      if (kept.needs_grad(1)) run(Kernel{kernels::elementwise_loss_back_t<Op, T>}, grads[1]);
    });
    return grads;
  }
};

struct MseLoss : ElementwiseLoss<MseLoss, kernels::OfDifference<kernels::Square>> {
  static constexpr auto name = "mse_loss";
};

struct L1Loss : ElementwiseLoss<L1Loss, kernels::OfDifference<kernels::Abs>> {
  static constexpr auto name = "l1_loss";
};

struct BinaryCrossEntropy : ElementwiseLoss<BinaryCrossEntropy, kernels::BinaryCrossEntropy> {
  static constexpr auto name = "binary_cross_entropy";
};

struct BinaryCrossEntropyWithLogits
    : ElementwiseLoss<BinaryCrossEntropyWithLogits, kernels::BinaryCrossEntropyWithLogits> {
  static constexpr auto name = "binary_cross_entropy_with_logits";
};

struct NllLoss {
  static constexpr auto name = "nll_loss";
  double scale;
  Shape from;
  Tensor forward(Saved& keep, const Tensor& x, const Tensor& target) const {
    keep(target);
    Tensor y = empty({}, x.options());
    on_floating(name, x, [&]<class T>(auto exec) {
      kernels::nll_loss<T>(exec, x.size(0), x.size(1), T(scale), pointer<T>(x), pointer<Index>(target), pointer<T>(y));
    });
    return y;
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const {
    const Tensor target = kept[0], dx = empty(from, dy.options());
    on_floating(name, dy, [&]<class T>(auto exec) {
      kernels::nll_loss_back<T>(exec, dx.size(0), dx.size(1), T(scale), pointer<Index>(target), pointer<T>(dy),
                                pointer<T>(dx));
    });
    return {dx, Tensor()};
  }
};

}  // namespace ops

namespace {

double scale_of(Reduction r, Index n) { return r == Reduction::mean ? 1.0 / static_cast<double>(n) : 1.0; }

void check_pair(const char* op, const Tensor& x, const Tensor& target) {
  check_alike(op, {x, target});
  check(x.shape() == target.shape(), op, "the input has shape ", x.shape(), ", the target ", target.shape(),
        "; they must be equal");
}

}  // namespace

Tensor softmax(const Tensor& x, Index dim) {
  check_alike("softmax", {x});
  return apply(ops::Softmax{normalize_dim("softmax", dim, x.dim())}, x);
}

Tensor log_softmax(const Tensor& x, Index dim) {
  check_alike("log_softmax", {x});
  return apply(ops::LogSoftmax{normalize_dim("log_softmax", dim, x.dim())}, x);
}

Tensor mse_loss(const Tensor& x, const Tensor& target, Reduction r) {
  check_pair("mse_loss", x, target);
  return apply(ops::MseLoss{{scale_of(r, x.numel())}}, x, target);
}

Tensor l1_loss(const Tensor& x, const Tensor& target, Reduction r) {
  check_pair("l1_loss", x, target);
  return apply(ops::L1Loss{{scale_of(r, x.numel())}}, x, target);
}

Tensor binary_cross_entropy(const Tensor& x, const Tensor& target, Reduction r) {
  check_pair("binary_cross_entropy", x, target);
  if (is_floating(x.dtype())) {  // the op refuses others
    const std::string where = "not a probability, 0 to 1";
    const std::string hint = "; apply sigmoid first, or pass the scores to binary_cross_entropy_with_logits";
    check_range("binary_cross_entropy", 0, 1, {x, "input", where + hint}, {target, "target", where});
  }
  return apply(ops::BinaryCrossEntropy{{scale_of(r, x.numel())}}, x, target);
}

Tensor binary_cross_entropy_with_logits(const Tensor& z, const Tensor& target, Reduction r) {
  check_pair("binary_cross_entropy_with_logits", z, target);
  return apply(ops::BinaryCrossEntropyWithLogits{{scale_of(r, z.numel())}}, z, target);
}

Tensor nll_loss(const Tensor& log_probs, const Tensor& target, Reduction r) {
  check(log_probs.defined() && target.defined(), "nll_loss", "an operand is an undefined tensor");
  check(log_probs.dim() == 2, "nll_loss", "expected log-probabilities of shape [n, classes], got ", log_probs.shape());
  check(target.dtype() == int64 && target.shape() == Shape{log_probs.size(0)}, "nll_loss",
        "expected an int64 target of shape [", log_probs.size(0), "], got ", target.dtype(), " of shape ",
        target.shape());
  check(target.device() == log_probs.device(), "nll_loss", "the target is on ", target.device(), ", the input on ",
        log_probs.device());
  const std::string classes = std::to_string(log_probs.size(1));
  check_range(
      "nll_loss", 0, static_cast<double>(log_probs.size(1) - 1),
      {target, "target", "not one of the " + classes + " classes, 0 to " + std::to_string(log_probs.size(1) - 1)});
  return apply(ops::NllLoss{scale_of(r, target.numel()), log_probs.shape()}, log_probs, target);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& target, Reduction r) {
  check_alike("cross_entropy", {logits});
  check(logits.dim() == 2, "cross_entropy", "expected logits of shape [n, classes], got ", logits.shape());
  return nll_loss(log_softmax(logits, 1), target, r);
}

}  // namespace gradus
