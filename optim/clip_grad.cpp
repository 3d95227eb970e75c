#include <gradus/optim/clip_grad.h>

#include <algorithm>
#include <cmath>

#include <gradus/core/autograd.h>
#include <gradus/core/ops.h>

namespace gradus {

double clip_grad_norm(const Tensors& params, double max_norm) {
  check(max_norm >= 0, "clip_grad_norm", "expected a max_norm of 0 or more, got ", max_norm);
  NoGrad guard;
  Tensors clipped;
  Tensor squares;  // stays on the device until the end
  for (const Tensor& p : params) {
    const Tensor g = p.grad();
    if (!g.defined() || std::any_of(clipped.begin(), clipped.end(), [&](const Tensor& c) { return c.same(p); }))
      continue;
    clipped.push_back(p);
    const Tensor squares_of_g = sum(square(g)).to(float64);
    squares = squares.defined() ? squares + squares_of_g : squares_of_g;
  }
  const double norm = squares.defined() ? std::sqrt(squares.item()) : 0;
  const double factor = max_norm / (norm + 1e-6);
  if (factor >= 1) return norm;
  for (Tensor& p : clipped) p.set_grad(p.grad() * factor);
  return norm;
}

}  // namespace gradus
