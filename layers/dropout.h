// Dropout as a layer: in training each element is dropped with probability p, and what is kept is multiplied by
// 1 / (1 - p); in eval mode nothing happens. It draws from the thread's default generator. Linear, Dropout and ReLU
// that stand so in a Sequential run as one op (layers/fused.h).
#pragma once
#include <gradus/layers/module.h>

namespace gradus {

struct Dropout : Module {
  explicit Dropout(double probability = 0.5);  // throws Error unless it lies between 0 and 1
  Tensor operator()(const Tensor& x) const;

  double p;
};

}  // namespace gradus
