// Compiled without -fsanitize=thread, as the whole emulator.
#include <gradus/kernels/emulator/shared.h>

#include <sys/mman.h>

#include <cstdint>

#include <gradus/kernels/emulator/poison.h>
#include <gradus/kernels/error.h>

namespace gradus::kernels::emulator {
namespace {

constexpr std::size_t red_zone = 64, alignment = 16;
constexpr std::size_t arena_bytes = 2 * 1024 * 1024;  // the pieces and, for the smallest ones, much more of red zones

unsigned char* arena = nullptr;
std::size_t used = 0, static_bytes = 0, dynamic_bytes = 0;
void* dynamic_piece = nullptr;

// By hand: ThreadSanitizer would take memset for a write by the thread that runs.
void fill_with_nan(unsigned char* at, std::size_t bytes) {
  std::size_t i = 0;
  for (; i + 8 <= bytes; i += 8) *reinterpret_cast<volatile std::uint64_t*>(at + i) = ~std::uint64_t{0};
  for (; i < bytes; ++i) *static_cast<volatile unsigned char*>(at + i) = 0xff;
}

void* carve(std::size_t bytes) {
  if (used + red_zone + bytes + red_zone > arena_bytes) return nullptr;
  unsigned char* const piece = arena + used + red_zone;
  used = (used + red_zone + bytes + alignment - 1) / alignment * alignment;
  ASAN_UNPOISON_MEMORY_REGION(piece, bytes);
  fill_with_nan(piece, bytes);
  return piece;
}

}  // namespace

void begin_shared_memory(std::size_t bytes) {
#ifdef GRADUS_EMULATOR_FINDS_RACES
  const bool fresh = true;  // a new mapping has no history
#else
  const bool fresh = arena == nullptr;
#endif
  if (fresh) {
    if (arena) munmap(arena, arena_bytes);
    void* const mapped =
        mmap(nullptr, arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) throw Error("emulator: no memory for a block's shared memory");
    arena = static_cast<unsigned char*>(mapped);
    used = arena_bytes;
  }
  ASAN_POISON_MEMORY_REGION(arena, used);
  used = static_bytes = 0;
  dynamic_bytes = bytes;
  dynamic_piece = bytes > 0 ? carve(bytes) : nullptr;
}

void* carve_shared_memory(std::size_t bytes) {
  static_bytes += bytes;
  if (static_bytes > most_static_shared_bytes || static_bytes + dynamic_bytes > most_shared_bytes) return nullptr;
  return carve(bytes);
}

void* dynamic_shared_piece() { return dynamic_piece; }

}  // namespace gradus::kernels::emulator
