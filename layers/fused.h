// The table of layers that run as one op where they follow each other in a Sequential: Linear and Tanh, say, as
// linear_activation. The op gives the parts' results to the bit, outputs and gradients (tests/fused_test.cpp), but for
// upsample_conv2d, which gives them to rounding, and is in the table because it measured faster on the CPU
// (docs/performance.md).
// Nothing of it shows: children, names, the printed tree and clones are those of the parts.
//
// GRADUS_FUSE=0 in the environment runs the parts, one by one.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <utility>

#include <gradus/layers/module.h>

namespace gradus {

using NamedLayers = std::span<const std::pair<std::string, Layer>>;

struct FusedLayers {
  std::size_t count;                         // how many layers it stands for
  std::function<bool(NamedLayers)> matches;  // whether the first of these layers are of its types
  std::function<Tensor(NamedLayers, const Tensor& x)> run;
};

// The row of the table that the first of these layers match; null where there is none, or fusing is off.
const FusedLayers* fused(NamedLayers layers);

// Whether Sequential fuses: at first what GRADUS_FUSE says, 1 (the default) or 0. Throws Error for anything else.
bool fusing();
void set_fusing(bool on);

}  // namespace gradus
