// The shared memory of the block that runs now: one arena, of which each declaration gets a piece, full of NaN. Under
// AddressSanitizer what lies between the pieces is poisoned.
#pragma once
#include <cstddef>

namespace gradus::kernels::emulator {

constexpr std::size_t most_shared_bytes = 232448;        // what CUDA gives a block of compute capability 9.0 at most
constexpr std::size_t most_static_shared_bytes = 49152;  // of that, what GRADUS_SHARED may take

void begin_shared_memory(std::size_t dynamic_bytes);  // at the start of every block
void* carve_shared_memory(std::size_t bytes);         // nullptr where that is more than a block may have
void* dynamic_shared_piece();                         // nullptr where none was asked for

}  // namespace gradus::kernels::emulator
