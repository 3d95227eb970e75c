// sum, mean, max and argmax.
#include <algorithm>

#include <gradus/core/autograd.h>
#include <gradus/core/on.h>
#include <gradus/core/ops.h>
#include <gradus/kernels/reduce.h>

namespace gradus {
namespace {

// The dimensions to reduce as flags: all of them where none is named.
std::vector<bool> chosen(const char* op, const Tensor& x, const Dims& dims) {
  check_alike(op, {x});
  const Shape& shape = x.shape();
  std::vector<bool> flags(shape.rank(), dims.empty());
  for (Index d : dims) {
    const int at = normalize_dim(op, d, shape.rank());
    check(!flags[at], op, "dimension ", d, " is named twice");
    flags[at] = true;
  }
  return flags;
}

Shape reduced(const Shape& shape, const std::vector<bool>& flags, bool keepdim) {
  Shape out = shape;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    if (flags[d]) out = keepdim ? out.with(d, 1) : out.without(d);
  }
  return out;
}

// Reduces one run of neighbouring dimensions after the other: the last run first, so that the others keep their places.
template <class Step>
Tensor in_runs(const Tensor& x, const std::vector<bool>& flags, Step&& step) {
  Tensor y = x;
  Shape shape = x.shape();
  for (int end = shape.rank(); end > 0;) {
    if (!flags[end - 1]) {
      --end;
      continue;
    }
    int first = end - 1;
    while (first > 0 && flags[first - 1]) --first;
    const Around a = around(shape, first, end);
    for (int d = first; d < end; ++d) shape[d] = 1;
    Tensor next = empty(shape, x.options());
    step(a, y, next);
    y = next;
    end = first;
  }
  return y.same(x) ? x.clone() : y;
}

Tensor sum_over(const Tensor& x, const std::vector<bool>& flags) {  // keeps the dimensions
  return in_runs(x, flags, [](const Around& a, const Tensor& from, const Tensor& to) {
    on(from,
       [&]<class T>(auto exec) { kernels::sum<T>(exec, a.outer, a.n, a.inner, pointer<T>(from), pointer<T>(to)); });
  });
}

}  // namespace

namespace ops {

struct Sum {
  static constexpr auto name = "sum";
  Shape from;
  std::vector<bool> flags;
  bool keepdim;
  Tensor forward(Saved&, const Tensor& x) const { return view(sum_over(x, flags), reduced(from, flags, keepdim)); }
  Tensors backward(const Saved&, const Tensor& dy) const {
    return {expand(dy.reshape(reduced(from, flags, true)), from)};
  }
};

struct Max {
  static constexpr auto name = "max";
  std::vector<bool> flags;
  bool keepdim;
  Tensor forward(Saved& keep, const Tensor& x) const {
    const Tensor y = in_runs(x, flags, [](const Around& a, const Tensor& from, const Tensor& to) {
      on(from,
         [&]<class T>(auto exec) { kernels::max<T>(exec, a.outer, a.n, a.inner, pointer<T>(from), pointer<T>(to)); });
    });
    keep(x);
    keep(y);
    return view(y, reduced(x.shape(), flags, keepdim));
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const {
    const Tensor largest = kept[0] == kept[1];  // 1 where an element is its maximum
    return {largest * (dy.reshape(kept[1].shape()) / sum_over(largest, flags))};
  }
};

}  // namespace ops

Tensor sum(const Tensor& x, const Dims& dims, bool keepdim) {
  check_alike("sum", {x});
  return apply(ops::Sum{x.shape(), chosen("sum", x, dims), keepdim}, x);
}

Tensor mean(const Tensor& x, const Dims& dims, bool keepdim) {
  check_alike("mean", {x});
  check(is_floating(x.dtype()), "mean",
        "expected a float32 or float64 tensor, got int64; convert it with .to(float64)");
  const Tensor total = sum(x, dims, keepdim);
  const Index n = total.numel() ? x.numel() / total.numel() : 1;
  return total / static_cast<double>(n);
}

Tensor max(const Tensor& x, const Dims& dims, bool keepdim) {
  const std::vector<bool> flags = chosen("max", x, dims);
  for (int d = 0; d < x.dim(); ++d) {
    check(!flags[d] || x.shape()[d] > 0, "max", "dimension ", d, " of shape ", x.shape(),
          " has no elements, so there is no largest one");
  }
  return apply(ops::Max{flags, keepdim}, x);
}

Tensor argmax(const Tensor& x) {
  check_alike("argmax", {x});
  return argmax(x.detach().reshape({x.numel()}), 0);
}

Tensor argmax(const Tensor& x, Index dim, bool keepdim) {
  check_alike("argmax", {x});
  const int d = normalize_dim("argmax", dim, x.dim());
  check(x.shape()[d] > 0, "argmax", "dimension ", d, " of shape ", x.shape(),
        " has no elements, so there is no largest one");
  const Tensor y = empty(keepdim ? x.shape().with(d, 1) : x.shape().without(d), {int64, x.device()});
  const Around a = around(x.shape(), d, d + 1);
  on(x, [&]<class T>(auto exec) { kernels::argmax<T>(exec, a.outer, a.n, a.inner, pointer<T>(x), pointer<Index>(y)); });
  return y;
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  check(broadcast("sum_to", shape, x.shape()) == x.shape(), "sum_to", shape, " does not broadcast to ", x.shape());
  const int extra = x.dim() - shape.rank();
  Dims dims;
  for (int d = 0; d < x.dim(); ++d) {
    if (d < extra || (shape[d - extra] == 1 && x.shape()[d] != 1)) dims.push_back(d);
  }
  return dims.empty() ? x : sum(x, dims, true).reshape(shape);
}

}  // namespace gradus
