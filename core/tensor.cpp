// The handle: what a tensor is. Its other forms are in views.cpp, its in-place changes in pointwise.cpp, new tensors in
// create.cpp.
#include <gradus/core/tensor.h>

#include <algorithm>
#include <cmath>

#include <gradus/core/channels_last.h>
#include <gradus/core/on.h>
#include <gradus/core/recording.h>
#include <gradus/core/tensor_impl.h>
#include <gradus/kernels/processor.h>

namespace gradus {

namespace {
[[gnu::used]] const int* const processor_check = &kernels::processor_is_checked;  // in every program with tensors

const char read_after[] = "return the tensor from the step, and read it after the call";
}  // namespace

const Tensor::Impl& Tensor::get() const {
  check(defined(), "tensor", "this tensor is undefined: it was declared, but never given a value");
  return *impl_;
}

Tensor Tensor::make(const Shape& shape, DType dtype, std::shared_ptr<Storage> storage, Index offset) {
  auto impl = std::make_shared<Impl>();
  impl->shape = shape;
  impl->dtype = dtype;
  impl->storage = std::move(storage);
  impl->offset = offset;
  return Tensor(std::move(impl));
}

const Shape& Tensor::shape() const { return get().shape; }
int Tensor::dim() const { return get().shape.rank(); }
Index Tensor::size(Index d) const { return shape()[normalize_dim("size", d, dim())]; }
Index Tensor::numel() const { return get().shape.numel(); }
DType Tensor::dtype() const { return get().dtype; }
Device Tensor::device() const { return get().storage->device(); }
const std::shared_ptr<Storage>& Tensor::storage() const { return get().storage; }

void* Tensor::raw() const {
  if (get().channels_last) {  // Note [Channels last]
    const Tensor first = arranged(*this, false);
    first.storage()->continue_version(*impl_->storage);
    impl_->storage = first.storage();
    impl_->offset = 0;
    impl_->channels_last = false;
  }
  return address(*this);
}

void Tensor::bump_version() const {
  get().storage->bump_version();
  if (Recording* const recording = Recording::current()) recording->note_change(*this);
}

void Tensor::set_data(const Tensor& t) {
  refuse_while_recording("set_data", "a tensor is given other numbers", "do it between the calls");
  get();
  const Impl& from = t.get();
  check(!grad_enabled() || !requires_grad(), "set_data",
        "a tensor that requires a gradient is replaced under NoGrad only");
  check(is_leaf(), "set_data", "this tensor is the result of '", grad_fn() ? grad_fn()->name() : "",
        "'; only leaves are replaced");
  t.raw();  // Note [Channels last]: a leaf lies in the order of its shape
  impl_->shape = from.shape;
  impl_->dtype = from.dtype;
  impl_->storage = from.storage;
  impl_->offset = from.offset;
  impl_->channels_last = false;
  impl_->grad = Tensor();
}

template <class T>
std::span<T> Tensor::data() const {
  check(dtype() == dtype_of<T>, "data", "this tensor is ", dtype(), ", ", dtype_of<T>,
        " asked for; convert it with .to(", dtype_of<T>, ")");
  check(device().is_cpu(), "data", "this tensor is on ", device(), "; copy it with .to(cpu) first");
  return {pointer<T>(*this), static_cast<std::size_t>(numel())};
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  if (!device().is_cpu()) refuse_while_recording("to_vector", "numbers are read", read_after);
  const Tensor host = arranged(to(cpu).detach(), false);
  const std::span<T> values = host.data<T>();
  return {values.begin(), values.end()};
}

template std::span<float> Tensor::data() const;
template std::span<double> Tensor::data() const;
template std::span<Index> Tensor::data() const;
template std::vector<float> Tensor::to_vector() const;
template std::vector<double> Tensor::to_vector() const;
template std::vector<Index> Tensor::to_vector() const;

double Tensor::item() const {
  check(numel() == 1, "item", "expected a tensor of one element, got shape ", shape(), "; use to_vector()");
  if (!device().is_cpu()) refuse_while_recording("item", "a number is read", read_after);
  double value = 0;
  const Tensor host = to(cpu);
  on(host, [&]<class T>(auto) { value = static_cast<double>(*pointer<T>(host)); });
  return value;
}

// --- gradients ---

bool Tensor::requires_grad() const { return get().requires_grad; }
bool Tensor::is_leaf() const { return get().node == nullptr; }
Tensor Tensor::grad() const {
  get();
  if (Recording* const recording = Recording::current()) recording->note_gradient(*this, true);
  return impl_->grad;
}
const std::shared_ptr<Node>& Tensor::grad_fn() const { return get().node; }

Tensor& Tensor::requires_grad_(bool required) {
  get();
  check(is_leaf(), "requires_grad_", "this tensor is the result of '", is_leaf() ? "" : impl_->node->name(),
        "'; use detach() to take it out of the graph");
  check(!required || is_floating(dtype()), "requires_grad_",
        "only float32 and float64 tensors have gradients, this one is int64");
  if (required) raw();  // Note [Channels last]: a leaf that requires a gradient lies in the order of its shape
  impl_->requires_grad = required;
  return *this;
}

void Tensor::set_grad(Tensor gradient) {
  get();
  if (gradient.defined()) {
    check(gradient.shape() == shape() && gradient.dtype() == dtype(), "set_grad", "expected ", dtype(), " of shape ",
          shape(), ", got ", gradient.dtype(), " of shape ", gradient.shape());
  }
  if (Recording* const recording = Recording::current()) recording->note_gradient(*this, false);
  impl_->grad = std::move(gradient);
}

void Tensor::backward(const Tensor& gradient, bool retain_graph) const {
  Autograd::backward(*this, gradient, retain_graph);
}

Tensor Tensor::detach() const { return view(*this, shape()); }

void check_fits(const char* op, double value, DType dtype) {
  check(is_floating(dtype) || (value == std::floor(value) && std::abs(value) < 0x1p63), op,
        "an int64 tensor meets the number ", value, "; convert the tensor with .to(float64)");
}

void check_alike(const char* op, const Tensors& tensors) {
  const Tensor& first = tensors.front();
  for (const Tensor& t : tensors) {
    check(t.defined(), op, "an operand is an undefined tensor");
    check(t.dtype() == first.dtype(), op, "operands have different dtypes, ", first.dtype(), " and ", t.dtype(),
          "; convert one with .to(", is_floating(first.dtype()) ? first.dtype() : t.dtype(), ")");
    check(t.device() == first.device(), op, "operands are on different devices, ", first.device(), " and ", t.device(),
          "; copy one with .to(device)");
  }
}

}  // namespace gradus
