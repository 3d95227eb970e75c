// The emulated GPU's memory: a region of the host's address space that is closed to everybody but kernels and copies.
// Whoever touches it from elsewhere is killed by SIGSEGV, after a sentence that says why.
//
// Under AddressSanitizer the bytes between the blocks, and freed ones, are poisoned. New blocks are full of NaN.
#pragma once
#include <cstddef>
#include <mutex>

namespace gradus::kernels::emulator {

constexpr std::size_t all_memory = std::size_t{16} << 30;  // address space; pages exist once they are touched

// Held by every call of the runtime's API, a launch included: the emulated GPU does one thing at a time.
std::mutex& device_mutex();

// All with device_mutex() held.
void* allocate_block(std::size_t bytes);  // aligned to 256 bytes; nullptr beyond the limit
bool free_block(void* block);             // whether there was such a block
bool in_device_memory(const void* pointer);
bool in_one_block(const void* pointer, std::size_t bytes);
std::size_t used_memory();
std::size_t memory_limit();
void note_used_device();  // the thread's current one

// The region is open while one of these lives.
class OpenMemory {
 public:
  OpenMemory();
  ~OpenMemory();
  OpenMemory(const OpenMemory&) = delete;
};

}  // namespace gradus::kernels::emulator
