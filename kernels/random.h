// Uniform and normal numbers and integers, keyed by element: what element i of a draw is depends on the seed, on the
// draw's offset and on i alone, not on the device, the launch shape or the number of threads.
//
// Element i of a float draw reads word i%4 of counter offset + i/4. Element i of a double or int64 draw reads two words
// of counter offset + i/2: 2 (i%2), the lower half, and the one after it. A draw uses up counters_used(n) counters.
#pragma once
#include <cmath>
#include <cstdint>
#include <type_traits>

#include <gradus/kernels/exec.h>
#include <gradus/kernels/math.h>
#include <gradus/kernels/philox.h>

namespace gradus::kernels {

// How many elements one counter serves, and how many counters n elements take.
template <class T>
constexpr Index elements_per_counter = std::is_same_v<T, float> ? 4 : 2;

template <class T>
GRADUS_HD constexpr std::uint64_t counters_used(Index n) {
  return static_cast<std::uint64_t>((n + elements_per_counter<T> - 1) / elements_per_counter<T>);
}

// y[i] = low + u (high - low) with u uniform in [0, 1) of 24 or 53 bits; never high, unless low is high. high - low
// must be finite.
template <class T>
void fill_uniform(Cpu, PhiloxStart start, Index n, T low, T high, T* y);

// y[i] = mean + std z with z normal: elements 2j and 2j+1 come from the uniform numbers u0, u1 of these elements by
// Box and Muller's formula, sqrt(-2 log(u0')) times cosine and sine of 2 pi u1, where u0' = u0 + 2^-24 or 2^-53 is not
// 0.
template <class T>
void fill_normal(Cpu, PhiloxStart start, Index n, T mean, T std, T* y);

// y[i] uniform in [low, high), which may be any range with low < high: the upper half of 64 bits times high - low.
void fill_integers(Cpu, PhiloxStart start, Index n, Index low, Index high, Index* y);

#ifdef GRADUS_HAS_CUDA
template <class T>
void fill_uniform(Cuda, PhiloxStart start, Index n, T low, T high, T* y);
template <class T>
void fill_normal(Cuda, PhiloxStart start, Index n, T mean, T std, T* y);
void fill_integers(Cuda, PhiloxStart start, Index n, Index low, Index high, Index* y);
#endif

// --- the formulas, for both devices ---

// [0, 1) in steps of 2^-24.
GRADUS_HD inline float unit_uniform(std::uint32_t word) {
  return static_cast<float>(static_cast<std::int32_t>(word >> 8)) * 0x1p-24f;
}

// [0, 1) in steps of 2^-53: the upper 53 of 64 bits. Every step is exact; words become numbers by standing in the
// lowest bits of 2^52, because processors before AVX-512 cannot convert vectors of 64 bits.
GRADUS_HD inline double unit_uniform(std::uint32_t low, std::uint32_t high) {
  const std::uint64_t two52 = 0x4330000000000000u;
  const double upper = math::from_bits(two52 | high) - 0x1p52, lower = math::from_bits(two52 | low >> 11) - 0x1p52;
  return math::fma(upper, 0x1p-32, lower * 0x1p-53);
}

// Element i of the counter whose words these are.
template <class T>
GRADUS_HD inline T unit_uniform(const PhiloxWords& words, int i) {
  if constexpr (std::is_same_v<T, float>) {
    return unit_uniform(words.word[i]);
  } else {
    return unit_uniform(words.word[2 * i], words.word[2 * i + 1]);
  }
}

// [0, 1) to [low, high). Made on the host.
template <class T>
struct UniformRange {
  T low, width, last;
  UniformRange(T from, T to) : low(from), width(to - from), last(std::nextafter(to, from)) {}
  GRADUS_HD T operator()(T unit) const {
    const T x = math::fma(unit, width, low);
    return x < last ? x : last;
  }
};

template <class T>
GRADUS_HD inline void normal_pair(T u0, T u1, T& z0, T& z1) {
  const T above_zero = u0 + math::pick<T>(0x1p-24f, 0x1p-53);
  const T radius = math::sqrt(T{-2} * math::log(above_zero));
  T s, c;
  math::sincos_turns(u1, s, c);
  z0 = radius * c;
  z1 = radius * s;
}

GRADUS_HD inline std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
#ifdef __CUDA_ARCH__
  return __umul64hi(a, b);
#else
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((Wide{a} * b) >> 64);
#endif
}

GRADUS_HD inline Index uniform_integer(std::uint32_t word_low, std::uint32_t word_high, Index low, Index high) {
  const auto start = static_cast<std::uint64_t>(low), range = static_cast<std::uint64_t>(high) - start;
  return static_cast<Index>(start + multiply_high(std::uint64_t{word_high} << 32 | word_low, range));
}

}  // namespace gradus::kernels
