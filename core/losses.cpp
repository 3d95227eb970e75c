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

// scale * sum of Op(x - target)
template <class Op>
Tensor difference_loss(const char* name, double scale, Saved& keep, const Tensor& x, const Tensor& target) {
  keep(x);
  keep(target);
  Tensor y = empty({}, x.options());
  on_floating(name, x, [&]<class T>(auto exec) {
    kernels::difference_loss<Op, T>(exec, x.numel(), T(scale), pointer<T>(x), pointer<T>(target), pointer<T>(y));
  });
  return y;
}

template <class Op>
Tensors difference_loss_back(const char* name, double scale, const Saved& kept, const Tensor& dy) {
  const Tensor x = kept[0], target = kept[1], dx = empty_like(x);
  on_floating(name, x, [&]<class T>(auto exec) {
    kernels::difference_loss_back<Op, T>(exec, x.numel(), T(scale), pointer<T>(x), pointer<T>(target), pointer<T>(dy),
                                         pointer<T>(dx));
  });
  return {dx, kept.needs_grad(1) ? -dx : Tensor()};
}

struct MseLoss {
  static constexpr auto name = "mse_loss";
  double scale;
  Tensor forward(Saved& keep, const Tensor& x, const Tensor& t) const {
    return difference_loss<kernels::Square>(name, scale, keep, x, t);
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const {
    return difference_loss_back<kernels::Square>(name, scale, kept, dy);
  }
};

struct L1Loss {
  static constexpr auto name = "l1_loss";
  double scale;
  Tensor forward(Saved& keep, const Tensor& x, const Tensor& t) const {
    return difference_loss<kernels::Abs>(name, scale, keep, x, t);
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const {
    return difference_loss_back<kernels::Abs>(name, scale, kept, dy);
  }
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

void check_difference(const char* op, const Tensor& x, const Tensor& target) {
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
  check_difference("mse_loss", x, target);
  return apply(ops::MseLoss{scale_of(r, x.numel())}, x, target);
}

Tensor l1_loss(const Tensor& x, const Tensor& target, Reduction r) {
  check_difference("l1_loss", x, target);
  return apply(ops::L1Loss{scale_of(r, x.numel())}, x, target);
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
  check_range("nll_loss", target, log_probs.size(1), "target",
              "not one of the " + classes + " classes, 0 to " + std::to_string(log_probs.size(1) - 1));
  return apply(ops::NllLoss{scale_of(r, target.numel()), log_probs.shape()}, log_probs, target);
}

Tensor cross_entropy(const Tensor& logits, const Tensor& target, Reduction r) {
  check_alike("cross_entropy", {logits});
  check(logits.dim() == 2, "cross_entropy", "expected logits of shape [n, classes], got ", logits.shape());
  return nll_loss(log_softmax(logits, 1), target, r);
}

}  // namespace gradus
