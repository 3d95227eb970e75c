// How parameters start.
#pragma once
#include <gradus/core/random.h>

namespace gradus {

// Uniform in ±1/sqrt(fan_in), drawn from this thread's default generator: PyTorch's default for the weights and biases
// of linear layers and convolutions (kaiming_uniform_ with a = sqrt(5) comes to that bound). fan_in: how many inputs
// one output sums over. Throws Error unless fan_in is positive.
Tensor uniform_fan_in(const Shape& shape, Index fan_in, TensorOptions options = {});

}  // namespace gradus
