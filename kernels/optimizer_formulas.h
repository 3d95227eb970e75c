// What one step of an optimiser does to one weight: the formulas that the CPU and CUDA kernels share. They are
// PyTorch's.
//
// Note [Denormal moments]. A weight whose gradient stays zero has moments that decay for ever; once they are denormal,
// each step takes up to eleven times as long. So moments and momentum below 1e-30 become zero.
#pragma once
#include <cmath>

#include <gradus/kernels/exec.h>

namespace gradus::kernels {

template <class T>
GRADUS_HD inline T flushed(T x) {
  return x < T(1e-30) && x > T(-1e-30) ? T(0) : x;
}

template <class T>
struct SgdStep {
  T lr, weight_decay;
  T momentum = 0;
  T decay = 0, take = 1;  // momentum and 1 - dampening; 0 and 1 in a buffer's first step
  bool nesterov = false;

  GRADUS_HD void operator()(T& w, T g) const { w -= lr * (g + weight_decay * w); }

  // b = decay b + take (g + weight_decay w);  w -= lr b, with Nesterov's lr (g + weight_decay w + momentum b)
  GRADUS_HD void operator()(T& w, T g, T& b) const {
    const T d = g + weight_decay * w;
    b = flushed(decay * b + take * d);
    w -= lr * (nesterov ? d + momentum * b : b);
  }
};

// Adam (Kingma and Ba, arXiv 1412.6980) and AdamW (Loshchilov and Hutter, arXiv 1711.05101), in their step t:
//   w = shrink w;  d = g + weight_decay w
//   m = m + (1 - beta1) (d - m);  v = beta2 v + (1 - beta2) d^2
//   w -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
// Adam's decay is `weight_decay` (shrink is 1), AdamW's is `shrink`, 1 - lr times the decay (weight_decay is 0).
template <class T>
struct AdamStep {
  T step_size;        // lr / (1 - beta1^t)
  T take1;            // 1 - beta1
  T beta2, take2;     // take2: 1 - beta2
  T root_correction;  // 1 / sqrt(1 - beta2^t)
  T eps;
  T weight_decay = 0, shrink = 1;

  GRADUS_HD void operator()(T& w, T g, T& m, T& v) const {
    const T shrunk = shrink * w;
    const T d = g + weight_decay * shrunk;
    m = flushed(m + take1 * (d - m));
    v = flushed(beta2 * v + take2 * d * d);
    w = shrunk - step_size * m / (std::sqrt(v) * root_correction + eps);
  }
};

}  // namespace gradus::kernels
