// on(tensor, f): the one place that turns a tensor's device and dtype into a kernel's arguments.
//
//   on(x, [&]<class T>(auto exec) { kernels::fill<T>(exec, x.numel(), T(1), pointer<T>(x)); });
//
// A device that was not built has no arm here, and needs no stubs elsewhere.
#pragma once
#include <gradus/core/tensor.h>
#ifdef GRADUS_HAS_CUDA
#include <gradus/kernels/cuda.h>
#endif
#include <gradus/kernels/exec.h>

namespace gradus {

// Calls f with the token of a device, whose stream then takes what the kernels queue.
template <class F>
void on_device(Device device, F&& f) {
#ifdef GRADUS_HAS_CUDA
  if (!device.is_cpu()) {
    if (kernels::current_device() != device.index) kernels::set_device(device.index);
    return f(kernels::Cuda{});
  }
#else
  (void)device;
#endif
  f(kernels::Cpu{});
}

template <class F>
void on(const Tensor& t, F&& f) {
  on_device(t.device(), [&](auto exec) {
    switch (t.dtype()) {
      case DType::float32:
        return f.template operator()<float>(exec);
      case DType::float64:
        return f.template operator()<double>(exec);
      case DType::int64:
        return f.template operator()<Index>(exec);
    }
  });
}

// The same for kernels that exist in float32 and float64 alone. Throws Error, naming op, for int64.
template <class F>
void on_floating(const char* op, const Tensor& t, F&& f) {
  check(is_floating(t.dtype()), op, "expected a float32 or float64 tensor, got int64; convert it with .to(float64)");
  on(t, [&]<class T>(auto exec) {
    if constexpr (std::is_floating_point_v<T>) f.template operator()<T>(exec);
  });
}

template <class T>
T* pointer(const Tensor& t) {
  return static_cast<T*>(t.raw());
}

// Throws Error, naming op, for a GPU where gradus was built without CUDA.
void check_built(const char* op, Device device);

// Throws Error, naming op, unless a tensor of this dtype can hold the value: int64 takes whole numbers within its
// range.
void check_fits(const char* op, double value, DType dtype);

// Throws Error, naming op, unless all are defined and of one dtype and device.
void check_alike(const char* op, const Tensors& tensors);

}  // namespace gradus
