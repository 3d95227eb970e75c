// Philox4x32-10: four random words from a counter and a key, by ten rounds of multiplications.
//
// J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw: Parallel random numbers: as easy as 1, 2, 3. SC 2011. The
// constants are the paper's.
#pragma once
#include <cstdint>

#include <gradus/kernels/exec.h>

namespace gradus::kernels {

struct PhiloxWords {
  std::uint32_t word[4];
};

struct PhiloxConstants {
  static constexpr int rounds = 10;
  static constexpr std::uint32_t multiplier0 = 0xD2511F53u, multiplier1 = 0xCD9E8D57u;
  static constexpr std::uint32_t key_step0 = 0x9E3779B9u, key_step1 = 0xBB67AE85u;
};

GRADUS_HD inline PhiloxWords philox4x32(PhiloxWords counter, std::uint32_t key0, std::uint32_t key1) {
  using C = PhiloxConstants;
  std::uint32_t c0 = counter.word[0], c1 = counter.word[1], c2 = counter.word[2], c3 = counter.word[3];
  for (int round = 0; round < C::rounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{C::multiplier0} * c0, product1 = std::uint64_t{C::multiplier1} * c2;
    c0 = static_cast<std::uint32_t>(product1 >> 32) ^ c1 ^ key0;
    c1 = static_cast<std::uint32_t>(product1);
    c2 = static_cast<std::uint32_t>(product0 >> 32) ^ c3 ^ key1;
    c3 = static_cast<std::uint32_t>(product0);
    key0 += C::key_step0;
    key1 += C::key_step1;
  }
  return {{c0, c1, c2, c3}};
}

// The words of counter `offset` under the key `seed`.
GRADUS_HD inline PhiloxWords philox(std::uint64_t seed, std::uint64_t offset) {
  return philox4x32({{static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(offset >> 32), 0, 0}},
                    static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32));
}

// Where a draw begins: at counter `offset` under the key `seed`. A recorded step (core/step_graph.h) runs again and
// again, and its draws go on each time: they begin `offset` counters after `base`, which lies on the GPU and moves from
// call to call.
struct PhiloxStart {
  std::uint64_t seed = 0, offset = 0;
  const PhiloxStart* base = nullptr;

  // Draws on the CPU have no base.
  GRADUS_HD PhiloxStart resolved() const { return base ? PhiloxStart{base->seed, base->offset + offset} : *this; }
};

GRADUS_HD inline PhiloxWords philox(const PhiloxStart& start, Index counter) {
  const PhiloxStart from = start.resolved();
  return philox(from.seed, from.offset + static_cast<std::uint64_t>(counter));
}

}  // namespace gradus::kernels
