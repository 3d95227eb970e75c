#include <gradus/data/device_feed.h>

#ifdef GRADUS_HAS_CUDA
#include <utility>

namespace gradus {

void DeviceFeed::start() {
  try {
    Batch batch;
    if (!pass_->next(batch)) return;
    uploader_.start({batch.images, batch.labels});
    coming_ = batch.size;
  } catch (...) {  // the caller has a batch before this one to work with
    failed_ = std::current_exception();
  }
}

bool DeviceFeed::next(Batch& batch) {
  if (failed_) std::rethrow_exception(std::exchange(failed_, nullptr));
  if (!coming_) return false;
  const Index size = *std::exchange(coming_, std::nullopt);
  const Tensors there = uploader_.finish();
  batch = {there[0], there[1], size};
  start();
  return true;
}

}  // namespace gradus
#endif
