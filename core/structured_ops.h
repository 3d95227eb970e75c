// The list of gradus's own structured ops: those that are more than one row of kernels/pointwise.h.
//
// apply() refuses to compile an op of namespace gradus::ops that is missing here, and the tests refuse to compile
// without sample cases for each op of the list (tests/op_cases.h). So no op goes unchecked by forgetting.
#pragma once
#include <string_view>
#include <type_traits>

namespace gradus {

namespace ops {
// views.cpp
struct Clone;
struct Cast;
struct Reshape;
struct Rows;
struct Slice;
struct Permute;
struct Expand;
struct Cat;
struct IndexSelect;
// reductions.cpp
struct Sum;
struct Max;
// matrix.cpp
struct Matmul;
struct Linear;
struct LinearActivation;
// convolution.cpp
struct Conv2d;
// resampling.cpp
struct UpsampleNearest2d;
struct UpsampleBilinear2d;
struct MaxPool2d;
// upsample_conv2d.cpp
struct UpsampleConv2d;
// dropout.cpp
struct Dropout;
// losses.cpp
struct Softmax;
struct LogSoftmax;
struct MseLoss;
struct L1Loss;
struct BinaryCrossEntropy;
struct BinaryCrossEntropyWithLogits;
struct NllLoss;
}  // namespace ops

template <class... Ops>
struct OpList {};

using StructuredOps =
    OpList<ops::Clone, ops::Cast, ops::Reshape, ops::Rows, ops::Slice, ops::Permute, ops::Expand, ops::Cat,
           ops::IndexSelect, ops::Sum, ops::Max, ops::Matmul, ops::Linear, ops::LinearActivation, ops::Conv2d,
           ops::UpsampleNearest2d, ops::UpsampleBilinear2d, ops::MaxPool2d, ops::UpsampleConv2d, ops::Dropout,
           ops::Softmax, ops::LogSoftmax, ops::MseLoss, ops::L1Loss, ops::BinaryCrossEntropy,
           ops::BinaryCrossEntropyWithLogits, ops::NllLoss>;

template <class F, class... Ops>
constexpr bool is_listed(OpList<Ops...>) {
  return (std::is_same_v<F, Ops> || ...);
}

// Whether F is declared in gradus::ops, read off its name: C++20 has no reflection.
template <class F>
constexpr bool is_structured_op() {
  return std::string_view(__PRETTY_FUNCTION__).find("F = gradus::ops::") != std::string_view::npos;
}

}  // namespace gradus
