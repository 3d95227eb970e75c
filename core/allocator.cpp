#include <gradus/core/allocator.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <unordered_map>
#include <vector>

#include <gradus/core/error.h>
#ifdef GRADUS_HAS_CUDA
#include <gradus/kernels/cuda.h>
#endif

namespace gradus {
namespace {

#ifdef GRADUS_SANITIZED
constexpr bool caching_by_default = false;
#else
constexpr bool caching_by_default = true;
#endif

bool caching_at_start() {
  const char* text = std::getenv("GRADUS_CACHE");
  return text ? std::strcmp(text, "0") != 0 : caching_by_default;
}

// Blocks of close sizes share a list: sizes are rounded up to 64 bytes below 4 KiB, then to an eighth of a power of
// two.
std::size_t rounded(std::size_t bytes) {
  const std::size_t step = bytes <= 4096 ? 64 : std::bit_floor(bytes) / 8;
  return (bytes + step - 1) / step * step;
}

// Where blocks come from and go back to: the one part that differs between devices.
struct System {
  Device device;
  bool pinned = false;

  void* take(std::size_t bytes) const {
#ifdef GRADUS_HAS_CUDA
    if (pinned) return kernels::pinned_allocate(bytes);
    if (!device.is_cpu()) {
      kernels::set_device(device.index);
      return kernels::device_allocate(bytes, true);
    }
#endif
    return ::operator new (bytes, std::align_val_t{64}, std::nothrow);
  }

  void give_back(void* block) const noexcept {
#ifdef GRADUS_HAS_CUDA
    if (pinned) return kernels::pinned_free(block);
    if (!device.is_cpu()) return kernels::device_free(block);
#endif
    ::operator delete (block, std::align_val_t{64});
  }

  // What the device has left, for a message.
  std::string left() const {
#ifdef GRADUS_HAS_CUDA
    if (!device.is_cpu()) return " and " + std::to_string(kernels::device_memory().free) + " of the device are free";
#endif
    return "";
  }
};

thread_local MemoryPool* open_pool = nullptr;

class Allocator {
 public:
  explicit Allocator(Device device, bool pinned = false) : system_{device, pinned} {}

  void* allocate(std::size_t bytes) {
    if (bytes == 0) return nullptr;
    const std::size_t size = rounded(bytes);
    std::lock_guard lock(mutex_);
    if (MemoryPool* const pool = pool_here()) return allocate_in(*pool, size, bytes);
    return take(size, bytes);
  }

  void deallocate(void* block, std::size_t bytes) noexcept {
    if (!block) return;
    std::lock_guard lock(mutex_);
    if (const auto pooled = pooled_.find(block); pooled != pooled_.end()) {
      pooled->second.in_use = false;
      if (pooled->second.pool) return;
      pooled_.erase(pooled);
    }
    give_back(block, rounded(bytes));
  }

  bool owns(const MemoryPool& pool, void* block) {
    const std::lock_guard lock(mutex_);
    const auto found = pooled_.find(block);
    return found != pooled_.end() && found->second.pool == &pool;
  }

  void release(const MemoryPool& pool) noexcept {
    const std::lock_guard lock(mutex_);
    for (auto at = pooled_.begin(); at != pooled_.end();) {
      if (at->second.pool != &pool) {
        ++at;
        continue;
      }
      at->second.pool = nullptr;
      if (at->second.in_use) {
        ++at;
        continue;
      }
      give_back(at->first, at->second.size);
      at = pooled_.erase(at);
    }
  }

  MemoryStats stats() {
    const std::lock_guard lock(mutex_);
    return stats_;
  }

  void flush() noexcept {
    for (auto& [size, blocks] : free_) {
      for (void* block : blocks) system_.give_back(block);
    }
    free_.clear();
    stats_.cached = 0;
  }

  std::mutex mutex_;
  MemoryStats stats_;
  bool caching_ = caching_at_start();

 private:
  // A block that belongs to a pool, or that only its tensor keeps, where the pool is gone (null).
  struct Pooled {
    const MemoryPool* pool;
    std::size_t size;
    bool in_use;
  };

  MemoryPool* pool_here() const {
    return open_pool && !system_.pinned && open_pool->device() == system_.device ? open_pool : nullptr;
  }

  void* allocate_in(const MemoryPool& pool, std::size_t size, std::size_t bytes) {
    for (auto& [block, pooled] : pooled_) {
      if (pooled.pool != &pool || pooled.in_use || pooled.size != size) continue;
      pooled.in_use = true;
      return block;
    }
    void* const block = take(size, bytes);
    pooled_[block] = {&pool, size, true};
    return block;
  }

  void* take(std::size_t size, std::size_t bytes) {
    void* block = reuse(size);
    if (!block) {
      block = system_.take(size);
      if (!block) {
        flush();
        block = system_.take(size);
      }
      check(block != nullptr, "memory", "out of ", system_.pinned ? "page-locked " : "", "memory on ", system_.device,
            ": asked for ", bytes, " bytes while ", stats_.active, " are in use", system_.left(),
            "; use a smaller batch");
      ++stats_.system_allocations;
    }
    stats_.active += size;
    if (stats_.active > stats_.peak) stats_.peak = stats_.active;
    return block;
  }

  void give_back(void* block, std::size_t size) noexcept {
    stats_.active -= size;
    if (!caching_) return system_.give_back(block);
    try {
      free_[size].push_back(block);
      stats_.cached += size;
    } catch (...) {  // no memory for the list itself
      system_.give_back(block);
    }
  }

  void* reuse(std::size_t size) {
    const auto found = free_.find(size);
    if (found == free_.end() || found->second.empty()) return nullptr;
    void* block = found->second.back();
    found->second.pop_back();
    stats_.cached -= size;
    return block;
  }

  System system_;
  std::unordered_map<std::size_t, std::vector<void*>> free_;
  std::unordered_map<void*, Pooled> pooled_;
};

// Never destroyed: tensors of static lifetime may be freed after everything else.
Allocator& allocator_of(Device device) {
  static Allocator& host = *new Allocator(cpu);
  if (device.is_cpu()) return host;
  static std::mutex& mutex = *new std::mutex;
  static auto& gpus = *new std::map<int, Allocator>;
  std::lock_guard lock(mutex);
  return gpus.try_emplace(device.index, device).first->second;
}

#ifdef GRADUS_HAS_CUDA
Allocator& pinned_allocator() {
  static Allocator& pinned = *new Allocator(cpu, true);
  return pinned;
}
#endif

}  // namespace

void* allocate(std::size_t bytes, Device device) { return allocator_of(device).allocate(bytes); }

void deallocate(void* block, std::size_t bytes, Device device) noexcept {
  allocator_of(device).deallocate(block, bytes);
}

#ifdef GRADUS_HAS_CUDA
void* allocate_pinned(std::size_t bytes) { return pinned_allocator().allocate(bytes); }
void deallocate_pinned(void* block, std::size_t bytes) noexcept { pinned_allocator().deallocate(block, bytes); }
MemoryStats pinned_memory_stats() { return pinned_allocator().stats(); }
#endif

MemoryStats memory_stats(Device device) { return allocator_of(device).stats(); }

void reset_peak_memory(Device device) {
  Allocator& a = allocator_of(device);
  std::lock_guard lock(a.mutex_);
  a.stats_.peak = a.stats_.active;
}

void empty_cache(Device device) {
  Allocator& a = allocator_of(device);
  std::lock_guard lock(a.mutex_);
  a.flush();
}

MemoryPool::~MemoryPool() { allocator_of(device_).release(*this); }
bool MemoryPool::owns(const void* block) const { return allocator_of(device_).owns(*this, const_cast<void*>(block)); }

MemoryPool::Scope::Scope(MemoryPool& pool) : before_(open_pool) { open_pool = &pool; }
MemoryPool::Scope::~Scope() { open_pool = before_; }

void set_memory_caching(bool on, Device device) {
  Allocator& a = allocator_of(device);
  std::lock_guard lock(a.mutex_);
  a.caching_ = on;
  if (!on) a.flush();
}

}  // namespace gradus
