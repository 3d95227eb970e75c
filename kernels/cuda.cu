#include <gradus/kernels/cuda.h>

#include <gradus/kernels/error.h>
#include <gradus/kernels/gpu.h>
#include <gradus/kernels/graph.h>

namespace gradus::kernels {
namespace {

std::atomic<KernelRecord*> first_record{nullptr};

// From "... kernel = some::where::fill_kernel<float>]": fill_kernel<float>.
std::string kernel_name(std::string_view text) {
  const std::string_view before = "kernel = ";
  text.remove_prefix(text.find(before) + before.size());
  text = text.substr(0, text.find(';'));  // g++ explains its type names after one
  if (text.back() == ']') text.remove_suffix(1);
  const auto scope = text.substr(0, text.find('<')).rfind("::");
  if (scope != std::string_view::npos) text.remove_prefix(scope + 2);
  if (text.front() == '&') text.remove_prefix(1);
  return std::string(text);
}

bool has_name(const KernelRecord& record, std::string_view name) {
  const std::string_view full = record.name;
  return full.substr(0, name.size()) == name && (full.size() == name.size() || full[name.size()] == '<');
}

const char pass_it[] = "pass it to the step as an input";
const char wait_after[] = "do it after the call";

void copy(Cuda cuda, std::size_t bytes, const void* from, void* to, cudaMemcpyKind kind) {
  if (bytes > 0) cuda_check(cudaMemcpyAsync(to, from, bytes, kind, cuda.stream));
}

// The block, or nullptr where memory is out.
void* block_or_null(cudaError_t result, void*& block) {
  if (result == cudaSuccess) return block;
  if (result != cudaErrorMemoryAllocation) cuda_check(result);
  cudaGetLastError();
  return nullptr;
}

}  // namespace

// --- devices ---

std::string cuda_version() {
#ifdef GRADUS_CUDA_EMULATED
  return "emulated";
#else
  return std::to_string(CUDART_VERSION / 1000) + "." + std::to_string(CUDART_VERSION % 1000 / 10);
#endif
}

int device_count() {
  int count = 0;
  const cudaError_t result = cudaGetDeviceCount(&count);
  if (result == cudaSuccess) return count;
  cudaGetLastError();
  return 0;
}

std::string why_no_device() {
  int count = 0, driver = 0;
  const cudaError_t result = cudaGetDeviceCount(&count);
  if (result == cudaSuccess && count > 0) return "";
  cudaGetLastError();
  cudaDriverGetVersion(&driver);
  if (driver == 0) return "no NVIDIA driver is installed here";
  if (result == cudaErrorNoDevice || result == cudaSuccess) {
    return "the NVIDIA driver sees no GPU (CUDA_VISIBLE_DEVICES may hide it)";
  }
  return std::string("the NVIDIA driver does not answer: ") + cudaGetErrorString(result);
}

void set_device(int index) {
  int current = -1;
  if (cudaGetDevice(&current) == cudaSuccess && current == index) return;  // each step asks: no driver's call for it
  cudaGetLastError();
  const int count = device_count();
  if (index < 0 || index >= count) {
    throw Error("cuda: there is no cuda:" + std::to_string(index) + ", " +
                (count == 0 ? why_no_device() : "the last one is cuda:" + std::to_string(count - 1)));
  }
  cuda_check(cudaSetDevice(index));
}

int current_device() {
  int index = 0;
  cuda_check(cudaGetDevice(&index));
  return index;
}

std::string device_name(int index) {
  cudaDeviceProp properties;
  cuda_check(cudaGetDeviceProperties(&properties, index));
  return properties.name;
}

// --- memory ---

DeviceMemory device_memory() {
  DeviceMemory memory;
  cuda_check(cudaMemGetInfo(&memory.free, &memory.total));
  return memory;
}

void* device_allocate(std::size_t bytes, bool of_recorded_step) {
  if (!of_recorded_step) {
    refuse_while_recording("device_allocate", "something asks for memory of its own for the first time",
                           "do the same in the first call, which is not recorded");
  }
  void* block = nullptr;
  return block_or_null(cudaMalloc(&block, bytes), block);
}

void device_free(void* block) noexcept { cudaFree(block); }

void* pinned_allocate(std::size_t bytes) {
  void* block = nullptr;
  return block_or_null(cudaMallocHost(&block, bytes), block);
}

void pinned_free(void* block) noexcept { cudaFreeHost(block); }

void copy_to_device(Cuda cuda, std::size_t bytes, const void* host, void* device) {
  refuse_while_recording("copy_to_device", "memory of the host is copied", pass_it);
  copy(cuda, bytes, host, device, cudaMemcpyHostToDevice);
}

void copy_to_host(Cuda cuda, std::size_t bytes, const void* device, void* host) {
  refuse_while_recording("copy_to_host", "numbers are copied to the host", wait_after);
  static KernelRecord record("kernel = copy_to_host]");
  ++record.launches;
  copy(cuda, bytes, device, host, cudaMemcpyDeviceToHost);
}

void copy_on_device(Cuda cuda, std::size_t bytes, const void* from, void* to) {
  copy(cuda, bytes, from, to, cudaMemcpyDeviceToDevice);
}

// --- streams ---

Cuda make_stream() {
  Cuda cuda;
  cuda_check(cudaStreamCreateWithFlags(&cuda.stream, cudaStreamNonBlocking));
  return cuda;
}

void destroy_stream(Cuda cuda) noexcept {
  if (cuda.stream) cudaStreamDestroy(cuda.stream);
}

void synchronize(Cuda cuda) {
  refuse_while_recording("synchronize", "the GPU is waited for", wait_after);
  cuda_check(cudaStreamSynchronize(cuda.stream));
}

Event::Event() { cuda_check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming)); }
Event::~Event() { cudaEventDestroy(event_); }
void Event::record(Cuda cuda) { cuda_check(cudaEventRecord(event_, cuda.stream)); }
void Event::hold(Cuda cuda) const { cuda_check(cudaStreamWaitEvent(cuda.stream, event_, 0)); }
void Event::wait() const {
  refuse_while_recording("Event::wait", "the GPU is waited for", wait_after);
  cuda_check(cudaEventSynchronize(event_));
}

// --- which kernels ran ---

KernelRecord::KernelRecord(std::string_view text_with_name) : name(kernel_name(text_with_name)), next(first_record) {
  while (!first_record.compare_exchange_weak(next, this)) {
  }
}

long kernel_launches(std::string_view name) {
  long launches = 0;
  for (const KernelRecord* record = first_record; record; record = record->next) {
    if (has_name(*record, name)) launches += record->launches;
  }
  return launches;
}

void reset_kernel_launches() {
  for (KernelRecord* record = first_record; record; record = record->next) record->launches = 0;
}

std::string launched_kernels() {
  std::string text;
  for (const KernelRecord* record = first_record; record; record = record->next) {
    if (record->launches > 0) text += record->name + " " + std::to_string(record->launches) + "\n";
  }
  return text;
}

}  // namespace gradus::kernels
