// Graph: a run of launches, recorded once and from then on queued by one call. Exists where CUDA was built, by nvcc or
// against the emulator. core/step_graph.h makes training steps of it.
//
// Note [While recording]. What is queued on the thread's compute stream is written down and not run. So there are no
// results yet to wait for or to read, and memory of the host would be read when the graph runs, not now. Such calls
// throw Error (refuse_while_recording); so does memory of the GPU's that is not the recorded step's own.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include <gradus/kernels/exec.h>

struct CUgraphExec_st;  // what CUDA's cudaGraphExec_t points to

namespace gradus::kernels {

class Graph {
 public:
  // Records what f queues on this thread's compute stream. Passes on what f throws, and throws Error where f met a
  // refusal and went on, and where CUDA could not record; the thread and its device are as before then.
  explicit Graph(const std::function<void()>& f);
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void launch(Cuda cuda) const;  // queues all of it. "graph" of kernel_launches() counts these calls

 private:
  CUgraphExec_st* graph_ = nullptr;
};

bool recording();  // whether this thread is within such an f

// Throws Error while this thread records: "OP: WHAT while a step is recorded (StepGraph); INSTEAD". The recording fails
// then, even if the error is caught within f.
void refuse_while_recording(const char* op, const std::string& what, const std::string& instead);
// The same without throwing now, for destructors.
void spoil_recording(const char* op, const std::string& what, const std::string& instead) noexcept;

// What a graph's launches read anew in each call: 8-byte words, sent to the GPU's memory by a launch of their own,
// which carries them as arguments.
constexpr std::size_t most_words = 256;
void send_words(Cuda cuda, std::span<const std::uint64_t> words, std::uint64_t* to);  // at most most_words

}  // namespace gradus::kernels
