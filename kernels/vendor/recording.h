// Whether a stream is being recorded as a CUDA graph.
#pragma once
#include <cuda_runtime_api.h>

#include <gradus/kernels/exec.h>

namespace gradus::kernels {

// Throws Error with CUDA's words for it and the place, unless it is a success: launch.cu's.
void cuda_check(cudaError_t result, const char* file = __builtin_FILE(), int line = __builtin_LINE());

inline bool is_recorded(Cuda cuda) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  cuda_check(cudaStreamIsCapturing(cuda.stream, &status));
  return status != cudaStreamCaptureStatusNone;
}

}  // namespace gradus::kernels
