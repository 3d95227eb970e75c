// DeviceFeed: the batches of an EpochPass on a GPU. While the caller works with one, the next is on its way
// (Note [Uploads] in core/upload.h). Exists where CUDA was built. Only loader.cpp uses it.
#pragma once
#ifdef GRADUS_HAS_CUDA
#include <exception>
#include <memory>
#include <optional>

#include <gradus/core/upload.h>
#include <gradus/data/epoch_pass.h>

namespace gradus {

class DeviceFeed {
 public:
  DeviceFeed(std::shared_ptr<EpochPass> pass, Device device) : pass_(std::move(pass)), uploader_(device) { start(); }

  bool next(Batch& batch);  // false: no batch is left. Throws Error for one whose fetch threw

 private:
  void start();  // takes a batch from the pass and starts its way

  std::shared_ptr<EpochPass> pass_;
  Uploader uploader_;
  std::optional<Index> coming_;  // the size of the batch on its way
  std::exception_ptr failed_;    // instead of it
};

}  // namespace gradus
#endif
