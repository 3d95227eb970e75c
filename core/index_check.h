// Checks of elements that must lie in a range: of int64 tensors that name classes or positions, of probabilities.
//
// Note [Late index errors]. On the CPU a check throws at once. A GPU is not waited for: its check runs among the
// kernels, and the first that fails is thrown by whatever next waits for that GPU (item, to(cpu), cuda::synchronize).
// Until then the op has given NaN or zeros for such elements and touched nothing beyond its arrays. With GRADUS_SYNC=1
// the check waits, and throws where it stands.
#pragma once
#include <string>

#include <gradus/core/tensor.h>

namespace gradus {

// Throws Error, naming op, where an element is below low or above high: "target 7 at position 3 is " + where. NaN
// passes.
void check_range(const char* op, const Tensor& t, double low, double high, const char* what, const std::string& where);

// Waits for what was queued on the device, nothing on the CPU; throws Error where a kernel or a check of it failed.
void wait_for(Device device);

}  // namespace gradus
