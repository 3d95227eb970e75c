// Runs a kernel's blocks one after the other, each block's threads as fibers.
#pragma once
#include <cstddef>
#include <string>

#include <gradus/kernels/emulator/device.h>

namespace gradus::kernels::emulator {

// Calls body once for every thread of the grid. Throws Error, naming the kernel, where threads wait for each other for
// ever, use a barrier or a warp operation wrongly, or ask for more shared memory than a block has.
void run_kernel(const std::string& name, dim3 grid, dim3 block, std::size_t shared_bytes, void (*body)(const void*),
                const void* context);

template <class Body>
void run(const std::string& name, dim3 grid, dim3 block, std::size_t shared_bytes, const Body& body) {
  run_kernel(
      name, grid, block, shared_bytes, [](const void* b) { (*static_cast<const Body*>(b))(); }, &body);
}

}  // namespace gradus::kernels::emulator
