// The caching allocator: one for each device, the same code for all.
//
// Note [Single stream]. A block that is freed goes back to a list of its size and is handed out again at once, although
// a kernel that uses it may still be queued. That is safe because each device has one compute stream: whatever uses the
// block next is queued behind what used it before.
#pragma once
#include <cstddef>

#include <gradus/core/dtype.h>

namespace gradus {

// What an allocator holds, in bytes, and how often it asked the system.
struct MemoryStats {
  std::size_t active = 0;              // handed out now
  std::size_t cached = 0;              // freed, kept for reuse
  std::size_t peak = 0;                // the largest `active` since the start or reset_peak_memory
  std::size_t system_allocations = 0;  // blocks taken from the system so far
};

void* allocate(std::size_t bytes,
               Device device);  // 64-byte aligned; throws Error when memory is out even after a flush
void deallocate(void* block, std::size_t bytes, Device device) noexcept;

// The same for page-locked memory of the host: copies between it and a GPU run beside the kernels. Exists where CUDA
// was built.
void* allocate_pinned(std::size_t bytes);
void deallocate_pinned(void* block, std::size_t bytes) noexcept;
MemoryStats pinned_memory_stats();

// The memory of a recorded step (step_graph.h). While a Scope lives, what this thread allocates on the device comes
// from the pool, and what it frees of that goes back to it, to be handed out again within the Scope. After it nobody
// else gets these blocks, because the step will write to them whenever it runs: not before the pool is gone and the
// tensor that lies in the block, too.
class MemoryPool {
 public:
  explicit MemoryPool(Device device) : device_(device) {}
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  class Scope {
   public:
    explicit Scope(MemoryPool& pool);
    ~Scope();
    Scope(const Scope&) = delete;

   private:
    MemoryPool* before_;
  };

  bool owns(const void* block) const;
  Device device() const { return device_; }

 private:
  Device device_;
};

MemoryStats memory_stats(Device device = cpu);
void reset_peak_memory(Device device = cpu);
void empty_cache(Device device = cpu);  // gives every cached block back to the system

// Off: every block comes from the system and goes back, so that a sanitizer sees each one's borders. The default is on,
// off in sanitizer builds, or what GRADUS_CACHE (0 or 1) says.
void set_memory_caching(bool on, Device device = cpu);

}  // namespace gradus
