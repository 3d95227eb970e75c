// The host's side of CUDA: which devices there are, their memory, copies, streams, and which kernels ran.
//
// Needs no CUDA header. Exists where CUDA was built, by nvcc or against the emulator (GRADUS_HAS_CUDA).
#pragma once
#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

#include <gradus/kernels/exec.h>

struct CUevent_st;  // what CUDA's cudaEvent_t points to

namespace gradus::kernels {

// --- devices ---

std::string cuda_version();  // of the toolkit that compiled the kernels: "13.0"; "emulated"

// How many GPUs answer. 0 where there is no driver or no GPU; then why_no_device() is one sentence that says which.
int device_count();
std::string why_no_device();

void set_device(int index);  // for the calls of this thread; throws Error unless 0 <= index < device_count()
int current_device();
std::string device_name(int index);

// --- memory, of the current device ---

struct DeviceMemory {
  std::size_t free = 0, total = 0;  // bytes
};
DeviceMemory device_memory();

// Aligned to 256 bytes; nullptr when memory is out. Throws Error while a step is recorded (graph.h), unless it is the
// step's own memory that is asked for.
void* device_allocate(std::size_t bytes, bool of_recorded_step = false);
void device_free(void* block) noexcept;
void* pinned_allocate(std::size_t bytes);  // host memory that copies need not stage; nullptr when memory is out
void pinned_free(void* block) noexcept;

// Queued copies. The host's memory must stay as it is until the stream got there; only pinned memory makes that later
// than the return. While a step is recorded (graph.h), the first two throw Error, and so does what waits.
void copy_to_device(Cuda cuda, std::size_t bytes, const void* host, void* device);
void copy_to_host(Cuda cuda, std::size_t bytes, const void* device, void* host);
void copy_on_device(Cuda cuda, std::size_t bytes, const void* from, void* to);

// --- streams ---

Cuda make_stream();  // one that runs beside the default stream
void destroy_stream(Cuda cuda) noexcept;
void synchronize(Cuda cuda);   // returns when all that was queued has run; throws Error where some of it failed
bool waits_for_each_kernel();  // GRADUS_SYNC=1: each launch waits, so that an error names its kernel

// A mark in a stream, for another stream or the host to wait for. Throws Error where CUDA does.
class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(Cuda cuda);      // the mark: all that the stream was given so far. Without one nothing waits
  void hold(Cuda cuda) const;  // what the stream is given from now on comes after the mark
  void wait() const;           // returns when the mark is reached

 private:
  CUevent_st* event_ = nullptr;
};

// --- which kernels ran ---

// How often the kernel was launched since the start or reset_kernel_launches(): "fill_kernel" counts all
// instantiations, "fill_kernel<float>" one. Namespaces are no part of the name. "copy_to_host" counts those copies, for
// which the host mostly waits.
long kernel_launches(std::string_view name);
void reset_kernel_launches();
std::string launched_kernels();  // every kernel that ran with its count, one a line, for messages

// One kernel's name and count. launch() makes it, and it stays.
struct KernelRecord {
  explicit KernelRecord(std::string_view text_with_name);
  std::string name;
  std::atomic<long> launches{0};
  KernelRecord* next = nullptr;
};

}  // namespace gradus::kernels
