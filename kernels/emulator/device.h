// CUDA's device language for a plain C++ compiler: what gpu.h shows a .cu file under GRADUS_CUDA=EMULATED.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

// may_alias: load4 and the like read arrays of numbers through these.
struct __attribute__((may_alias, aligned(8))) float2 {
  float x, y;
};
struct __attribute__((may_alias, aligned(16))) float4 {
  float x, y, z, w;
};
struct __attribute__((may_alias, aligned(16))) double2 {
  double x, y;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline double2 make_double2(double x, double y) { return {x, y}; }

// Of the thread that runs now. The scheduler sets them whenever it turns to another thread.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
constexpr int warpSize = 32;

namespace gradus::kernels::emulator {

struct Place {  // in a source file
  const char* file;
  int line;
};

int lane();                       // of the running thread within its warp
void block_barrier(Place place);  // until all threads of the block that have not returned are here
void device_fence();

// Deposits a value and waits until all lanes of the warp have; returns what the 32 lanes deposited.
const std::uint64_t* exchange(unsigned mask, std::uint64_t value, Place place);

// One for each declaration of shared memory, and for each instantiation of a template that declares it.
struct SharedSlot {
  void* memory = nullptr;
  std::uint64_t block = 0;  // the block that it was carved out for
};
void* shared_memory(SharedSlot& slot, std::size_t bytes, Place place);
void* dynamic_shared_memory(Place place);

template <class T>
T from_lane(unsigned mask, T value, int source, Place place) {
  static_assert(std::is_arithmetic_v<T>, "CUDA shuffles numbers only");
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  std::memcpy(&value, exchange(mask, bits, place) + source, sizeof value);
  return value;
}

// The pointer, where it is a multiple of 16.
const void* aligned16(const void* pointer, Place place);

}  // namespace gradus::kernels::emulator

#define GRADUS_SHARED(T, name, ...)                         \
  static gradus::kernels::emulator::SharedSlot name##_slot; \
  using name##_type = T __VA_ARGS__;                        \
  name##_type& name = *static_cast<name##_type*>(           \
      gradus::kernels::emulator::shared_memory(name##_slot, sizeof(name##_type), {__FILE__, __LINE__}))
#define GRADUS_DYNAMIC_SHARED(T, name) \
  T* const name = static_cast<T*>(gradus::kernels::emulator::dynamic_shared_memory({__FILE__, __LINE__}))

// --- barriers and warps ---

inline void __syncthreads(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  gradus::kernels::emulator::block_barrier({file, line});
}

inline void __syncwarp(unsigned mask = 0xffffffffu, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  gradus::kernels::emulator::exchange(mask, 0, {file, line});
}

inline void __threadfence() { gradus::kernels::emulator::device_fence(); }

// What lane `source` brings; with xor, lane ^ bits; with down and up, lane + step and lane - step, the own value where
// no such lane is. Without CUDA's width, which our kernels never give.
template <class T>
T __shfl_sync(unsigned mask, T value, int source, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return gradus::kernels::emulator::from_lane(mask, value, source & 31, {file, line});
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  namespace emulator = gradus::kernels::emulator;
  return emulator::from_lane(mask, value, (emulator::lane() ^ bits) & 31, {file, line});
}

template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned step, const char* file = __builtin_FILE(),
                   int line = __builtin_LINE()) {
  namespace emulator = gradus::kernels::emulator;
  const int own = emulator::lane(), source = own + static_cast<int>(step);
  return emulator::from_lane(mask, value, source < 32 ? source : own, {file, line});
}

template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned step, const char* file = __builtin_FILE(),
                 int line = __builtin_LINE()) {
  namespace emulator = gradus::kernels::emulator;
  const int own = emulator::lane(), source = own - static_cast<int>(step);
  return emulator::from_lane(mask, value, source >= 0 ? source : own, {file, line});
}

inline unsigned __ballot_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(),
                              int line = __builtin_LINE()) {
  const std::uint64_t* const deposits = gradus::kernels::emulator::exchange(mask, predicate != 0, {file, line});
  unsigned votes = 0;
  for (int lane = 0; lane < warpSize; ++lane) votes |= static_cast<unsigned>(deposits[lane]) << lane;
  return votes;
}

// --- atomics, for CUDA's three integer types: relaxed, as CUDA's are. Each returns the old value. ---

#define GRADUS_ATOMICS(T)                                                                                \
  inline T atomicAdd(T* at, T value) { return __atomic_fetch_add(at, value, __ATOMIC_RELAXED); }         \
  inline T atomicExch(T* at, T value) { return __atomic_exchange_n(at, value, __ATOMIC_RELAXED); }       \
  inline T atomicCAS(T* at, T expected, T value) {                                                       \
    __atomic_compare_exchange_n(at, &expected, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);        \
    return expected;                                                                                     \
  }                                                                                                      \
  inline T atomicMax(T* at, T value) {                                                                   \
    T old = __atomic_load_n(at, __ATOMIC_RELAXED);                                                       \
    while (old < value && atomicCAS(at, old, value) != old) old = __atomic_load_n(at, __ATOMIC_RELAXED); \
    return old;                                                                                          \
  }                                                                                                      \
  inline T atomicMin(T* at, T value) {                                                                   \
    T old = __atomic_load_n(at, __ATOMIC_RELAXED);                                                       \
    while (value < old && atomicCAS(at, old, value) != old) old = __atomic_load_n(at, __ATOMIC_RELAXED); \
    return old;                                                                                          \
  }
GRADUS_ATOMICS(int)
GRADUS_ATOMICS(unsigned)
GRADUS_ATOMICS(unsigned long long)
#undef GRADUS_ATOMICS

// --- 16 bytes at once ---

namespace gradus::kernels {

inline float4 load4(const float* x, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return *static_cast<const float4*>(emulator::aligned16(x, {file, line}));
}
inline double2 load2(const double* x, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return *static_cast<const double2*>(emulator::aligned16(x, {file, line}));
}
inline void store4(float* y, float4 value, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  *static_cast<float4*>(const_cast<void*>(emulator::aligned16(y, {file, line}))) = value;
}
inline void store2(double* y, double2 value, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  *static_cast<double2*>(const_cast<void*>(emulator::aligned16(y, {file, line}))) = value;
}

}  // namespace gradus::kernels
