#include <gradus/core/storage.h>

#include <gradus/core/allocator.h>

namespace gradus {

Storage::Storage(std::size_t bytes, Device device) : data_(allocate(bytes, device)), bytes_(bytes), device_(device) {}

Storage::Storage(void* foreign, std::size_t bytes) : data_(foreign), bytes_(bytes), from_(From::elsewhere) {}

#ifdef GRADUS_HAS_CUDA
Storage::Storage(std::size_t bytes, Pinned) : data_(allocate_pinned(bytes)), bytes_(bytes), from_(From::pinned) {}
#endif

Storage::~Storage() {
  if (from_ == From::allocator) deallocate(data_, bytes_, device_);
#ifdef GRADUS_HAS_CUDA
  if (from_ == From::pinned) deallocate_pinned(data_, bytes_);
#endif
}

}  // namespace gradus
