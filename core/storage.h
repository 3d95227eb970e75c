// Storage: a run of bytes on a device, shared by the tensors that look into it, with a version.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include <gradus/core/dtype.h>

namespace gradus {

class Storage {
 public:
  Storage(std::size_t bytes, Device device);  // memory from the device's allocator, not initialised
  Storage(void* foreign, std::size_t bytes);  // memory of somebody else's, on the CPU, that must outlive this
#ifdef GRADUS_HAS_CUDA
  struct Pinned {};
  Storage(std::size_t bytes, Pinned);  // page-locked memory of the host
#endif
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  Device device() const { return device_; }
  bool is_pinned() const { return from_ == From::pinned; }

  // Counts the in-place changes. What autograd keeps for backward remembers the version it saw.
  std::uint64_t version() const { return version_; }
  void bump_version() { ++version_; }
  void continue_version(const Storage& from) { version_ = from.version_; }  // of a copy that takes its place

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
  Device device_;
  enum class From { allocator, pinned, elsewhere } from_ = From::allocator;
  std::uint64_t version_ = 0;
};

}  // namespace gradus
