#include <gradus/core/channels_last.h>

#include <gradus/core/on.h>
#include <gradus/core/recording.h>
#include <gradus/core/tensor_impl.h>
#include <gradus/kernels/fill.h>

namespace gradus {
namespace {

// Whether the two orders differ.
bool has_two_orders(const Shape& s) { return s.rank() == 4 && s[1] > 1 && s[2] * s[3] > 1; }

}  // namespace

bool channels_last(const Tensor& t) { return t.get().channels_last; }

Tensor empty_arranged(const Shape& shape, TensorOptions options, bool last) {
  Tensor t = empty(shape, options);
  t.impl_->channels_last = last && has_two_orders(shape);
  return t;
}

Tensor empty_arranged_like(const Tensor& t) { return empty_arranged(t.shape(), t.options(), channels_last(t)); }

void* address(const Tensor& t) {
  const Tensor::Impl& impl = t.get();
  void* const at = static_cast<char*>(impl.storage->data()) + impl.offset * static_cast<Index>(size_of(impl.dtype));
  if (Recording* const recording = Recording::current()) recording->note_use(t, at);
  return at;
}

std::array<Index, Shape::max_rank> memory_strides(const Tensor& t) {
  const Shape& s = t.shape();
  if (!channels_last(t)) return s.strides();
  return {s[1] * s[2] * s[3], 1, s[3] * s[1], s[1]};
}

Tensor arranged(const Tensor& t, bool last) {
  if (channels_last(t) == last || !has_two_orders(t.shape())) return t;
  const Tensor y = empty_arranged(t.shape(), t.options(), last);
  kernels::StridedCopy c{4, {}, memory_strides(t), memory_strides(y)};
  std::copy(t.shape().begin(), t.shape().end(), c.extents.begin());
  if (t.numel() > 0) {
    on(t, [&]<class T>(auto exec) { kernels::copy_strided<T>(exec, c, memory<T>(t), memory<T>(y)); });
  }
  return y;
}

}  // namespace gradus
