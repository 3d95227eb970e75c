#include <gradus/kernels/scratch.h>

#include <mutex>
#include <string>
#include <vector>

#include <gradus/kernels/cuda.h>
#include <gradus/kernels/error.h>

namespace gradus::kernels {

void* scratch(std::size_t bytes) {
  if (bytes > scratch_bytes)
    throw Error("scratch: a kernel asked for " + std::to_string(bytes) + " bytes, expected at most " +
                std::to_string(scratch_bytes));
  static std::mutex mutex;
  static std::vector<void*> blocks;  // of each GPU; not freed: CUDA may be gone when the program ends
  const std::lock_guard lock(mutex);
  const auto device = static_cast<std::size_t>(current_device());
  if (blocks.size() <= device) blocks.resize(device + 1);
  if (!blocks[device]) blocks[device] = device_allocate(scratch_bytes);
  if (!blocks[device])
    throw Error("scratch: the GPU has no " + std::to_string(scratch_bytes) +
                " bytes left for partial results; free some memory");
  return blocks[device];
}

}  // namespace gradus::kernels
