// How images lie in memory. For core's own sources: a user's tensors are N, C, H, W, whatever lies underneath.
//
// Note [Channels last]. The numbers of a 4-D tensor [n, c, h, w] may lie in memory in the order n, h, w, c, which
// convolutions read faster: a pixel's channels side by side. That is a property of the tensor, not of its storage:
//
//  - conv2d, upsampling and pooling make such tensors; elementwise ops, clone(), to() and rows() preserve it;
//  - raw(), and so data() and pointer(), always give the order of the shape: a tensor whose channels lie last is first
//    rearranged, into memory of its own. So an op or a user that knows nothing of this reads what it expects, and only
//    code that calls memory() has to look at channels_last(). It changes the tensor, so threads that share one let it
//    happen before they start;
//  - what shares storage in another shape (reshape) is rearranged too. Leaves that require a gradient, and so all
//    parameters, always lie in the order of their shape: what optimisers write is where everybody looks.
#pragma once
#include <array>

#include <gradus/core/tensor.h>

namespace gradus {

// Whether the channels lie last. Never where both orders are the same: one channel, or one pixel.
bool channels_last(const Tensor& t);

// t itself where it already lies so (last: the channels last, for a 4-D tensor), otherwise a copy. Not recorded.
Tensor arranged(const Tensor& t, bool last);

// Not initialised. arranged_like: of t's shape and dtype, lying as t does.
Tensor empty_arranged(const Shape& shape, TensorOptions options, bool last);
Tensor empty_arranged_like(const Tensor& t);

// The first element's address as the tensor lies, and its strides there. For code that has looked at channels_last().
void* address(const Tensor& t);
template <class T>
T* memory(const Tensor& t) {
  return static_cast<T*>(address(t));
}
std::array<Index, Shape::max_rank> memory_strides(const Tensor& t);

}  // namespace gradus
