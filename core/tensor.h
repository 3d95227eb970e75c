// Tensor: a shared handle to an n-dimensional array, its gradient, and the op that made it. Read this first, then
// ops.h (what can be computed) and autograd.h (how gradients come about).
//
// Copying a Tensor copies the handle: both see the same numbers, as in Python. clone() copies the numbers. Tensors are
// dense; reshape() and rows() share their input's storage, every other change of shape copies. Methods are about the
// tensor itself; arithmetic is free functions and operators (ops.h), drawing is in random.h.
#pragma once
#include <initializer_list>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gradus/core/dtype.h>
#include <gradus/core/error.h>
#include <gradus/core/shape.h>
#include <gradus/core/storage.h>

namespace gradus {

class Tensor;
class Node;
using Tensors = std::vector<Tensor>;
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;  // as state_dict() gives them

// What a new tensor is made of: zeros({2, 3}, float64), zeros({2, 3}, {float64, device}).
struct TensorOptions {
  DType dtype = float32;
  Device device = cpu;
  TensorOptions() = default;
  TensorOptions(DType t) : dtype(t) {}
  TensorOptions(Device d) : device(d) {}
  TensorOptions(DType t, Device d) : dtype(t), device(d) {}
};

class Tensor {
 public:
  Tensor() = default;  // undefined: no numbers at all
  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) noexcept = default;
  // Of handles, and so not to what an op returned: x[0] = y would change nothing. Write x[0].copy_(y).
  Tensor& operator=(const Tensor&) & = default;
  Tensor& operator=(Tensor&&) & noexcept = default;

  bool defined() const { return impl_ != nullptr; }
  const Shape& shape() const;
  int dim() const;            // the rank
  Index size(Index d) const;  // an extent; d counts from the back when negative
  Index numel() const;
  DType dtype() const;
  Device device() const;
  TensorOptions options() const { return {dtype(), device()}; }

  // --- reading ---
  // The numbers in place, for a CPU tensor of exactly this type; writing through it is an in-place change that must be
  // announced with bump_version(). Throws Error for another dtype or device.
  template <class T>
  std::span<T> data() const;
  // A copy of the numbers, from any device. Throws Error for another dtype.
  template <class T>
  std::vector<T> to_vector() const;
  // The number of a tensor of one element. Waits for the device. Throws Error when there are more or none.
  double item() const;

  // --- gradients ---
  bool requires_grad() const;                    // gradients flow to this tensor
  Tensor& requires_grad_(bool required = true);  // for leaves; throws Error for an op's result and for int64
  bool is_leaf() const;                          // not the result of a recorded op
  Tensor grad() const;                           // what backward() has added up here; undefined before
  void set_grad(Tensor gradient);                // of the same shape and dtype, or undefined
  void zero_grad() { set_grad({}); }
  // Adds d(this)/d(leaf) to the gradient of each leaf this was computed from. `gradient` is d(result)/d(this), and may
  // be left out for a tensor of one element. What forward kept is freed on the way, unless retain_graph.
  void backward(const Tensor& gradient = {}, bool retain_graph = false) const;
  Tensor detach() const;                         // the same storage, outside the graph
  const std::shared_ptr<Node>& grad_fn() const;  // the op that made it; null for a leaf

  // --- other forms (all differentiable) ---
  Tensor clone() const;
  Tensor to(DType dtype) const;
  Tensor to(Device device) const;
  Tensor reshape(const Shape& shape) const;                    // shares storage
  Tensor reshape(std::initializer_list<Index> extents) const;  // one of them may be -1: what is left
  Tensor flatten(Index first = 0, Index last = -1) const;
  Tensor unsqueeze(Index d) const;
  Tensor squeeze(Index d) const;
  Tensor rows(Index begin, Index end) const;            // [begin, end) of dimension 0; shares storage
  Tensor operator[](Index row) const;                   // one row, without its dimension; shares storage
  Tensor slice(Index d, Index begin, Index end) const;  // [begin, end) of dimension d
  Tensor transpose(Index a, Index b) const;
  Tensor t() const;  // of a matrix
  Tensor permute(std::initializer_list<Index> dims) const;

  // --- in-place changes: under NoGrad only, and they bump the version ---
  Tensor& fill_(double value);
  Tensor& zero_() { return fill_(0); }
  Tensor& copy_(const Tensor& from);                    // broadcasts and converts
  Tensor& add_(const Tensor& other, double alpha = 1);  // this += alpha * other
  Tensor& sub_(const Tensor& other) { return add_(other, -1); }
  Tensor& mul_(const Tensor& other);
  Tensor& mul_(double factor);

  // --- for ops and modules ---
  // The first element's address, on the device, and from there the numbers in the order of the shape. An image whose
  // channels lie last in memory is rearranged for that, and then has memory of its own (channels_last.h).
  void* raw() const;
  const std::shared_ptr<Storage>& storage() const;
  void bump_version() const;  // says that the numbers were changed in place
  // This handle, and all copies of it, now hold t's numbers, shape and dtype, and no gradient.
  void set_data(const Tensor& t);
  bool same(const Tensor& other) const { return impl_ == other.impl_; }  // two handles to one tensor

  friend std::ostream& operator<<(std::ostream& out, const Tensor& t);  // as PyTorch prints (print.cpp)

 private:
  struct Impl;
  friend struct Autograd;  // autograd.h: the engine reads and writes a tensor's node
  explicit Tensor(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  static Tensor make(const Shape& shape, DType dtype, std::shared_ptr<Storage> storage, Index offset);
  friend Tensor empty(const Shape& shape, TensorOptions options);
  friend Tensor view(const Tensor& t, const Shape& shape, Index offset);
  friend bool channels_last(const Tensor& t);
  friend Tensor empty_arranged(const Shape& shape, TensorOptions options, bool last);
  friend void* address(const Tensor& t);
  template <class T>
  friend Tensor from_blob(T* values, const Shape& shape);
  friend Tensor pin_memory(const Tensor& t);
  const Impl& get() const;  // throws Error when undefined

  std::shared_ptr<Impl> impl_;
};

// --- new tensors ---
Tensor empty(const Shape& shape, TensorOptions options = {});  // not initialised
Tensor empty_like(const Tensor& t);
Tensor zeros(const Shape& shape, TensorOptions options = {});
Tensor zeros_like(const Tensor& t);
Tensor ones(const Shape& shape, TensorOptions options = {});
Tensor ones_like(const Tensor& t);
Tensor full(const Shape& shape, double value, TensorOptions options = {});
Tensor arange(double begin, double end, double step = 1,
              TensorOptions options = {});  // ceil((end - begin) / step) elements

// From values in row-major order: tensor({1, 2, 3, 4, 5, 6}, {2, 3}). Throws Error when their number is not the
// shape's.
Tensor tensor(std::initializer_list<double> values, const Shape& shape, TensorOptions options = {});
Tensor tensor(std::initializer_list<double> values, TensorOptions options = {});  // one dimension
Tensor scalar(double value, TensorOptions options = {});                          // no dimension
// From a span, copied; the dtype is the span's.
template <class T>
Tensor tensor(std::span<const T> values, const Shape& shape);
// Foreign memory, shared, not copied: it must outlive the tensor and all that share its storage. T: float, double,
// int64.
template <class T>
Tensor from_blob(T* values, const Shape& shape);

// t's storage seen as `shape` from `offset` elements after t's own start. Not recorded: for ops.
Tensor view(const Tensor& t, const Shape& shape, Index offset = 0);

}  // namespace gradus
