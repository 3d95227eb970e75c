// Where a kernel runs, and the macro that lets one formula serve both devices.
//
// A kernel is an overload on its first argument: `void fill(Cpu, ...)` is defined in fill.cpp, `void fill(Cuda, ...)`
// in fill.cu. core/on.h chooses the token from a tensor's device, the only place where a device is branched on.
//
// GRADUS_HAS_CUDA is defined where CUDA was built, by nvcc or against the emulator. The overloads for Cuda, and Cuda
// itself, exist only there.
#pragma once
#include <cstdint>

#ifdef GRADUS_HAS_CUDA
struct CUstream_st;  // what CUDA's cudaStream_t points to: named here, so that this header needs no CUDA
#endif

// A function that both the host and the device call. A file compiled by a plain C++ compiler sees a plain function.
#ifdef __CUDACC__
#define GRADUS_HD __host__ __device__
#else
#define GRADUS_HD
#endif

namespace gradus::kernels {

using Index = std::int64_t;  // extents, offsets and int64 elements

// How many pieces of `size` n makes, the last one perhaps smaller.
constexpr Index pieces_of(Index n, Index size) { return (n + size - 1) / size; }

struct Cpu {};  // run on the host, on the pool of parallel.h

#ifdef GRADUS_HAS_CUDA
// Where kernels are queued unless a stream is named: nullptr, the current GPU's default stream, or, while this thread
// records a step (graph.h), the one that writes down what it is given.
CUstream_st* compute_stream();

struct Cuda {  // queue on a stream of the current GPU
  CUstream_st* stream = compute_stream();
};
#endif

}  // namespace gradus::kernels
