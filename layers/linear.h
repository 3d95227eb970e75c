// Linear: the fully connected layer.
#pragma once
#include <gradus/layers/module.h>

namespace gradus {

// y = x weightT + bias; x [n, in_features] -> y [n, out_features]; weight [out_features, in_features], bias
// [out_features], both uniform in ±1/sqrt(in_features) at first. Throws Error unless both extents are positive.
struct Linear : Module {
  Linear(Index in_features, Index out_features, bool with_bias = true);
  Tensor operator()(const Tensor& x) const;

  Parameter weight, bias;  // bias is undefined when there is none
};

}  // namespace gradus
