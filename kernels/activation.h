// Activation: what a linear layer may do to its results on their way out, chosen at run time: some rows of pointwise.h,
// dropout, and relu of dropout.
#pragma once
#include <variant>

#include <gradus/kernels/dropout.h>
#include <gradus/kernels/pointwise.h>

namespace gradus::kernels {

// relu(dropout(x)). Its slope needs no mask: where y > 0, x was kept and is above 0.
struct DropoutRelu : Dropout {
  template <class T>
  GRADUS_HD T value(T x, std::uint32_t word) const {
    return Relu{}.value(Dropout::value(x, word));
  }
  template <class T>
  GRADUS_HD T slope_from_y(T y) const {
    return y > 0 ? T(scale) : T(0);
  }
};

// Their slopes can be told from the output, which is all that is kept for backward: map_back takes y. Of LeakyRelu that
// holds where it keeps_sign(). Dropout keeps nothing: its way back is dropout once more.
using Activation = std::variant<Tanh, Sigmoid, Relu, LeakyRelu, Dropout, DropoutRelu>;

// Whether a result depends on its element's number, too: value(x, word).
template <class Op>
concept Draws = std::is_base_of_v<Dropout, Op>;

}  // namespace gradus::kernels
