// New tensors.
#include <cmath>

#include <gradus/core/channels_last.h>
#include <gradus/core/on.h>
#include <gradus/core/tensor_impl.h>
#include <gradus/kernels/fill.h>

namespace gradus {

void check_built([[maybe_unused]] const char* op, [[maybe_unused]] Device device) {
#ifndef GRADUS_HAS_CUDA
  check(device.is_cpu(), op, device, " asked for, but this gradus was built without CUDA; use cpu");
#endif
}

Tensor empty(const Shape& shape, TensorOptions options) {
  check_built("empty", options.device);
  const std::size_t bytes = static_cast<std::size_t>(shape.numel()) * size_of(options.dtype);
  return Tensor::make(shape, options.dtype, std::make_shared<Storage>(bytes, options.device), 0);
}

Tensor empty_like(const Tensor& t) { return empty(t.shape(), t.options()); }

Tensor full(const Shape& shape, double value, TensorOptions options) {
  check_fits("full", value, options.dtype);
  Tensor t = empty(shape, options);
  on(t, [&]<class T>(auto exec) { kernels::fill<T>(exec, t.numel(), static_cast<T>(value), pointer<T>(t)); });
  return t;
}

Tensor zeros(const Shape& shape, TensorOptions options) { return full(shape, 0, options); }
Tensor zeros_like(const Tensor& t) { return zeros(t.shape(), t.options()); }
Tensor ones(const Shape& shape, TensorOptions options) { return full(shape, 1, options); }
Tensor ones_like(const Tensor& t) { return ones(t.shape(), t.options()); }
Tensor scalar(double value, TensorOptions options) { return full({}, value, options); }

Tensor arange(double begin, double end, double step, TensorOptions options) {
  check(step != 0 && std::isfinite(begin) && std::isfinite(end) && std::isfinite(step), "arange",
        "expected finite ends and a step other than 0, got ", begin, " to ", end, " by ", step);
  check((end - begin) / step >= 0, "arange", "a step of ", step, " does not lead from ", begin, " to ", end);
  const double n = std::ceil((end - begin) / step);
  check(n < 1e15, "arange", begin, " to ", end, " by ", step, " has more elements than memory can hold");
  Tensor t = empty({static_cast<Index>(n)}, options);
  on(t, [&]<class T>(auto exec) { kernels::arange<T>(exec, t.numel(), begin, step, pointer<T>(t)); });
  return t;
}

template <class T>
Tensor tensor(std::span<const T> values, const Shape& shape) {
  check(static_cast<Index>(values.size()) == shape.numel(), "tensor", values.size(), " values don't fill shape ", shape,
        ", which has ", shape.numel(), " elements");
  Tensor t = empty(shape, dtype_of<T>);
  std::copy(values.begin(), values.end(), pointer<T>(t));
  return t;
}
template Tensor tensor(std::span<const float>, const Shape&);
template Tensor tensor(std::span<const double>, const Shape&);
template Tensor tensor(std::span<const Index>, const Shape&);

Tensor tensor(std::initializer_list<double> values, const Shape& shape, TensorOptions options) {
  return tensor(std::span<const double>(values.begin(), values.size()), shape).to(options.dtype).to(options.device);
}

Tensor tensor(std::initializer_list<double> values, TensorOptions options) {
  return tensor(values, {static_cast<Index>(values.size())}, options);
}

template <class T>
Tensor from_blob(T* values, const Shape& shape) {
  check(values != nullptr || shape.numel() == 0, "from_blob", "the memory is null but shape ", shape, " has elements");
  const std::size_t bytes = static_cast<std::size_t>(shape.numel()) * sizeof(T);
  return Tensor::make(shape, dtype_of<T>, std::make_shared<Storage>(values, bytes), 0);
}
template Tensor from_blob(float*, const Shape&);
template Tensor from_blob(double*, const Shape&);
template Tensor from_blob(Index*, const Shape&);

Tensor view(const Tensor& t, const Shape& shape, Index offset) {
  // The channels of whole images may lie last, those of any other shape don't (Note [Channels last]).
  const auto image = [](const Shape& s) { return Shape{s[1], s[2], s[3]}; };
  const bool same_images =
      channels_last(t) && shape.rank() == 4 && image(shape) == image(t.shape()) && offset % image(shape).numel() == 0;
  if (!same_images) t.raw();
  const Tensor::Impl& from = t.get();
  Tensor y = Tensor::make(shape, from.dtype, from.storage, from.offset + offset);
  y.impl_->channels_last = from.channels_last;
  return y;
}

}  // namespace gradus
