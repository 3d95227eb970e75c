#include "catch.h"

#include <cstdint>
#include <thread>
#include <vector>

#include <gradus/core/allocator.h>
#include <gradus/core/tensor.h>

using namespace gradus;

TEST_CASE("freed blocks are handed out again") {
  set_memory_caching(true);
  const std::size_t active = memory_stats().active;
  void* a = allocate(100'000, cpu);
  CHECK(reinterpret_cast<std::uintptr_t>(a) % 64 == 0);
  CHECK(memory_stats().active >= active + 100'000);
  CHECK(memory_stats().active < active + 120'000);  // rounding costs an eighth at most
  deallocate(a, 100'000, cpu);
  CHECK(memory_stats().active == active);
  CHECK(memory_stats().cached >= 100'000);
  const std::size_t taken = memory_stats().system_allocations;
  void* b = allocate(99'990, cpu);  // of the same rounded size
  CHECK(b == a);
  CHECK(memory_stats().system_allocations == taken);
  deallocate(b, 99'990, cpu);
  empty_cache();
  CHECK(memory_stats().cached == 0);
}

TEST_CASE("the peak is remembered") {
  reset_peak_memory();
  const std::size_t before = memory_stats().peak;
  { const Tensor t = zeros({1'000'000}); }
  CHECK(memory_stats().peak >= before + 4'000'000);
  reset_peak_memory();
  CHECK(memory_stats().peak == memory_stats().active);
}

TEST_CASE("without the cache every block comes from the system") {
  set_memory_caching(false);
  const std::size_t taken = memory_stats().system_allocations;
  deallocate(allocate(1000, cpu), 1000, cpu);
  deallocate(allocate(1000, cpu), 1000, cpu);
  CHECK(memory_stats().system_allocations == taken + 2);
  CHECK(memory_stats().cached == 0);
  set_memory_caching(true);
}

TEST_CASE("no memory is an error that says how much was asked for") {
  const std::string message = message_of([] { allocate(std::size_t{1} << 60, cpu); });
  CHECK(message.starts_with("memory: out of memory on cpu: asked for 1152921504606846976 bytes while "));
  CHECK(allocate(0, cpu) == nullptr);
}

TEST_CASE("threads may allocate at once") {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int n = 1; n < 200; ++n) {
        const Tensor t = full({n}, n, float64);
        if (t.data<double>()[n - 1] != n) std::abort();
      }
    });
  }
  for (std::thread& t : threads) t.join();
  CHECK(memory_stats().active < (std::size_t{1} << 40));
}
