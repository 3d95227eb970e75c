// A tensor's other forms: what changes the shape, the dtype or the device, and picks pieces. reshape() and rows() share
// their input's storage; the others copy. Each op's backward is the way back.
#include <algorithm>

#include <gradus/core/channels_last.h>
#include <gradus/core/index_check.h>
#include <gradus/core/on.h>
#include <gradus/core/recording.h>
#include <gradus/core/ops.h>
#include <gradus/core/tensor_impl.h>
#include <gradus/kernels/fill.h>
#include <gradus/kernels/index.h>

namespace gradus {
namespace {

using kernels::StridedCopy;
using Strides = std::array<Index, Shape::max_rank>;

// y[to_start + sum i_d * to_d] = x[from_start + sum i_d * from_d] over all i below extents.
void copy(const Tensor& x, Index from_start, const Strides& from, const Tensor& y, Index to_start, const Strides& to,
          const Shape& extents) {
  StridedCopy c{extents.rank(), {}, from, to};
  std::copy(extents.begin(), extents.end(), c.extents.begin());
  if (extents.numel() == 0) return;
  on(x, [&]<class T>(auto exec) {
    kernels::copy_strided<T>(exec, c, pointer<T>(x) + from_start, pointer<T>(y) + to_start);
  });
}

Tensor converted(const Tensor& x, DType dtype) {
  Tensor y = empty_arranged(x.shape(), {dtype, x.device()}, channels_last(x));
  on(x, [&]<class From>(auto exec) {
    on(y, [&]<class To>(auto) { kernels::cast<From, To>(exec, x.numel(), memory<From>(x), memory<To>(y)); });
  });
  return y;
}

// x's numbers in new memory on that device.
Tensor copied(const Tensor& x, Device device) {
  if (x.device() == device) return converted(x, x.dtype());
  refuse_while_recording("to", "a tensor is copied from " + x.device().str() + " to " + device.str(),
                         device.is_cpu() ? "return it from the step, and copy it after the call"
                                         : "copy it before, and pass it to the step as an input");
  Tensor y = empty_arranged(x.shape(), {x.dtype(), device}, channels_last(x));
#ifdef GRADUS_HAS_CUDA
  const std::size_t bytes = static_cast<std::size_t>(x.numel()) * size_of(x.dtype());
  check(device.is_cpu() || x.device().is_cpu(), "to", "copies go between the CPU and a GPU; copy to cpu first");
  if (bytes > 0) {
    on_device(device.is_cpu() ? x.device() : device, [&](auto exec) {
      if constexpr (std::is_same_v<decltype(exec), kernels::Cuda>) {
        if (device.is_cpu()) {
          kernels::copy_to_host(exec, bytes, address(x), address(y));
          wait_for(x.device());
        } else {
          kernels::copy_to_device(exec, bytes, address(x), address(y));
          if (x.storage()->is_pinned()) kernels::synchronize(exec);  // CUDA reads it later, others before it returns
        }
      }
    });
  }
#endif
  return y;
}

}  // namespace

namespace ops {

struct Clone {
  static constexpr auto name = "clone";
  Device from, to;
  Tensor forward(Saved&, const Tensor& x) const { return copied(x, to); }
  Tensors backward(const Saved&, const Tensor& dy) const { return {from == to ? dy : copied(dy, from)}; }
};

struct Cast {
  static constexpr auto name = "to";
  DType from, to;
  Tensor forward(Saved&, const Tensor& x) const { return converted(x, to); }
  Tensors backward(const Saved&, const Tensor& dy) const { return {converted(dy, from)}; }
};

struct Reshape {
  static constexpr auto name = "reshape";
  Shape from, to;
  Tensor forward(Saved&, const Tensor& x) const { return view(x, to); }
  Tensors backward(const Saved&, const Tensor& dy) const { return {view(dy, from)}; }
};

struct Slice {
  static constexpr auto name = "slice";
  Shape from;
  int dim;
  Index begin, end;
  Tensor forward(Saved&, const Tensor& x) const {
    Tensor y = empty(from.with(dim, end - begin), x.options());
    copy(x, begin * from.strides()[dim], from.strides(), y, 0, y.shape().strides(), y.shape());
    return y;
  }
  Tensors backward(const Saved&, const Tensor& dy) const {
    Tensor dx = zeros(from, dy.options());
    copy(dy, 0, dy.shape().strides(), dx, begin * from.strides()[dim], from.strides(), dy.shape());
    return {dx};
  }
};

struct Rows {
  static constexpr auto name = "rows";
  Shape from;
  Index begin, end;
  Tensor forward(Saved&, const Tensor& x) const {
    return view(x, from.with(0, end - begin), begin * from.strides()[0]);
  }
  Tensors backward(const Saved&, const Tensor& dy) const {
    Tensor dx = zeros(from, dy.options());
    copy(dy, 0, dy.shape().strides(), dx, begin * from.strides()[0], from.strides(), dy.shape());
    return {dx};
  }
};

struct Permute {
  static constexpr auto name = "permute";
  std::vector<int> dims;  // dimension d of the output is dimension dims[d] of the input
  Tensor forward(Saved&, const Tensor& x) const {
    const Strides from = x.shape().strides();
    Shape shape = x.shape();
    Strides picked{};
    for (int d = 0; d < x.dim(); ++d) {
      shape[d] = x.shape()[dims[d]];
      picked[d] = from[dims[d]];
    }
    Tensor y = empty(shape, x.options());
    copy(x, 0, picked, y, 0, shape.strides(), shape);
    return y;
  }
  Tensors backward(const Saved&, const Tensor& dy) const {
    Permute back{std::vector<int>(dims.size())};
    for (std::size_t d = 0; d < dims.size(); ++d) back.dims[dims[d]] = static_cast<int>(d);
    Saved nothing;
    return {back.forward(nothing, dy)};
  }
};

struct Expand {
  static constexpr auto name = "expand";
  Shape to;
  Tensor forward(Saved&, const Tensor& x) const {
    const Strides from = x.shape().strides();
    Strides repeated{};  // a stride of 0 repeats an element
    for (int i = 1; i <= x.dim(); ++i) repeated[to.rank() - i] = x.shape()[x.dim() - i] == 1 ? 0 : from[x.dim() - i];
    Tensor y = empty(to, x.options());
    copy(x, 0, repeated, y, 0, to.strides(), to);
    return y;
  }
  Tensors backward(const Saved&, const Tensor& dy) const { return {dy}; }  // the engine sums it down
};

struct Cat {
  static constexpr auto name = "cat";
  int dim;
  std::vector<Index> extents;  // of the parts, along dim
  Tensor forward(Saved&, const Tensors& parts) const {
    Index total = 0;
    for (Index e : extents) total += e;
    Tensor y = empty(parts[0].shape().with(dim, total), parts[0].options());
    const Strides to = y.shape().strides();
    Index start = 0;
    for (const Tensor& part : parts) {
      copy(part, 0, part.shape().strides(), y, start * to[dim], to, part.shape());
      start += part.shape()[dim];
    }
    return y;
  }
  Tensors backward(const Saved&, const Tensor& dy) const {
    Tensors grads;
    Index start = 0;
    for (Index e : extents) {
      grads.push_back(dy.slice(dim, start, start + e));
      start += e;
    }
    return grads;
  }
};

struct IndexSelect {
  static constexpr auto name = "index_select";
  Shape from;
  int dim;
  Tensor index;
  Tensor forward(Saved&, const Tensor& x) const {
    const Around a = around(from, dim, dim + 1);
    Tensor y = empty(from.with(dim, index.numel()), x.options());
    on(x, [&]<class T>(auto exec) {
      kernels::gather<T>(exec, a.outer, a.n, a.inner, index.numel(), pointer<Index>(index), pointer<T>(x),
                         pointer<T>(y));
    });
    return y;
  }
  Tensors backward(const Saved&, const Tensor& dy) const {
    const Around a = around(from, dim, dim + 1);
    Tensor dx = zeros(from, dy.options());
    on_floating(name, dy, [&]<class T>(auto exec) {
      kernels::scatter_add<T>(exec, a.outer, a.n, a.inner, index.numel(), pointer<Index>(index), pointer<T>(dy),
                              pointer<T>(dx));
    });
    return {dx};
  }
};

}  // namespace ops

Tensor Tensor::clone() const { return apply(ops::Clone{device(), device()}, *this); }

Tensor Tensor::to(DType dtype) const {
  if (dtype == this->dtype()) return *this;
  return apply(ops::Cast{this->dtype(), dtype}, *this);
}

Tensor Tensor::to(Device device) const {
  if (device == this->device()) return *this;
  check_built("to", device);
  return apply(ops::Clone{this->device(), device}, *this);
}

Tensor Tensor::reshape(const Shape& to) const {
  check(to.numel() == numel(), "reshape", shape(), " has ", numel(), " elements, ", to, " has ", to.numel());
  return apply(ops::Reshape{shape(), to}, *this);
}

Tensor Tensor::reshape(std::initializer_list<Index> extents) const {
  std::vector<Index> to(extents);
  const auto open = std::find(to.begin(), to.end(), Index{-1});
  Index rest = 1;  // the product of the others
  for (auto e = to.begin(); e != to.end(); ++e) {
    if (e == open) continue;
    check(*e >= 0, "reshape", "extents are at least 0, and at most one of them is -1; got ", *e);
    rest *= *e;
  }
  if (open != to.end()) {
    check(rest > 0 && numel() % rest == 0, "reshape", shape(), " has ", numel(),
          " elements, which are not a multiple of ", rest, ", the product of the other extents");
    *open = numel() / rest;
  }
  return reshape(Shape(std::span<const Index>(to)));
}

Tensor Tensor::flatten(Index first, Index last) const {
  if (dim() == 0) return reshape({1});
  const int a = normalize_dim("flatten", first, dim()), b = normalize_dim("flatten", last, dim());
  check(a <= b, "flatten", "the first dimension, ", first, ", comes after the last, ", last);
  Shape to = shape().with(a, around(shape(), a, b + 1).n);
  for (int d = b; d > a; --d) to = to.without(d);
  return reshape(to);
}

Tensor Tensor::unsqueeze(Index d) const {
  return reshape(shape().inserted(normalize_dim("unsqueeze", d, dim() + 1), 1));
}

Tensor Tensor::squeeze(Index d) const {
  const int at = normalize_dim("squeeze", d, dim());
  return shape()[at] == 1 ? reshape(shape().without(at)) : *this;
}

Tensor Tensor::rows(Index begin, Index end) const {
  check(dim() > 0, "rows", "a scalar has no rows");
  check(0 <= begin && begin <= end && end <= size(0), "rows", "rows ", begin, " to ", end,
        " asked for, the tensor has ", size(0));
  return apply(ops::Rows{shape(), begin, end}, *this);
}

Tensor Tensor::operator[](Index row) const {
  check(dim() > 0, "operator[]", "a scalar has no rows");
  const Index at = row < 0 ? row + size(0) : row;
  check(at >= 0 && at < size(0), "operator[]", "row ", row, " asked for, the tensor has ", size(0));
  raw();  // Note [Channels last]: reshape would rearrange a row of its own, and x[0].fill_(1) would change nothing
  return rows(at, at + 1).reshape(shape().without(0));
}

Tensor Tensor::slice(Index d, Index begin, Index end) const {
  const int at = normalize_dim("slice", d, dim());
  check(0 <= begin && begin <= end && end <= shape()[at], "slice", "the range ", begin, " to ", end,
        " does not lie in dimension ", at, " of shape ", shape());
  return apply(ops::Slice{shape(), at, begin, end}, *this);
}

Tensor Tensor::permute(std::initializer_list<Index> wanted) const {
  std::vector<int> dims;
  for (Index d : wanted) dims.push_back(normalize_dim("permute", d, dim()));
  std::vector<int> sorted = dims;
  std::sort(sorted.begin(), sorted.end());
  if (static_cast<int>(dims.size()) != dim() || std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    std::string got;
    for (Index d : wanted) got += (got.empty() ? "" : ", ") + std::to_string(d);
    fail("permute", "expected each of the ", dim(), " dimensions of shape ", shape(), " once, got [", got, "]");
  }
  return apply(ops::Permute{dims}, *this);
}

Tensor Tensor::transpose(Index a, Index b) const {
  std::vector<int> dims(dim());
  for (int d = 0; d < dim(); ++d) dims[d] = d;
  std::swap(dims[normalize_dim("transpose", a, dim())], dims[normalize_dim("transpose", b, dim())]);
  return apply(ops::Permute{dims}, *this);
}

Tensor Tensor::t() const {
  check(dim() == 2, "t", "expected a matrix, got shape ", shape(), "; use transpose(a, b)");
  return transpose(0, 1);
}

Tensor expand(const Tensor& x, const Shape& shape) {
  check(broadcast("expand", x.shape(), shape) == shape, "expand", x.shape(), " does not broadcast to ", shape);
  return apply(ops::Expand{shape}, x);
}

Tensor cat(const Tensors& parts, Index dim) {
  check(!parts.empty(), "cat", "expected at least one tensor");
  check_alike("cat", parts);
  ops::Cat op{normalize_dim("cat", dim, parts[0].dim()), {}};
  for (const Tensor& part : parts) {
    check(part.dim() == parts[0].dim() && part.shape().with(op.dim, 0) == parts[0].shape().with(op.dim, 0), "cat",
          "shapes ", parts[0].shape(), " and ", part.shape(), " differ outside dimension ", op.dim);
    op.extents.push_back(part.shape()[op.dim]);
  }
  return apply(op, parts);
}

Tensor stack(const Tensors& parts, Index dim) {
  check(!parts.empty(), "stack", "expected at least one tensor");
  check_alike("stack", parts);
  Tensors raised;
  for (const Tensor& part : parts) {
    check(part.shape() == parts[0].shape(), "stack", "shapes ", parts[0].shape(), " and ", part.shape(), " differ");
    raised.push_back(part.unsqueeze(dim));
  }
  return cat(raised, dim);
}

Tensor index_select(const Tensor& x, Index dim, const Tensor& index) {
  check(x.defined() && index.defined(), "index_select", "an operand is an undefined tensor");
  const int d = normalize_dim("index_select", dim, x.dim());
  check(index.dtype() == int64 && index.dim() == 1, "index_select", "expected an int64 index of one dimension, got ",
        index.dtype(), " of shape ", index.shape());
  check(index.device() == x.device(), "index_select", "the index is on ", index.device(), ", the tensor on ",
        x.device());
  check_range("index_select", 0, static_cast<double>(x.shape()[d] - 1),
              {index, "index", "outside dimension " + std::to_string(d) + " of shape " + x.shape().str()});
  return apply(ops::IndexSelect{x.shape(), d, index.detach()}, x);
}

}  // namespace gradus
