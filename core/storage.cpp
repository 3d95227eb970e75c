#include <gradus/core/storage.h>

#include <gradus/core/allocator.h>

namespace gradus {

Storage::Storage(std::size_t bytes, Device device) : data_(allocate(bytes, device)), bytes_(bytes), device_(device) {}

Storage::Storage(void* foreign, std::size_t bytes) : data_(foreign), bytes_(bytes), owned_(false) {}

Storage::~Storage() {
  if (owned_) deallocate(data_, bytes_, device_);
}

}  // namespace gradus
