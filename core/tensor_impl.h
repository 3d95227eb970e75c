// What a Tensor's handle points to. For core's own sources.
#pragma once
#include <gradus/core/autograd.h>
#include <gradus/core/tensor.h>

namespace gradus {

struct Tensor::Impl {
  Shape shape;
  DType dtype = float32;
  std::shared_ptr<Storage> storage;
  Index offset = 0;            // of the first element, in elements
  bool channels_last = false;  // Note [Channels last] in channels_last.h
  bool requires_grad = false;
  Tensor grad;
  std::shared_ptr<Node> node;  // the op that made it
};

}  // namespace gradus
