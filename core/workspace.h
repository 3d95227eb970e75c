// Workspace: memory for one call of a kernel or a library, from the allocator. It goes back with the scope, while what
// was queued may still use it (Note [Single stream] in core/allocator.h). For core's own sources.
#pragma once
#include <gradus/core/ops.h>

namespace gradus {

class Workspace {
 public:
  explicit Workspace(Device device) : device_(device) {}

  void* operator()(std::size_t bytes) {
    held_.push_back(empty({static_cast<Index>((bytes + sizeof(Index) - 1) / sizeof(Index))}, {int64, device_}));
    return held_.back().raw();
  }

 private:
  Device device_;
  Tensors held_;
};

}  // namespace gradus
