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

// Of one dtype and device, where they are two.
struct Checked {
  Tensor t;
  const char* what;   // "target"
  std::string where;  // "not one of the 3 classes, 0 to 2"
};

// Throws Error, naming op, where an element is below low or above high: "target 7 at position 3 is " + where. NaN
// passes. On a GPU two tensors are one launch.
void check_range(const char* op, double low, double high, const Checked& first, const Checked& second = {});

// Waits for what was queued on the device, nothing on the CPU; throws Error where a kernel or a check of it failed.
void wait_for(Device device);

}  // namespace gradus
