#include <gradus/kernels/emulator/memory.h>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstring>
#include <map>

#include <gradus/kernels/emulator/emulator.h>
#include <gradus/kernels/emulator/poison.h>
#include <gradus/kernels/error.h>

namespace gradus::kernels::emulator {
namespace {

// A page is a huge one where the kernel has some: what is opened and closed at every launch begins and ends with one,
// or closing it would cost eight times as much.
constexpr std::size_t alignment = 256, red_zone = 256, page = std::size_t{2} << 20;

struct sigaction before;  // whose handler sees the signal after ours
unsigned char* region = nullptr;

// Says what happened, and lets the access happen again, under whatever handler there was before.
void explain_trap(int, siginfo_t* info, void*) {
  const auto* at = static_cast<const unsigned char*>(info->si_addr);
  if (at >= region && at < region + all_memory) {
    constexpr char text[] =
        "emulator: the memory of the GPU was touched from outside a kernel, or by a kernel beyond its blocks; the host "
        "reads and writes copies, by copy_to_host and copy_to_device\n";
    [[maybe_unused]] const auto written = write(STDERR_FILENO, text, sizeof text - 1);
  }
  sigaction(SIGSEGV, &before, nullptr);
}

class Memory {
 public:
  Memory() {
    // By the system call itself: ThreadSanitizer would mark the whole region as written.
    const auto mapped =
        syscall(SYS_mmap, nullptr, all_memory + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == -1) throw Error("emulator: no address space for the memory of the GPU");
    region = reinterpret_cast<unsigned char*>((static_cast<std::size_t>(mapped) + page - 1) / page * page);
    madvise(region, all_memory, MADV_HUGEPAGE);
    ASAN_POISON_MEMORY_REGION(start(), red_zone);
    struct sigaction trap {};
    trap.sa_sigaction = explain_trap;
    trap.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &trap, &before);
  }

  void* allocate(std::size_t bytes) {
    if (bytes > limit || used > limit - bytes) return nullptr;
    const std::size_t space = (bytes + alignment - 1) / alignment * alignment + red_zone;
    unsigned char* at = start() + red_zone;
    for (const auto& [block, size] : blocks) {  // the first gap that is wide enough
      if (block - at >= static_cast<std::ptrdiff_t>(space)) break;
      at = after(block, size);
    }
    if (space + page > static_cast<std::size_t>(region + all_memory - at)) return nullptr;
    blocks[at] = bytes;
    used += bytes;
    ASAN_POISON_MEMORY_REGION(at, space);
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);
    const OpenMemory open;
    std::memset(at, 0xff, bytes);
    return at;
  }

  bool free(void* block) {
    const auto found = blocks.find(static_cast<unsigned char*>(block));
    if (found == blocks.end()) return false;
    ASAN_POISON_MEMORY_REGION(block, found->second);
    used -= found->second;
    blocks.erase(found);
    return true;
  }

  bool holds(const void* pointer, std::size_t bytes) const {
    auto* const at = static_cast<unsigned char*>(const_cast<void*>(pointer));
    auto next = blocks.upper_bound(at);
    if (next == blocks.begin()) return false;
    const auto& [block, size] = *--next;
    const auto offset = static_cast<std::size_t>(at - block);
    return offset <= size && bytes <= size - offset;
  }

  void protect(int access) {
    if (access != PROT_NONE && !blocks.empty()) {
      const auto& [last, size] = *blocks.rbegin();
      opened = static_cast<std::size_t>(after(last, size) - start() + page - 1) / page * page;
    }
    if (opened > 0) mprotect(start(), opened, access);
  }

  std::size_t used = 0, limit = all_memory;

 private:
  static unsigned char* start() { return region + page; }  // so that there is something closed before it
  static unsigned char* after(unsigned char* block, std::size_t bytes) {
    return block + (bytes + alignment - 1) / alignment * alignment + red_zone;
  }

  std::map<unsigned char*, std::size_t> blocks;
  std::size_t opened = 0;  // bytes, from start()
};

Memory& memory() {
  static Memory& one = *new Memory;  // never destroyed: tensors of static lifetime may be freed after everything else
  return one;
}

}  // namespace

std::mutex& device_mutex() {
  static std::mutex& one = *new std::mutex;
  return one;
}

void* allocate_block(std::size_t bytes) { return memory().allocate(bytes); }
bool free_block(void* block) { return memory().free(block); }
bool in_device_memory(const void* pointer) {
  const auto* at = static_cast<const unsigned char*>(pointer);
  return region && at >= region && at < region + all_memory;
}
bool in_one_block(const void* pointer, std::size_t bytes) { return memory().holds(pointer, bytes); }
std::size_t used_memory() { return memory().used; }
std::size_t memory_limit() { return memory().limit; }

OpenMemory::OpenMemory() { memory().protect(PROT_READ | PROT_WRITE); }
OpenMemory::~OpenMemory() { memory().protect(PROT_NONE); }

void set_memory_limit(std::size_t bytes) {
  std::lock_guard lock(device_mutex());
  memory().limit = bytes < all_memory ? bytes : all_memory;
}

}  // namespace gradus::kernels::emulator
