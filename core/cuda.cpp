#include <gradus/core/cuda.h>

#include <cstdio>

#include <gradus/core/allocator.h>
#include <gradus/core/error.h>
#include <gradus/core/index_check.h>
#include <gradus/core/recording.h>
#ifdef GRADUS_HAS_CUDA
#include <gradus/kernels/cuda.h>
#endif

namespace gradus::cuda {
namespace {

void check_there(const char* op, Device device) {
  check(!device.is_cpu(), op, "expected a GPU such as cuda:0, got cpu");
  check(is_available(), op, "there is no ", device, ": ", why_unavailable());
  check(device.index >= 0 && device.index < device_count(), op, "there is no ", device,
        ", the last one is cuda:", device_count() - 1);
}

#ifdef GRADUS_HAS_CUDA
std::string line(const char* what, std::size_t bytes) {
  char text[80];
  std::snprintf(text, sizeof text, "  %-34s %12.1f MB\n", what, static_cast<double>(bytes) / 1e6);
  return text;
}
#endif

}  // namespace

#ifdef GRADUS_HAS_CUDA

int device_count() { return kernels::device_count(); }
std::string why_unavailable() { return kernels::why_no_device(); }

std::string device_name(Device device) {
  check_there("device_name", device);
  return kernels::device_name(device.index);
}

std::string memory_summary(Device device) {
  check_there("memory_summary", device);
  kernels::set_device(device.index);
  const kernels::DeviceMemory gpu = kernels::device_memory();
  const MemoryStats tensors = memory_stats(device), pinned = pinned_memory_stats();
  return device.str() + " (" + kernels::device_name(device.index) + ")\n" + line("memory of the GPU", gpu.total) +
         line("  free", gpu.free) + line("tensors", tensors.active) + line("  at most so far", tensors.peak) +
         line("cached for reuse", tensors.cached) +
         line("page-locked memory of the host", pinned.active + pinned.cached);
}

#else

int device_count() { return 0; }
std::string why_unavailable() { return "this gradus was built without CUDA"; }
std::string device_name(Device device) {
  check_there("device_name", device);
  return "";
}
std::string memory_summary(Device device) {
  check_there("memory_summary", device);
  return "";
}

#endif

bool is_available() { return device_count() > 0; }

void synchronize(Device device) {
  check_there("synchronize", device);
  refuse_while_recording("synchronize", "the GPU is waited for", "do it after the call");
  wait_for(device);
}

}  // namespace gradus::cuda
