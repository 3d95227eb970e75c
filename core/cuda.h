// What a program may ask about GPUs and their memory. In a gradus that was built without CUDA there is none.
#pragma once
#include <string>

#include <gradus/core/dtype.h>

namespace gradus::cuda {

// Where a function takes a device, it is the first GPU unless another one is named.
inline constexpr Device first_gpu{Device::Type::cuda, 0};

int device_count();   // the GPUs that answer; CUDA_VISIBLE_DEVICES chooses among them, as for every CUDA program
bool is_available();  // whether there is one
std::string
why_unavailable();  // no CUDA in this build, no driver, or no GPU: a sentence that says which; "" where there is one

// The name that NVIDIA gives it: "NVIDIA H200". Throws Error for a device that is not there, and for the CPU.
std::string device_name(Device device = first_gpu);

// Returns when all that was queued on the device has run, to time it for example. Throws Error where some of it failed.
void synchronize(Device device = first_gpu);

// A table of the device's memory: the GPU's own, what tensors hold, held at most, what is cached for reuse, and the
// page-locked memory of the host. Throws Error as device_name does.
std::string memory_summary(Device device = first_gpu);

}  // namespace gradus::cuda
