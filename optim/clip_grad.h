// Gradient clipping.
#pragma once
#include <gradus/core/tensor.h>

namespace gradus {

// Scales the gradients of all params together by min(1, max_norm / (norm + 1e-6)), norm being the root of the sum of
// all their squares, and returns the norm from before. A parameter given twice counts once; one without a gradient is
// skipped. Each gets a new gradient tensor, so gradients that share storage are not scaled twice. A norm that is not
// finite makes the gradients so, as in PyTorch: look at what is returned. Throws Error unless max_norm is 0 or more.
double clip_grad_norm(const Tensors& params, double max_norm);

}  // namespace gradus
