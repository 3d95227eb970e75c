#include <gradus/core/upload.h>

#ifdef GRADUS_HAS_CUDA
#include <cstring>
#include <utility>

#include <gradus/core/cuda.h>
#include <gradus/core/error.h>

namespace gradus {
namespace {

std::size_t bytes_of(const Tensor& t) { return static_cast<std::size_t>(t.numel()) * size_of(t.dtype()); }
std::size_t space_of(const Tensor& t) { return (bytes_of(t) + 255) / 256 * 256; }
bool must_travel(const Tensor& t) { return t.defined() && t.device().is_cpu(); }

// Streams and events belong to the GPU that is current when they are made.
Device made_current(Device device) {
  check(!device.is_cpu(), "Uploader", "expected a GPU such as cuda:0, got cpu");
  kernels::set_device(device.index);
  return device;
}

}  // namespace

Tensor pin_memory(const Tensor& t) {
  check(t.device().is_cpu(), "pin_memory", "expected a tensor on the CPU, got one on ", t.device());
  const auto storage = std::make_shared<Storage>(bytes_of(t), Storage::Pinned{});
  if (t.numel() > 0) std::memcpy(storage->data(), t.raw(), bytes_of(t));
  return Tensor::make(t.shape(), t.dtype(), storage, 0);
}

Uploader::Uploader(Device device) : device_(made_current(device)), copies_(kernels::make_stream()) {}

Uploader::~Uploader() {
  try {
    kernels::synchronize(copies_);
    for (Buffer& buffer : buffers_) buffer.read.wait();
  } catch (...) {  // the error is the next call's to report
  }
  for (Buffer& buffer : buffers_) kernels::device_free(buffer.block);
  kernels::destroy_stream(copies_);
}

void Uploader::reserve(Buffer& buffer, std::size_t bytes) {
  if (bytes <= buffer.bytes) return;
  buffer.read.wait();
  kernels::device_free(std::exchange(buffer.block, nullptr));  // lest it is freed again where the next line throws
  buffer.bytes = 0;
  buffer.block = kernels::device_allocate(bytes);
  check(buffer.block != nullptr, "Uploader", "out of memory on ", device_, ": asked for ", bytes,
        " bytes to bring batches there; use a smaller batch");
  buffer.bytes = bytes;
}

void Uploader::start(const Tensors& from) {
  check(started_ - finished_ < buffers_.size(), "Uploader", "two batches are on their way; finish() one first");
  kernels::set_device(device_.index);
  Buffer& buffer = buffers_[started_ % buffers_.size()];
  std::size_t space = 0;
  for (const Tensor& t : from) space += must_travel(t) ? space_of(t) : 0;
  reserve(buffer, space);
  buffer.full.wait();  // of two batches ago, so that its tensors may go
  buffer.from = from;
  buffer.read.hold(copies_);
  auto* at = static_cast<char*>(buffer.block);
  for (const Tensor& t : from) {
    if (!must_travel(t)) continue;
    kernels::copy_to_device(copies_, bytes_of(t), t.raw(), at);
    at += space_of(t);
  }
  buffer.full.record(copies_);
  ++started_;
}

Tensors Uploader::finish() {
  check(finished_ < started_, "Uploader", "there is nothing to finish; start() first");
  kernels::set_device(device_.index);
  Buffer& buffer = buffers_[finished_ % buffers_.size()];
  const kernels::Cuda compute;
  buffer.full.hold(compute);
  Tensors there;
  const auto* at = static_cast<const char*>(buffer.block);
  for (const Tensor& t : buffer.from) {
    if (!must_travel(t)) {
      there.push_back(t);
      continue;
    }
    there.push_back(empty(t.shape(), {t.dtype(), device_}));
    kernels::copy_on_device(compute, bytes_of(t), at, there.back().raw());
    at += space_of(t);
  }
  buffer.read.record(compute);
  ++finished_;
  return there;
}

}  // namespace gradus
#endif
