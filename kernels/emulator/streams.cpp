// The emulated device's streams and events. The default stream does at once what it is given, but for a copy from
// page-locked memory, which is done when it is given the next thing. What a named stream is given waits until somebody
// waits for it: so a copy that nobody waited for has not happened, and memory that was changed too early is copied as
// it then is.
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include <gradus/kernels/emulator/memory.h>
#include <gradus/kernels/emulator/runtime.h>

using namespace gradus::kernels::emulator;

namespace {

struct Copy {
  void* to;
  const void* from;
  std::size_t bytes;
  cudaMemcpyKind kind;

  cudaError_t check() const {
    const bool to_device = kind != cudaMemcpyDeviceToHost, from_device = kind != cudaMemcpyHostToDevice;
    if (to_device ? !in_one_block(to, bytes) : in_device_memory(to)) return cudaErrorInvalidValue;
    if (from_device ? !in_one_block(from, bytes) : in_device_memory(from)) return cudaErrorInvalidValue;
    return cudaSuccess;
  }
  cudaError_t run() const {
    const cudaError_t result = check();
    if (result == cudaSuccess) {
      const OpenMemory open;
      std::memmove(to, from, bytes);
    }
    return result;
  }
};

}  // namespace

struct CUstream_st {
  int device = 0;
  std::deque<Copy> waiting;
  unsigned long long given = 0, done = 0;

  cudaError_t run_to(unsigned long long mark) {
    cudaError_t result = cudaSuccess;
    for (; done < mark; ++done) {
      const cudaError_t one = waiting.front().run();
      waiting.pop_front();
      if (one != cudaSuccess) result = one;
    }
    return result;
  }
};

struct CUevent_st {
  int device = 0;
  cudaStream_t stream = nullptr;
  unsigned long long mark = 0;

  cudaError_t reach() const { return stream ? stream->run_to(mark) : cudaSuccess; }
};

namespace {

std::map<const unsigned char*, std::size_t>& pinned_blocks() {
  static auto& blocks = *new std::map<const unsigned char*, std::size_t>;
  return blocks;
}

bool is_pinned(const void* pointer) {
  const auto* const at = static_cast<const unsigned char*>(pointer);
  auto next = pinned_blocks().upper_bound(at);
  if (next == pinned_blocks().begin()) return false;
  --next;
  return at < next->first + next->second;
}

// The default stream's copy that has yet to happen.
std::optional<Copy>& late_copy() {
  static std::optional<Copy> copy;
  return copy;
}

}  // namespace

cudaError_t gradus::kernels::emulator::run_late_copy() {
  const std::optional<Copy> copy = std::exchange(late_copy(), {});
  return copy ? copy->run() : cudaSuccess;
}

cudaError_t cudaMallocHost(void** block, std::size_t bytes) {
  *block = std::malloc(bytes);
  if (!*block) return bytes == 0 ? cudaSuccess : cudaErrorMemoryAllocation;
  const std::lock_guard lock(device_mutex());
  note_used_device();
  pinned_blocks()[static_cast<unsigned char*>(*block)] = bytes;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* block) {
  const std::lock_guard lock(device_mutex());
  const cudaError_t result = run_late_copy();
  pinned_blocks().erase(static_cast<unsigned char*>(block));
  std::free(block);
  return result;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  if (bytes == 0) return cudaSuccess;
  const std::lock_guard lock(device_mutex());
  const Copy copy{to, from, bytes, kind};
  const void* const host = kind == cudaMemcpyHostToDevice ? from : to;
  const bool is_staged = kind != cudaMemcpyDeviceToDevice && !is_pinned(host);
  if (captures(stream)) {
    if (is_staged) return check_outside_capture();
    return keep(stream, [copy] {
      const std::lock_guard launched(device_mutex());
      return copy.run();
    });
  }
  if (!stream) {
    if (const cudaError_t result = check_outside_capture(); result != cudaSuccess) return result;
    if (const cudaError_t result = run_late_copy(); result != cudaSuccess) return result;
    if (kind != cudaMemcpyHostToDevice || is_staged) return copy.run();
    const cudaError_t result = copy.check();
    if (result == cudaSuccess) late_copy() = copy;
    return result;
  }
  stream->waiting.push_back(copy);
  ++stream->given;
  // From memory that is not page-locked the driver copies before it returns.
  return is_staged ? stream->run_to(stream->given) : cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CUstream_st;
  return cudaGetDevice(&(*stream)->device);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (const cudaError_t result = check_outside_capture(); result != cudaSuccess) return result;
  const std::lock_guard lock(device_mutex());
  return stream ? stream->run_to(stream->given) : run_late_copy();
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const cudaError_t result = captures(stream) ? check_outside_capture() : cudaStreamSynchronize(stream);
  delete stream;
  return result;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t event, unsigned) {
  const std::lock_guard lock(device_mutex());
  return event->reach();
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  return cudaGetDevice(&(*event)->device);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const std::lock_guard lock(device_mutex());
  int current = 0;
  cudaGetDevice(&current);
  if (event->device != (stream ? stream->device : current)) return cudaErrorInvalidResourceHandle;
  event->stream = stream;
  event->mark = stream ? stream->given : 0;
  return stream ? cudaSuccess : run_late_copy();
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (const cudaError_t result = check_outside_capture(); result != cudaSuccess) return result;
  const std::lock_guard lock(device_mutex());
  return event->reach();
}
