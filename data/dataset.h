// Dataset: labelled images in memory.
#pragma once
#include <string>
#include <vector>

#include <gradus/core/tensor.h>

namespace gradus {

struct Dataset {
  Tensor images;                          // float32 [n, channels, height, width], from 0 to 1
  Tensor labels;                          // int64 [n]
  std::vector<std::string> classes = {};  // their names, where they have any: classes[label]

  Index size() const { return images.defined() ? images.size(0) : 0; }
};

struct Datasets {
  Dataset train, test;
};

}  // namespace gradus
