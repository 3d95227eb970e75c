#include <gradus/kernels/emulator/runtime.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>
#include <utility>

#include <gradus/kernels/emulator/emulator.h>
#include <gradus/kernels/emulator/memory.h>

using namespace gradus::kernels::emulator;

namespace {
constexpr int shared_memory_bytes = 232448;  // what a block of compute capability 9.0 may have

// One GPU, unless CUDA_VISIBLE_DEVICES hides it, or GRADUS_EMULATOR_DEVICES asks for several, which share their memory.
int devices() {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (visible && (!*visible || *visible == '-')) return 0;
  const char* const wanted = std::getenv("GRADUS_EMULATOR_DEVICES");
  return wanted ? std::atoi(wanted) : 1;
}

bool has_driver() { return !std::getenv("GRADUS_EMULATOR_NO_DRIVER"); }

thread_local int chosen = 0;

std::set<int>& used_devices() {
  static std::set<int> used;
  return used;
}

cudaError_t if_device(int device) { return device >= 0 && device < devices() ? cudaSuccess : cudaErrorInvalidDevice; }
}  // namespace

namespace gradus::kernels::emulator {

void note_used_device() { used_devices().insert(chosen); }
std::set<int> take_used_devices() {
  std::lock_guard lock(device_mutex());
  return std::exchange(used_devices(), {});
}

}  // namespace gradus::kernels::emulator

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "no error";
    case cudaErrorInvalidValue:
      return "invalid argument";
    case cudaErrorMemoryAllocation:
      return "out of memory";
    case cudaErrorInsufficientDriver:
      return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice:
      return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice:
      return "invalid device ordinal";
    case cudaErrorInvalidResourceHandle:
      return "invalid resource handle";
    case cudaErrorStreamCaptureUnsupported:
      return "operation not permitted when stream is capturing";
    case cudaErrorStreamCaptureInvalidated:
      return "operation failed due to a previous error during capture";
    case cudaErrorStreamCaptureImplicit:
      return "operation would make the legacy stream depend on a capturing blocking stream";
  }
  return "unrecognized error code";
}

cudaError_t cudaGetLastError() { return cudaSuccess; }

cudaError_t cudaDriverGetVersion(int* version) {
  *version = has_driver() ? 13000 : 0;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 0;
  if (!has_driver()) return cudaErrorInsufficientDriver;
  *count = devices();
  return *count > 0 ? cudaSuccess : cudaErrorNoDevice;
}

cudaError_t cudaSetDevice(int device) {
  const cudaError_t result = if_device(device);
  if (result == cudaSuccess) chosen = device;
  return result;
}

cudaError_t cudaGetDevice(int* device) {
  *device = chosen;
  return if_device(chosen);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  std::strcpy(properties->name, "emulated GPU");
  return if_device(device);
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr, int device) {
  *value = shared_memory_bytes;
  return if_device(device);
}

cudaError_t cudaFuncSetAttribute(const void*, cudaFuncAttribute, int value) {
  return value <= shared_memory_bytes ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaMalloc(void** block, std::size_t bytes) {
  *block = nullptr;
  if (devices() == 0) return cudaErrorNoDevice;
  if (bytes == 0) return cudaSuccess;
  if (const cudaError_t result = check_memory_allowed(); result != cudaSuccess) return result;
  std::lock_guard lock(device_mutex());
  note_used_device();
  *block = allocate_block(bytes);
  return *block ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFree(void* block) {
  if (const cudaError_t result = check_memory_allowed(); result != cudaSuccess) return result;
  std::lock_guard lock(device_mutex());
  if (const cudaError_t result = run_late_copy(); result != cudaSuccess) return result;
  return !block || free_block(block) ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  std::lock_guard lock(device_mutex());
  *total = memory_limit();
  *free = *total - used_memory();
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  attributes->type = in_device_memory(pointer) ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered;
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* block, int value, std::size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  const auto fill = [=] {
    std::lock_guard lock(device_mutex());
    if (!in_one_block(block, bytes)) return cudaErrorInvalidValue;
    const OpenMemory open;
    std::memset(block, value, bytes);
    return cudaSuccess;
  };
  if (captures(stream)) return keep(stream, fill);
  if (const cudaError_t result = check_outside_capture(); result != cudaSuccess) return result;
  cudaStreamSynchronize(stream);
  return fill();
}
