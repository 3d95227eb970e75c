#include <gradus/kernels/gpu.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include <gradus/kernels/error.h>

namespace gradus::kernels {
namespace {

constexpr unsigned most_threads = 1024, most_blocks_x = 0x7fffffffu, most_blocks_yz = 65535, most_block_z = 64;
constexpr std::size_t shared_without_asking = 48 * 1024;

template <class... Parts>
[[noreturn]] void refuse(const KernelRecord& record, const Parts&... parts) {
  std::ostringstream text;
  text << "launch: " << record.name << ": ";
  (text << ... << parts);
  throw Error(text.str());
}

bool points_to_device(const void* pointer) {
  cudaPointerAttributes attributes;
  if (cudaPointerGetAttributes(&attributes, pointer) != cudaSuccess) {
    cudaGetLastError();  // not an error of the launch
    return false;
  }
  return attributes.type == cudaMemoryTypeDevice;
}

// Whether the word is an address at which the host has memory. Small numbers never are: programs and their heaps lie
// above 4 GiB.
bool points_to_host(std::uintptr_t word) {
  static const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  return word > 0xffffffffu && word < std::uintptr_t{1} << 47 &&
         msync(reinterpret_cast<void*>(word / page * page), 1, MS_ASYNC) == 0;
}

}  // namespace

bool waits_for_each_kernel() {
  static const bool sync = [] {
    const char* const text = std::getenv("GRADUS_SYNC");
    return text && std::strcmp(text, "1") == 0;
  }();
  return sync;
}

unsigned blocks_for(Index n, Index per_block) {
  const Index blocks = n / per_block + (n % per_block != 0);
  if (n < 0 || blocks > Index{most_blocks_x}) throw Error("launch: too many blocks: " + std::to_string(blocks));
  return static_cast<unsigned>(blocks);
}

void cuda_check(cudaError_t result, const char* file, int line) {
  if (result == cudaSuccess) return;
  cudaGetLastError();  // said once is enough
  std::ostringstream text;
  text << "cuda: " << cudaGetErrorString(result) << " (" << file << ":" << line << ")";
  throw Error(text.str());
}

namespace detail {

void check_launch(const KernelRecord& record, const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes) {
  const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > most_threads || block.z > most_block_z || threads % 32 != 0) {
    refuse(record, "a block is a whole number of warps of 32 threads, up to 1024, not ", block.x, " x ", block.y, " x ",
           block.z);
  }
  if (grid.x > most_blocks_x || grid.y > most_blocks_yz || grid.z > most_blocks_yz) {
    refuse(record, "a grid has up to 2147483647 x 65535 x 65535 blocks, not ", grid.x, " x ", grid.y, " x ", grid.z);
  }
  if (shared_bytes <= shared_without_asking) return;
  int device = 0, most = 0;
  cuda_check(cudaGetDevice(&device));
  cuda_check(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  if (shared_bytes > static_cast<std::size_t>(most)) {
    refuse(record, "a block of this GPU has up to ", most, " bytes of shared memory, not ", shared_bytes);
  }
  cuda_check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)));
}

void check_pointers(const KernelRecord& record, int position, const void* argument, std::size_t bytes,
                    bool is_pointer) {
#ifndef GRADUS_CUDA_EMULATED
  if (!waits_for_each_kernel()) return;  // asking the driver takes longer than many a kernel
#endif
  for (std::size_t at = 0; at + sizeof(void*) <= bytes; at += sizeof(void*)) {
    std::uintptr_t word;
    std::memcpy(&word, static_cast<const char*>(argument) + at, sizeof word);
    auto* const pointer = reinterpret_cast<const void*>(word);
    if (word == 0 || (is_pointer ? points_to_device(pointer) : !points_to_host(word) || points_to_device(pointer))) {
      continue;
    }
    refuse(record, "argument ", position + 1, is_pointer ? " is" : " holds", " a pointer to host memory, ", pointer,
           "; a kernel reads and writes the GPU's alone");
  }
}

void finish_launch(const KernelRecord& record, cudaError_t result, cudaStream_t stream) {
  if (result != cudaSuccess) {
    cudaGetLastError();
    refuse(record, "it could not start: ", cudaGetErrorString(result));
  }
  if (!waits_for_each_kernel()) return;
  result = cudaStreamSynchronize(stream);
  if (result != cudaSuccess) refuse(record, "it failed: ", cudaGetErrorString(result));
}

}  // namespace detail
}  // namespace gradus::kernels
