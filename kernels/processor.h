// Whether this processor can run what was compiled. Without a check, a program that was built for a newer processor
// ends with "Illegal instruction" somewhere.
//
// Before main(), and before any other code of ours, processor.cpp compares what the library was compiled for with what
// the processor has. Where something is missing the program ends with 1 and a sentence on stderr. Only x86-64 has such
// extensions to check: NEON is a part of every 64-bit Arm processor.
#pragma once

namespace gradus::kernels {

// The extensions that compilers make use of by themselves: the name that __builtin_cpu_supports knows, and the macro
// that is 1 where a file is compiled for it.
#define GRADUS_EXTENSIONS(X)                \
  X("popcnt", __POPCNT__)                   \
  X("sse4.2", __SSE4_2__)                   \
  X("avx", __AVX__)                         \
  X("avx2", __AVX2__)                       \
  X("fma", __FMA__)                         \
  X("fma4", __FMA4__)                       \
  X("bmi", __BMI__)                         \
  X("bmi2", __BMI2__)                       \
  X("gfni", __GFNI__)                       \
  X("avx512f", __AVX512F__)                 \
  X("avx512cd", __AVX512CD__)               \
  X("avx512bw", __AVX512BW__)               \
  X("avx512dq", __AVX512DQ__)               \
  X("avx512vl", __AVX512VL__)               \
  X("avx512ifma", __AVX512IFMA__)           \
  X("avx512vbmi", __AVX512VBMI__)           \
  X("avx512vbmi2", __AVX512VBMI2__)         \
  X("avx512vnni", __AVX512VNNI__)           \
  X("avx512bitalg", __AVX512BITALG__)       \
  X("avx512vpopcntdq", __AVX512VPOPCNTDQ__) \
  X("avx512bf16", __AVX512BF16__)

struct Extension {
  const char* name;
  bool used;
};
extern const Extension extensions[];  // in the list's order; its file is compiled as all others are

extern const int processor_is_checked;  // a program that refers to it has the check linked in

}  // namespace gradus::kernels
