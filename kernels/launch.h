// launch: how every kernel is started. Included by gpu.h, for .cu files alone.
//
//   launch<fill_kernel<T>>(cuda, blocks_for(n, 256), 256, 0, n, value, y);
#pragma once
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <gradus/kernels/cuda.h>
#include <gradus/kernels/gpu.h>

namespace gradus::kernels {

// Throws Error with CUDA's words for it and the place, unless it is a success.
void cuda_check(cudaError_t result, const char* file = __builtin_FILE(), int line = __builtin_LINE());

// How many blocks of per_block elements cover n: the quotient, rounded up. Throws Error beyond a grid's 2^31 - 1.
unsigned blocks_for(Index n, Index per_block);

namespace detail {

// Throws Error unless CUDA can run the kernel so.
void check_launch(const KernelRecord& record, const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes);

// Throws Error where the argument is a pointer to host memory, or a struct with one among its aligned words.
void check_pointers(const KernelRecord& record, int position, const void* argument, std::size_t bytes, bool is_pointer);

// A plain number is no pointer, whatever its bits look like, and neither is what lies in a struct that says so:
//   struct Words { using holds_no_pointers = void; ... };
template <class Parameter>
concept HoldsNoPointers = requires {
  typename Parameter::holds_no_pointers;
};

template <class Parameter>
void check_argument(const KernelRecord& record, int position, const Parameter& value) {
  if constexpr (std::is_pointer_v<Parameter> || (std::is_class_v<Parameter> && !HoldsNoPointers<Parameter>)) {
    check_pointers(record, position, &value, sizeof value, std::is_pointer_v<Parameter>);
  }
}

// The function's name as the compiler writes it, inside a longer text.
template <auto kernel>
constexpr std::string_view text_with_name() {
  return __PRETTY_FUNCTION__;
}

template <auto kernel>
KernelRecord& record_of() {
  static KernelRecord record(text_with_name<kernel>());
  return record;
}

// Throws Error where the launch failed (result), or, with GRADUS_SYNC=1, the run.
void finish_launch(const KernelRecord& record, cudaError_t result, cudaStream_t stream);

template <auto kernel, class... Parameters>
void launch(void (*)(Parameters...), Cuda cuda, dim3 grid, dim3 block, std::size_t shared_bytes,
            std::tuple<Parameters...> values) {
  static_assert((std::is_trivially_copyable_v<Parameters> && ...), "kernels take numbers, pointers and plain structs");
  KernelRecord& record = record_of<kernel>();
  check_launch(record, reinterpret_cast<const void*>(kernel), grid, block, shared_bytes);
  std::apply(
      [&](Parameters&... value) {
        int position = 0;
        (check_argument(record, position++, value), ...);
      },
      values);
#ifdef __CUDACC__
  std::apply(
      [&](Parameters&... value) {
        void* addresses[] = {static_cast<void*>(&value)..., nullptr};
        finish_launch(
            record,
            cudaLaunchKernel(reinterpret_cast<const void*>(kernel), grid, block, addresses, shared_bytes, cuda.stream),
            cuda.stream);
      },
      values);
#else
  const auto run = [&record, grid, block, shared_bytes, values] {
    emulator::run(record.name, grid, block, shared_bytes, [&values] { std::apply(kernel, values); });
  };
  finish_launch(record, emulator::queue(cuda.stream, run), cuda.stream);
#endif
  record.launches.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace detail

// Runs kernel(args...) on grid * block threads, each block with shared_bytes of GRADUS_DYNAMIC_SHARED memory. An empty
// grid is no work. Each argument is converted to the kernel's own parameter type. It returns when the launch is queued;
// with GRADUS_SYNC=1 in the environment, when the kernel has run.
//
// Throws Error, naming the kernel, where the grid, the block or the shared memory exceeds what CUDA takes, where the
// launch fails (with GRADUS_SYNC=1: where the run fails), and where an argument, or an aligned word of a struct, is a
// pointer to host memory (detail::HoldsNoPointers tells structs of numbers alone). Under nvcc pointers are checked with
// GRADUS_SYNC=1 only: asking the driver takes time.
template <auto kernel, class... Args>
void launch(Cuda cuda, dim3 grid, dim3 block, std::size_t shared_bytes, Args&&... args) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return;
  detail::launch<kernel>(kernel, cuda, grid, block, shared_bytes, {std::forward<Args>(args)...});
}

}  // namespace gradus::kernels
