// What every .cu file includes, and the one CUDA header that it includes. nvcc sees CUDA here; a plain C++ compiler
// (GRADUS_CUDA=EMULATED) sees the emulator, which runs the same source on the CPU, a block's threads as fibers.
//
// Rules for kernel sources. What breaks one of them does not compile under the emulator, or is caught by it.
//
//  1. A kernel is a free function or a function template, `__global__ void name(...)`. It takes numbers, pointers to
//     device memory, and trivially copyable structs of them, which are value-initialised before they are filled.
//  2. No <<<>>>: launch<name<T>>(cuda, grid, block, shared_bytes, arguments...), of launch.h. A block is a whole number
//     of warps, up to 1024 threads. blocks_for(n, per_block) counts blocks.
//  3. Shared memory only by GRADUS_SHARED(T, name, [rows][columns]) and GRADUS_DYNAMIC_SHARED(T, name), as the first
//     lines of a kernel. It starts undefined (as NaN under the emulator).
//  4. Every __syncthreads() is reached by all threads of the block that have not returned, at the same line.
//  5. Warps: __shfl_sync, __shfl_xor_sync, __shfl_down_sync, __shfl_up_sync, __ballot_sync with full_warp as the mask,
//     and __syncwarp(), where the whole warp arrives. Lanes of a warp do not run in step: what one writes to shared
//     memory another one reads after a barrier. No __activemask, no cooperative groups.
//  6. Atomics on integers only: atomicAdd, atomicMax, atomicMin, atomicExch, atomicCAS. Sums of floats have a fixed
//     order. Threads and blocks never wait for each other in a loop. The last block to come may join what all have
//     left: is_last_block() of grid.h, on a counter that is a __device__ variable of the file.
//  7. Loads and stores of 16 bytes by load4, store4 (4 floats) and load2, store2 (2 doubles); the address is a multiple
//     of 16.
//  8. What both devices compute is a GRADUS_HD function, as those of math.h, which gives the same bits on both. No
//     __expf and the like. PTX, tensor cores and asynchronous copies only in leaf functions that have a plain twin.
//  9. Offsets into device memory are Index; int only within a block.
// 10. No host code but the launching functions, whose overload takes Cuda: `void fill(Cuda cuda, Index n, ...)`.
//
// A thread sees threadIdx, blockIdx, blockDim, gridDim and warpSize.
#pragma once
#include <gradus/kernels/exec.h>

#ifdef __CUDACC__
#include <cuda_runtime.h>

#define GRADUS_SHARED(T, name, ...) __shared__ T name __VA_ARGS__
#define GRADUS_DYNAMIC_SHARED(T, name)                                         \
  extern __shared__ __align__(16) unsigned char gradus_dynamic_shared_bytes[]; \
  T* const name = reinterpret_cast<T*>(gradus_dynamic_shared_bytes)

namespace gradus::kernels {

__device__ inline float4 load4(const float* x) { return *reinterpret_cast<const float4*>(x); }
__device__ inline double2 load2(const double* x) { return *reinterpret_cast<const double2*>(x); }
__device__ inline void store4(float* y, float4 value) { *reinterpret_cast<float4*>(y) = value; }
__device__ inline void store2(double* y, double2 value) { *reinterpret_cast<double2*>(y) = value; }

// Loads that stand before this are issued before what stands behind it; ptxas moves them to where they are used
// otherwise. Where the whole warp arrives.
__device__ inline void issue_loads() { __syncwarp(); }

}  // namespace gradus::kernels

#else
#include <gradus/kernels/emulator/device.h>
#include <gradus/kernels/emulator/runtime.h>
#include <gradus/kernels/emulator/scheduler.h>
#endif

namespace gradus::kernels {
constexpr unsigned full_warp = 0xffffffffu;  // the mask of all lanes
#ifndef __CUDACC__
inline void issue_loads() {}
#endif
}  // namespace gradus::kernels

#include <gradus/kernels/launch.h>
