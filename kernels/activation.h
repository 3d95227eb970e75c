// Activation: what a linear layer may do to its results on their way out, chosen at run time among some rows of
// pointwise.h.
#pragma once
#include <variant>

#include <gradus/kernels/pointwise.h>

namespace gradus::kernels {

// Their slopes can be told from the output, which is all that is kept for backward: map_back takes y. LeakyRelu has
// its slope from x's sign alone, and y has the same sign unless negative_slope is below zero.
using Activation = std::variant<Tanh, Sigmoid, Relu, LeakyRelu>;

}  // namespace gradus::kernels
