// The emulated device's graphs: lists of things to do, which a capture keeps and a launch does.
#include <mutex>
#include <utility>
#include <vector>

#include <gradus/kernels/emulator/memory.h>
#include <gradus/kernels/emulator/runtime.h>

using gradus::kernels::emulator::Task;

struct CUgraph_st {
  std::vector<Task> tasks;
};
struct CUgraphExec_st {
  std::vector<Task> tasks;
};

namespace {

// What this thread captures.
struct Capture {
  cudaStream_t stream = nullptr;
  cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
  bool valid = true;
  std::vector<Task> tasks;
};
thread_local Capture capture;

cudaError_t invalidate(cudaError_t result) {
  capture.valid = false;
  return result;
}

}  // namespace

namespace gradus::kernels::emulator {

bool captures(cudaStream_t stream) { return stream && capture.stream == stream; }

cudaError_t keep(cudaStream_t, Task task) {
  if (!capture.valid) return cudaErrorStreamCaptureInvalidated;
  capture.tasks.push_back(std::move(task));
  return cudaSuccess;
}

cudaError_t check_outside_capture() {
  return capture.stream ? invalidate(cudaErrorStreamCaptureImplicit) : cudaSuccess;
}

cudaError_t check_memory_allowed() {
  return capture.stream && capture.mode != cudaStreamCaptureModeRelaxed ? invalidate(cudaErrorStreamCaptureUnsupported)
                                                                        : cudaSuccess;
}

}  // namespace gradus::kernels::emulator

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  if (!stream || capture.stream) return cudaErrorStreamCaptureUnsupported;
  capture = {stream, mode, true, {}};
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = nullptr;
  if (!stream || capture.stream != stream) return cudaErrorInvalidValue;
  Capture ended = std::exchange(capture, {});
  if (!ended.valid) return cudaErrorStreamCaptureInvalidated;
  *graph = new CUgraph_st{std::move(ended.tasks)};
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = new CUgraphExec_st{graph->tasks};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  if (const cudaError_t result = gradus::kernels::emulator::check_outside_capture(); result != cudaSuccess)
    return result;
  cudaStreamSynchronize(stream);
  for (const Task& task : executable->tasks) {
    if (const cudaError_t result = task(); result != cudaSuccess) return result;
  }
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
