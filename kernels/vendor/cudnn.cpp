#include <gradus/kernels/vendor/cudnn.h>

#include <map>
#include <mutex>
#include <sstream>

#include <gradus/kernels/cuda.h>
#include <gradus/kernels/error.h>
#include <gradus/kernels/vendor/cudnn_backend.h>

#ifndef GRADUS_CUDNN_FILE
#define GRADUS_CUDNN_FILE ""
#endif

namespace gradus::kernels::cudnn {
namespace {

std::string dotted(std::size_t number) {  // 91900
  return std::to_string(number / 10000) + "." + std::to_string(number / 100 % 100) + "." + std::to_string(number % 100);
}

}  // namespace

Functions::Functions() : library({"libcudnn.so." + std::to_string(CUDNN_MAJOR), GRADUS_CUDNN_FILE}) {}

Functions& functions() {
  static auto* const all = new Functions;  // kept: plans are used until the end
  return *all;
}

void check(cudnnStatus_t status, const char* file, int line) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char more[512] = "";
  functions().last_error_string(more, sizeof more);
  std::ostringstream text;
  text << "cudnn: " << functions().error_string(status) << (*more ? ": " : "") << more << " (" << file << ":" << line
       << "); GRADUS_LIBRARIES=own computes without it";
  if (CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED) throw NotSupported(text.str());
  throw Error(text.str());
}

cudnnHandle_t handle() {
  static std::mutex mutex;
  static auto& handles = *new std::map<int, cudnnHandle_t>;  // not destroyed: CUDA may be gone when the program ends
  const std::lock_guard lock(mutex);
  cudnnHandle_t& made = handles[current_device()];
  if (!made) check(functions().create(&made));
  return made;
}

const std::string& why_not() { return functions().library.why_not(); }
std::string version() { return dotted(functions().get_version()); }
std::string built_version() { return dotted(CUDNN_VERSION); }

}  // namespace gradus::kernels::cudnn
