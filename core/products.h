// Matrix products and convolutions by the library that is to compute them: on a GPU cuBLASLt and cuDNN, where
// kernels/libraries.h says so and they take them, our own kernels otherwise. What they compute is in kernels/matmul.h
// and kernels/conv2d.h. For core's own sources.
#pragma once
#include <functional>

#include <gradus/core/channels_last.h>
#include <gradus/core/images.h>
#include <gradus/core/on.h>
#include <gradus/core/workspace.h>
#include <gradus/kernels/conv2d.h>
#include <gradus/kernels/libraries.h>
#include <gradus/kernels/matmul.h>
#include <gradus/kernels/reduce.h>
#ifdef GRADUS_HAS_CUBLAS
#include <gradus/kernels/vendor/cublas.h>
#endif
#ifdef GRADUS_HAS_CUDNN
#include <gradus/kernels/vendor/cudnn_conv2d.h>
#endif

namespace gradus::products {

// --- matrix products ---

// To c as it lies in memory.
template <class T, class Exec>
void matmul(Exec exec, Index m, Index n, Index k, const T* a, bool transpose_a, const T* b, bool transpose_b,
            const T* bias, const Tensor& c) {
#ifdef GRADUS_HAS_CUBLAS
  if constexpr (std::is_same_v<Exec, kernels::Cuda>) {
    Workspace workspace(c.device());
    const auto multiply = [&](const T* with_bias) {
      return kernels::cublas::matmul<T>(exec, m, n, k, a, transpose_a, b, transpose_b, with_bias, memory<T>(c),
                                        std::ref(workspace));
    };
    if (kernels::uses_cublas()) {
      if (multiply(bias)) return;
      if (bias && multiply(nullptr)) return kernels::add_bias<T>(exec, m, n, bias, memory<T>(c));
    }
  }
#endif
  kernels::matmul<T>(exec, m, n, k, a, transpose_a, b, transpose_b, bias, memory<T>(c));
}

template <class T, class Exec>
void weight_and_bias_grad(Exec exec, Index m, Index n, Index k, const T* dy, const T* x, const Tensor& dw,
                          const Tensor& db) {
#ifdef GRADUS_HAS_CUBLAS
  if constexpr (std::is_same_v<Exec, kernels::Cuda>) {
    Workspace workspace(dw.device());
    if (kernels::uses_cublas()) {
      const auto take = std::ref(workspace);
      if (kernels::cublas::weight_and_bias_grad<T>(exec, m, n, k, dy, x, pointer<T>(dw), pointer<T>(db), take)) return;
      const T* const none = nullptr;
      if (kernels::cublas::matmul<T>(exec, m, n, k, dy, true, x, false, none, pointer<T>(dw), take))
        return kernels::sum<T>(exec, 1, k, m, dy, pointer<T>(db));
    }
  }
#endif
  kernels::weight_and_bias_grad<T>(exec, m, n, k, dy, x, pointer<T>(dw), pointer<T>(db));
}

template <class T, class Exec>
void linear_activation(Exec exec, Index m, Index n, Index k, const T* x, const T* w, const T* bias,
                       const kernels::Activation& activation, const Tensor& y) {
#ifdef GRADUS_HAS_CUBLAS
  if constexpr (std::is_same_v<Exec, kernels::Cuda>) {
    Workspace workspace(y.device());
    if (kernels::uses_cublas()) {
      const bool is_relu = bias && std::holds_alternative<kernels::Relu>(activation);
      if (is_relu && kernels::cublas::linear_relu<T>(exec, m, n, k, x, w, bias, pointer<T>(y), std::ref(workspace)))
        return;
      const T* const none = nullptr;
      if (kernels::cublas::matmul<T>(exec, m, n, k, x, false, w, true, none, pointer<T>(y), std::ref(workspace))) {
        return kernels::add_bias_and_activate<T>(exec, m, n, bias, activation, pointer<T>(y));
      }
    }
  }
#endif
  kernels::linear_activation<T>(exec, m, n, k, x, w, bias, activation, pointer<T>(y));
}

// --- convolutions: images and their gradients lie channels last, weights and theirs are [out, c, h, w] ---

#ifdef GRADUS_HAS_CUDNN
template <class T, class Exec>
inline constexpr bool cudnn_knows = std::is_same_v<T, float>&& std::is_same_v<Exec, kernels::Cuda>;

inline Tensor weight_for_cudnn(const Tensor& weight) { return weight.permute({0, 2, 3, 1}); }
inline Tensor weight_from_cudnn(const Tensor& dw) { return dw.permute({0, 3, 1, 2}); }
#endif

template <class T, class Exec>
void conv2d(Exec exec, const kernels::ConvExtents& e, const Tensor& x, const Tensor& weight, const T* bias,
            const Tensor& y) {
#ifdef GRADUS_HAS_CUDNN
  if constexpr (cudnn_knows<T, Exec>) {
    if (kernels::uses_cudnn()) {
      const Tensor w = weight_for_cudnn(weight);
      Workspace workspace(y.device());
      if (kernels::cudnn::conv2d(exec, e, memory<T>(x), pointer<T>(w), bias, memory<T>(y), std::ref(workspace))) return;
    }
  }
#endif
  const Tensor w = weight_for_kernels(weight);
  kernels::conv2d<T>(exec, e, memory<T>(x), pointer<T>(w), bias, memory<T>(y));
}

template <class T, class Exec>
void conv2d_input_grad(Exec exec, const kernels::ConvExtents& e, const Tensor& dy, const Tensor& weight,
                       const Tensor& dx) {
#ifdef GRADUS_HAS_CUDNN
  if constexpr (cudnn_knows<T, Exec>) {
    if (kernels::uses_cudnn()) {
      const Tensor w = weight_for_cudnn(weight);
      Workspace workspace(dx.device());
      if (kernels::cudnn::conv2d_input_grad(exec, e, memory<T>(dy), pointer<T>(w), memory<T>(dx), std::ref(workspace)))
        return;
    }
  }
#endif
  const Tensor w = weight_for_kernels(weight);
  kernels::conv2d_input_grad<T>(exec, e, memory<T>(dy), pointer<T>(w), memory<T>(dx));
}

template <class T, class Exec>
Tensor conv2d_weight_grad(Exec exec, const kernels::ConvExtents& e, const Tensor& x, const Tensor& dy) {
#ifdef GRADUS_HAS_CUDNN
  if constexpr (cudnn_knows<T, Exec>) {
    if (kernels::uses_cudnn()) {
      const Tensor dw = empty({e.out_c, e.kernel_h, e.kernel_w, e.c}, dy.options());
      Workspace workspace(dy.device());
      if (kernels::cudnn::conv2d_weight_grad(exec, e, memory<T>(x), memory<T>(dy), pointer<T>(dw), std::ref(workspace)))
        return weight_from_cudnn(dw);
    }
  }
#endif
  const Tensor dw = empty({e.kernel_h, e.kernel_w, e.c, e.out_c}, dy.options());
  kernels::conv2d_weight_grad<T>(exec, e, memory<T>(x), memory<T>(dy), pointer<T>(dw));
  return weight_from_kernels(dw);
}

}  // namespace gradus::products
