// exp, log, log1p, tanh, sigmoid and sine and cosine for float and double, for kernels on both devices.
//
// Each function is one straight line of arithmetic without a branch, so that a plain loop over it becomes vector code.
// Every sum of a product is written as fma, and what is left are single IEEE operations. So the results agree to the
// bit between the CPU and the GPU, and between a vector loop and its remainder, whatever a compiler contracts.
//
// Errors stay below 2 units in the last place over the whole range, denormal results included. NaN gives NaN; the
// limits at zero, at infinity and at overflow are those of <cmath>.
//
// Sources of the formulas. exp: Cody and Waite's reduction and the Taylor series, which on |r| <= ln(2)/2 is enough at
// degree 7 and 13. log in double, sine and cosine in double: the minimax coefficients of fdlibm (e_log.c, k_sin.c,
// k_cos.c). log, sine and cosine in float: those of Cephes (logf.c, sinf.c). Those of sine and cosine are scaled
// to an angle in quarter turns.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <gradus/kernels/exec.h>

namespace gradus::kernels::math {

// --- bits ---

GRADUS_HD inline std::uint32_t to_bits(float x) {
#ifdef __CUDA_ARCH__
  return __float_as_uint(x);
#else
  return std::bit_cast<std::uint32_t>(x);
#endif
}

GRADUS_HD inline std::uint64_t to_bits(double x) {
#ifdef __CUDA_ARCH__
  return static_cast<std::uint64_t>(__double_as_longlong(x));
#else
  return std::bit_cast<std::uint64_t>(x);
#endif
}

GRADUS_HD inline float from_bits(std::uint32_t bits) {
#ifdef __CUDA_ARCH__
  return __uint_as_float(bits);
#else
  return std::bit_cast<float>(bits);
#endif
}

GRADUS_HD inline double from_bits(std::uint64_t bits) {
#ifdef __CUDA_ARCH__
  return __longlong_as_double(static_cast<long long>(bits));
#else
  return std::bit_cast<double>(bits);
#endif
}

template <class T>
struct Format;  // of an IEEE number: sign, exponent + bias, mantissa

template <>
struct Format<float> {
  using Bits = std::uint32_t;
  static constexpr int mantissa = 23;
  static constexpr Bits bias = 127, sign = 0x80000000u, root_half = 0x3f3504f3u;  // root_half: the bits of sqrt(1/2)
  static constexpr float infinity = std::numeric_limits<float>::infinity();
  static constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  static constexpr float smallest_normal = std::numeric_limits<float>::min();
};

template <>
struct Format<double> {
  using Bits = std::uint64_t;
  static constexpr int mantissa = 52;
  static constexpr Bits bias = 1023, sign = 0x8000000000000000u, root_half = 0x3fe6a09e667f3bcdu;
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  static constexpr double smallest_normal = std::numeric_limits<double>::min();
};

template <class T>
using Bits = typename Format<T>::Bits;

// The constant for T among a float's and a double's.
template <class T>
GRADUS_HD constexpr T pick(float f, double d) {
  if constexpr (std::is_same_v<T, float>) {
    return f;
  } else {
    return d;
  }
}

// --- building blocks ---

GRADUS_HD inline float fma(float a, float b, float c) { return ::fmaf(a, b, c); }
GRADUS_HD inline double fma(double a, double b, double c) { return ::fma(a, b, c); }
GRADUS_HD inline float sqrt(float x) { return ::sqrtf(x); }
GRADUS_HD inline double sqrt(double x) { return ::sqrt(x); }
GRADUS_HD inline float round_to_even(float x) { return ::rintf(x); }
GRADUS_HD inline double round_to_even(double x) { return ::rint(x); }

// c0 + c1 x + c2 x^2 + ...
template <class T>
GRADUS_HD inline T polynomial(T, T c0) {
  return c0;
}
template <class T, class... Rest>
GRADUS_HD inline T polynomial(T x, T c0, Rest... rest) {
  return math::fma(polynomial(x, static_cast<T>(rest)...), x, c0);
}

template <class T>
GRADUS_HD inline T abs(T x) {
  return from_bits(to_bits(x) & ~Format<T>::sign);
}

// |x| with the sign of y, for x >= 0.
template <class T>
GRADUS_HD inline T with_sign(T x, T y) {
  return from_bits(to_bits(x) | (to_bits(y) & Format<T>::sign));
}

// 1.5 * 2^mantissa: adding it rounds to an integer, which then stands in the lowest bits.
template <class T>
GRADUS_HD constexpr T rounder() {
  return pick<T>(12582912.0f, 6755399441055744.0);
}

// 2^n for a normal result.
template <class T>
GRADUS_HD inline T power_of_two(Bits<T> n) {
  return from_bits((n + Format<T>::bias) << Format<T>::mantissa);
}

// x = n ln(2) + r with |r| <= ln(2)/2; expm1 = e^r - 1. Precise in relative terms, and so for tanh of small numbers.
template <class T>
struct ExpParts {
  Bits<T> n;  // modulo 2^32 or 2^64
  T expm1;
};

template <class T>
GRADUS_HD inline ExpParts<T> exp_parts(T x) {
  const T shifted = math::fma(x, pick<T>(1.44269504f, 1.4426950408889634), rounder<T>());
  const T n = shifted - rounder<T>();
  // The first difference is exact: both operands are multiples of the result's last place.
  const T r = math::fma(-n, pick<T>(-1.90465421e-9f, 2.3190468138462996e-17),
                        math::fma(-n, pick<T>(0.693147182f, 0.69314718055994529), x));
  T p;  // (e^r - 1 - r) / r^2
  if constexpr (std::is_same_v<T, float>) {
    p = polynomial(r, 1 / 2.0f, 1 / 6.0f, 1 / 24.0f, 1 / 120.0f, 1 / 720.0f, 1 / 5040.0f);
  } else {
    p = polynomial(r, 1 / 2.0, 1 / 6.0, 1 / 24.0, 1 / 120.0, 1 / 720.0, 1 / 5040.0, 1 / 40320.0, 1 / 362880.0,
                   1 / 3628800.0, 1 / 39916800.0, 1 / 479001600.0, 1 / 6227020800.0);
  }
  return {to_bits(shifted) - to_bits(rounder<T>()), math::fma(r * r, p, r)};
}

// --- the functions ---

template <class T>
GRADUS_HD inline T exp(T x) {
  const T highest = pick<T>(89.0f, 710.0), lowest = pick<T>(-104.0f, -746.0);  // beyond lie infinity and zero
  x = x > highest ? highest : x;
  x = x < lowest ? lowest : x;
  const ExpParts<T> parts = exp_parts(x);
  // 2^n in two halves: n itself goes beyond the range of normal exponents at both ends.
  const Bits<T> half = ((parts.n + 2 * Format<T>::bias) >> 1) - Format<T>::bias;
  return (1 + parts.expm1) * power_of_two<T>(half) * power_of_two<T>(parts.n - half);
}

// Natural logarithm: -infinity at both zeros, NaN below.
template <class T>
GRADUS_HD inline T log(T x) {
  using F = Format<T>;
  const bool tiny = x < F::smallest_normal;
  const T scaled = tiny ? x * pick<T>(33554432.0f, 18014398509481984.0) : x;  // 2^25, 2^54
  // scaled = 2^k m with m in [sqrt(1/2), sqrt(2)).
  const Bits<T> moved = to_bits(scaled) + ((F::bias << F::mantissa) - F::root_half);
  const T m = from_bits((moved & ((Bits<T>{1} << F::mantissa) - 1)) + F::root_half);
  const T two_mantissa = pick<T>(8388608.0f, 4503599627370496.0);  // 2^23, 2^52: its last place is 1
  const T k = from_bits((moved >> F::mantissa) | to_bits(two_mantissa)) - two_mantissa -
              (static_cast<T>(F::bias) + (tiny ? pick<T>(25.0f, 54.0) : T{0}));
  const T f = m - 1;
  T result;
  if constexpr (std::is_same_v<T, float>) {
    const T p = polynomial(f, 3.3333331174e-1f, -2.4999993993e-1f, 2.0000714765e-1f, -1.6668057665e-1f,
                           1.4249322787e-1f, -1.2420140846e-1f, 1.1676998740e-1f, -1.1514610310e-1f, 7.0376836292e-2f);
    const T tail = math::fma(f * f, math::fma(f, p, -0.5f), k * -2.12194440e-4f);
    result = math::fma(k, 0.693359375f, f + tail);
  } else {
    const T s = f / (2 + f), z = s * s, half_square = 0.5 * f * f;
    const T p =
        polynomial(z, 6.666666666666735130e-1, 3.999999999940941908e-1, 2.857142874366239149e-1,
                   2.222219843214978396e-1, 1.818357216161805012e-1, 1.531383769920937332e-1, 1.479819860511658591e-1);
    const T tail = math::fma(s, math::fma(z, p, half_square), k * 1.90821492927058770002e-10);
    result = math::fma(k, 6.93147180369123816490e-1, f - math::fma(0.5 * f, f, -tail));
  }
  result = x < F::infinity ? result : x;  // infinity and NaN stay
  result = x == 0 ? -F::infinity : result;
  return x < 0 ? F::nan : result;
}

// log(1 + x), precise for small x: what the rounding of 1 + x lost is put back to first order.
template <class T>
GRADUS_HD inline T log1p(T x) {
  const T sum = 1 + x, lost = (x - (sum - 1)) / sum;
  return log(sum) + (lost == lost ? lost : T{0});  // NaN where the sum is 0 or infinite
}

// tanh|x| = u / (u + 2) with u = e^(2|x|) - 1, which is 2^n (expm1 + 1) - 1 without a cancellation.
template <class T>
GRADUS_HD inline T tanh(T x) {
  const T limit = pick<T>(10.0f, 20.0);  // beyond it the result is 1
  T y = abs(x);
  y = y > limit ? limit : y;
  const ExpParts<T> parts = exp_parts(y + y);
  const T scale = power_of_two<T>(parts.n);
  const T u = math::fma(scale, parts.expm1, scale - 1);
  // The quotient is put right with its remainder and with what the sum's rounding lost (by Knuth's formula).
  const T sum = u + 2, two = sum - u, lost = (u - (sum - two)) + (2 - two);
  const T inverse = 1 / sum, quotient = u * inverse;
  const T rest = math::fma(-quotient, lost, math::fma(-quotient, sum, u));
  return with_sign(math::fma(rest, inverse, quotient), x);
}

// 1 / (1 + e^-x). Results below the smallest normal number are zero.
template <class T>
GRADUS_HD inline T sigmoid(T x) {
  const T highest = pick<T>(20.0f, 40.0);                  // from here on the result is 1
  const T lowest = pick<T>(-87.33654f, -708.39641853226);  // the last normal result
  T y = x > highest ? highest : x;
  y = y < lowest ? lowest : y;
  const ExpParts<T> parts = exp_parts(-y);
  const T scale = power_of_two<T>(parts.n);
  const T result = 1 / (math::fma(scale, parts.expm1, T{1}) + scale);
  return x < lowest ? T{0} : result;
}

// Sine and cosine of the angle 2 pi turns.
template <class T>
GRADUS_HD inline void sincos_turns(T turns, T& s, T& c) {
  const T part = turns - round_to_even(turns);  // exact, within [-1/2, 1/2]
  const T shifted = math::fma(part, T{4}, rounder<T>());
  const T x = math::fma(part, T{4}, rounder<T>() - shifted);  // in quarter turns, exact, within [-1/2, 1/2]
  const T z = x * x;
  T sine, cosine;  // of x pi/2
  if constexpr (std::is_same_v<T, float>) {
    sine = math::fma(x, 1.57079625f, x * polynomial(z, 7.54978995e-8f, -0.64596363f, 0.0796814139f, -0.00460483719f));
    cosine = polynomial(z, 1.0f, -1.23370055f, 0.25366938f, -0.0208611184f, 0.000905604567f);
  } else {
    sine = math::fma(
        x, 1.5707963267948966,
        x * polynomial(z, 6.123233995736766e-17, -0.645964097506245, 0.07969262624606334, -0.0046817541326259334,
                       0.00016044115266738095, -3.598649570240692e-06, 5.634704113884751e-08));
    cosine = polynomial(z, 1.0, -1.2337005501361697, 0.25366950790104764, -0.02086348076333076, 0.0009192602743905533,
                        -2.520203791691774e-05, 4.710641505803502e-07, -6.32474667886607e-09);
  }
  // Each quarter turn makes (s, c) into (c, -s).
  const Bits<T> quarter = to_bits(shifted) - to_bits(rounder<T>());
  const bool swap = quarter & 1;
  const int to_sign = 8 * sizeof(T) - 2;
  s = from_bits(to_bits(swap ? cosine : sine) ^ ((quarter & 2) << to_sign));
  c = from_bits(to_bits(swap ? sine : cosine) ^ (((quarter + 1) & 2) << to_sign));
  s = turns == 0 ? turns : s;  // keeps the sign of zero
}

}  // namespace gradus::kernels::math
