// Activation: what a linear layer may do to its results on their way out, chosen at run time among some rows of
// pointwise.h.
#pragma once
#include <variant>

#include <gradus/kernels/pointwise.h>

namespace gradus::kernels {

// Their slopes can be told from the output, which is all that is kept for backward: map_back takes y. Of LeakyRelu that
// holds where it keeps_sign().
using Activation = std::variant<Tanh, Sigmoid, Relu, LeakyRelu>;

}  // namespace gradus::kernels
