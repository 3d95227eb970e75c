// Losses: one pass over memory forward, one back for each gradient. T: float, double.
#pragma once
#include <gradus/kernels/exec.h>
#include <gradus/kernels/math.h>

namespace gradus::kernels {

// --- what an element of x and its target cost, value(x, t), and its slopes for x and for t ---

// Op{}.value(x - t); Op is Square or Abs of pointwise.h
template <class Op>
struct OfDifference {
  template <class T>
  GRADUS_HD T value(T x, T t) const {
    return Op{}.value(x - t);
  }
  template <class T>
  GRADUS_HD T slope_x(T x, T t) const {
    return Op{}.slope_from_x(x - t);
  }
  template <class T>
  GRADUS_HD T slope_t(T x, T t) const {
    return -Op{}.slope_from_x(x - t);
  }
};

// -t log(x) - (1 - t) log(1 - x), the logarithms clamped at -100. The slope for x is the unclamped one with its
// denominator clamped at the float 1e-12. All of these are PyTorch's, but for the slope for t, which PyTorch does not
// clamp. NaN for x outside [0, 1].
struct BinaryCrossEntropy {
  template <class T>
  GRADUS_HD T value(T x, T t) const {
    return (t - 1) * clamped(math::log1p(-x)) - t * clamped(math::log(x));
  }
  template <class T>
  GRADUS_HD T slope_x(T x, T t) const {
    const T product = x * (1 - x), least = T(1e-12f);
    return (x - t) / (product < least ? least : product);
  }
  template <class T>
  GRADUS_HD T slope_t(T x, T) const {
    return clamped(math::log1p(-x)) - clamped(math::log(x));
  }

 private:
  template <class T>
  GRADUS_HD static T clamped(T logarithm) {  // NaN stays NaN
    return logarithm < -100 ? T(-100) : logarithm;
  }
};

// The same for x = sigmoid(z), written so that nothing overflows and nothing cancels: max(z, 0) - z t + log(1 + e^-|z|)
struct BinaryCrossEntropyWithLogits {
  template <class T>
  GRADUS_HD T value(T z, T t) const {
    return (z > 0 ? z : T(0)) - z * t + math::log1p(math::exp(-math::abs(z)));
  }
  template <class T>
  GRADUS_HD T slope_x(T z, T t) const {
    return math::sigmoid(z) - t;
  }
  template <class T>
  GRADUS_HD T slope_t(T z, T) const {
    return -z;
  }
};

// --- the loops ---

// *y = scale * sum of op.value(x[i], target[i]); Op is one of the above
template <class Op, class T>
void elementwise_loss(Cpu, Index n, T scale, const T* x, const T* target, T* y);
// dx[i] = scale * *dy * op.slope_x(x[i], target[i]); dt likewise with slope_t
template <class Op, class T>
void elementwise_loss_back_x(Cpu, Index n, T scale, const T* x, const T* target, const T* dy, T* dx);
template <class Op, class T>
void elementwise_loss_back_t(Cpu, Index n, T scale, const T* x, const T* target, const T* dy, T* dt);

// *y = -scale * sum of log_probs[i, target[i]]; log_probs is [n, classes], every target in [0, classes)
template <class T>
void nll_loss(Cpu, Index n, Index classes, T scale, const T* log_probs, const Index* target, T* y);
// dx[i, c] = -scale * *dy where c is target[i], otherwise 0
template <class T>
void nll_loss_back(Cpu, Index n, Index classes, T scale, const Index* target, const T* dy, T* dx);

#ifdef GRADUS_HAS_CUDA
template <class Op, class T>
void elementwise_loss(Cuda, Index n, T scale, const T* x, const T* target, T* y);
template <class Op, class T>
void elementwise_loss_back_x(Cuda, Index n, T scale, const T* x, const T* target, const T* dy, T* dx);
template <class Op, class T>
void elementwise_loss_back_t(Cuda, Index n, T scale, const T* x, const T* target, const T* dy, T* dt);
template <class T>
void nll_loss(Cuda, Index n, Index classes, T scale, const T* log_probs, const Index* target, T* y);
template <class T>
void nll_loss_back(Cuda, Index n, Index classes, T scale, const Index* target, const T* dy, T* dx);
#endif

}  // namespace gradus::kernels
