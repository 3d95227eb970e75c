// Uploader: batches on their way to a GPU, copied while it computes. Exists where CUDA was built.
//
// Note [Uploads]. Copies run on a stream of their own, from page-locked memory into one of two staging buffers, which
// lie outside the allocator: its blocks belong to the compute stream (Note [Single stream] in core/allocator.h). From
// there the compute stream copies them into ordinary tensors, which costs little at the GPU's own bandwidth. Two events
// for each buffer keep the order: the compute stream waits until the buffer is full, the copies until it is read.
#pragma once
#ifdef GRADUS_HAS_CUDA
#include <array>

#include <gradus/core/tensor.h>
#include <gradus/kernels/cuda.h>

namespace gradus {

// A copy in page-locked memory of the host, from which copies to a GPU need not wait. Throws Error when there is none.
Tensor pin_memory(const Tensor& t);

class Uploader {
 public:
  explicit Uploader(Device device);  // throws Error unless it is a GPU that is there
  ~Uploader();
  Uploader(const Uploader&) = delete;
  Uploader& operator=(const Uploader&) = delete;

  // Queues the copies of tensors on the CPU; undefined ones and those on the device are passed on as they are. Tensors
  // from pin_memory are copied beside the kernels, others before it returns. At most two starts may lack a finish.
  void start(const Tensors& from);

  // What the oldest start was given, as tensors on the device. The host does not wait for them.
  Tensors finish();

 private:
  struct Buffer {
    void* block = nullptr;
    std::size_t bytes = 0;
    Tensors from;  // kept until they are copied
    kernels::Event full, read;
  };
  void reserve(Buffer& buffer, std::size_t bytes);

  Device device_;
  kernels::Cuda copies_;
  std::array<Buffer, 2> buffers_;
  std::size_t started_ = 0, finished_ = 0;
};

}  // namespace gradus
#endif
