// cuDNN as a whole: whether it is there, and which one. What we have it compute is in cudnn_conv2d.h.
//
// Exists where CMake found cuDNN (GRADUS_HAS_CUDNN).
#pragma once
#include <string>

namespace gradus::kernels::cudnn {

const std::string& why_not();  // why it cannot be used here: "" where it opened
std::string version();         // of what opened: "9.19.0"
std::string built_version();   // of the headers that this was built with

}  // namespace gradus::kernels::cudnn
