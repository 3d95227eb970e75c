// L1Penalty: lecture 20's penalty on activations, the worked example of an op that a user writes.
//
// forward returns its input unchanged; backward adds the penalty's gradient. So it is the gradient of no function:
// gradcheck must refuse it, and does. The penalty itself never shows up in a loss that is printed.
//
// Note [L1 penalty forms]. The lecture's slide multiplies the weight with the activation itself: that is the gradient
// of weight/2 * sum(x^2), no L1 penalty, and with the lecture's weight of 0.1 the code collapses: after 20 epochs the
// MSE is 0.11 instead of 0.0068 (docs/lectures/lecture20.md). The slide's own losses are those of a run without a
// penalty, most likely because the PyTorch of that time did not call the backward of a function that returns its input.
// Ours is called: apply() makes the output a tensor of its own.
#pragma once
#include <gradus/core/autograd.h>
#include <gradus/core/ops.h>

namespace gradus {

enum class L1Form {
  mean,   // the penalty weight * mean|x|: adds weight / numel * sign(x)
  sum,    // the penalty weight * sum|x|:  adds weight * sign(x)
  slide,  // as the slide has it:          adds weight * x
  none    // adds nothing
};

struct L1Penalty {
  double weight;
  L1Form form = L1Form::sum;

  Tensor forward(Saved& keep, const Tensor& x) const {
    if (form != L1Form::none) keep(x);
    return x;
  }

  Tensors backward(const Saved& kept, const Tensor& dy) const {
    switch (form) {
      case L1Form::mean:
        return {l1_penalty_backward(dy, kept[0], weight / static_cast<double>(dy.numel()))};
      case L1Form::sum:
        return {l1_penalty_backward(dy, kept[0], weight)};  // dy + weight * sign(x)
      case L1Form::slide:
        return {dy + weight * kept[0]};
      case L1Form::none:
        break;
    }
    return {dy};
  }
};

}  // namespace gradus
