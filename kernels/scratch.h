// Memory on the GPU for the partial results of one kernel, which its last block or a second kernel joins. For .cu files
// and their tests.
//
// There is one block for each GPU, taken at the first use and kept, so that a recorded step finds it where it was. It
// is one for all kernels because they run one after the other on the one compute stream (Note [Single stream] in
// core/allocator.h): whoever is next finds what it likes in it, and reads only what it wrote itself.
#pragma once
#include <cstddef>

#include <gradus/kernels/exec.h>

namespace gradus::kernels {

inline constexpr std::size_t scratch_bytes = std::size_t{32}
                                             << 20;  // the most that a plan of reduce.cu or matmul.cu takes

// The current GPU's block, of scratch_bytes. Throws Error where bytes is more, or where there is no memory.
void* scratch(std::size_t bytes);

template <class T>
T* scratch(Index elements) {
  return static_cast<T*>(scratch(static_cast<std::size_t>(elements) * sizeof(T)));
}

}  // namespace gradus::kernels
