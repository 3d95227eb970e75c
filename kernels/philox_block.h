// Philox for many counters at once, on the CPU: the words of up to 64 consecutive counters, word by word, so that what
// is made of them is vector code too. Of fewer counters, those up to the next multiple of 16 are made as well.
#pragma once
#include <cstdint>
#include <cstring>

#include <gradus/kernels/philox.h>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

namespace gradus::kernels {

struct PhiloxBlock {
  static constexpr int counters = 64;
  alignas(64) std::uint32_t word[4][counters];  // word[w][c] is word w of counter offset + c
};

inline void philox_block_plain(std::uint64_t seed, std::uint64_t offset, PhiloxBlock& block,
                               int counters = PhiloxBlock::counters) {
  for (int c = 0; c < counters; ++c) {
    const PhiloxWords words = philox(seed, offset + static_cast<std::uint64_t>(c));
    for (int w = 0; w < 4; ++w) block.word[w][c] = words.word[w];
  }
}

#ifdef __AVX512F__
using PhiloxLanes = std::uint64_t __attribute__((vector_size(64)));

// The products of the lanes' lower halves, by the masked form with a full mask: of the plain one, g++ 12 warns in
// -Wall that it reads an uninitialised vector.
inline PhiloxLanes multiply_halves(PhiloxLanes a, PhiloxLanes b) {
  return reinterpret_cast<PhiloxLanes>(
      _mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}

// 16 counters at a time in two sets of 64-bit lanes. The upper half of a lane may hold anything: the multiplication
// ignores it, and it is dropped at the end. Compilers do not find this multiplication by themselves.
inline void philox_block_avx512(std::uint64_t seed, std::uint64_t offset, PhiloxBlock& block, int counters) {
  using C = PhiloxConstants;
  using Half = std::uint32_t __attribute__((vector_size(32)));
  const PhiloxLanes zero = {}, multiplier0 = zero + C::multiplier0, multiplier1 = zero + C::multiplier1;
  for (int first = 0; first < counters; first += 16) {
    PhiloxLanes c[2][4];
    for (int set = 0; set < 2; ++set) {
      c[set][0] = PhiloxLanes{0, 1, 2, 3, 4, 5, 6, 7} + (offset + static_cast<std::uint64_t>(first + 8 * set));
      c[set][1] = c[set][0] >> 32;
      c[set][2] = c[set][3] = zero;
    }
    auto key0 = static_cast<std::uint32_t>(seed), key1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < C::rounds; ++round) {
      for (auto& s : c) {
        const PhiloxLanes product0 = multiply_halves(multiplier0, s[0]), product1 = multiply_halves(multiplier1, s[2]);
        s[0] = (product1 >> 32) ^ s[1] ^ std::uint64_t{key0};
        s[1] = product1;
        s[2] = (product0 >> 32) ^ s[3] ^ std::uint64_t{key1};
        s[3] = product0;
      }
      key0 += C::key_step0;
      key1 += C::key_step1;
    }
    for (int set = 0; set < 2; ++set) {
      for (int w = 0; w < 4; ++w) {
        const Half words = __builtin_convertvector(c[set][w], Half);
        std::memcpy(&block.word[w][first + 8 * set], &words, sizeof words);
      }
    }
  }
}
#endif

inline void philox_block(std::uint64_t seed, std::uint64_t offset, PhiloxBlock& block,
                         int counters = PhiloxBlock::counters) {
#ifdef __AVX512F__
  philox_block_avx512(seed, offset, block, counters);
#else
  philox_block_plain(seed, offset, block, counters);
#endif
}

}  // namespace gradus::kernels
