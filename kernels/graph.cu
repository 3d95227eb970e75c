#include <gradus/kernels/graph.h>

#include <algorithm>
#include <utility>

#include <gradus/kernels/error.h>
#include <gradus/kernels/gpu.h>

namespace gradus::kernels {
namespace {

thread_local cudaStream_t recording_stream = nullptr;
thread_local std::string refusal;  // the first one since the recording began

// Not the default stream: CUDA records no launches of that. Nothing runs on it.
class RecordingStream {
 public:
  RecordingStream() {
    if (recording()) throw Error("Graph: a recording within a recording");
    const Cuda cuda = make_stream();
    // Relaxed: the step's own memory may come from the driver meanwhile. What else must not happen is refused by name.
    const cudaError_t result = cudaStreamBeginCapture(cuda.stream, cudaStreamCaptureModeRelaxed);
    if (result != cudaSuccess) destroy_stream(cuda);
    cuda_check(result);
    recording_stream = cuda.stream;
    refusal.clear();
  }
  ~RecordingStream() {
    if (recording_stream) discard();
  }
  RecordingStream(const RecordingStream&) = delete;

  cudaError_t end(cudaGraph_t* graph) {
    const cudaError_t result = cudaStreamEndCapture(recording_stream, graph);
    destroy_stream({std::exchange(recording_stream, nullptr)});
    return result;
  }

 private:
  void discard() {
    cudaGraph_t graph = nullptr;
    end(&graph);
    if (graph) cudaGraphDestroy(graph);
    cudaGetLastError();  // of a recording that was given up
  }
};

struct Words {
  using holds_no_pointers = void;
  std::uint64_t word[most_words];
};

__global__ void send_words_kernel(Words words, Index n, std::uint64_t* to) {
  const Index i = threadIdx.x;
  if (i < n) to[i] = words.word[i];
}

std::string refusal_of(const char* op, const std::string& what, const std::string& instead) {
  return std::string(op) + ": " + what + " while a step is recorded (StepGraph); " + instead;
}

}  // namespace

CUstream_st* compute_stream() { return recording_stream; }
bool recording() { return recording_stream != nullptr; }

void refuse_while_recording(const char* op, const std::string& what, const std::string& instead) {
  if (!recording()) return;
  spoil_recording(op, what, instead);
  throw Error(refusal_of(op, what, instead));
}

void spoil_recording(const char* op, const std::string& what, const std::string& instead) noexcept {
  if (recording() && refusal.empty()) refusal = refusal_of(op, what, instead);
}

Graph::Graph(const std::function<void()>& f) {
  cudaGraph_t recorded = nullptr;
  cudaError_t result;
  {
    RecordingStream stream;
    f();
    result = stream.end(&recorded);
  }
  if (result == cudaSuccess && refusal.empty()) result = cudaGraphInstantiateWithFlags(&graph_, recorded, 0);
  if (recorded) cudaGraphDestroy(recorded);
  if (!refusal.empty()) throw Error(std::exchange(refusal, {}));
  if (result == cudaSuccess) return;
  cudaGetLastError();
  throw Error(std::string("StepGraph: CUDA could not record the step: ") + cudaGetErrorString(result) +
              "; run it plainly");
}

Graph::~Graph() {
  if (graph_) cudaGraphExecDestroy(graph_);  // one that still runs is freed when it has ended
}

void Graph::launch(Cuda cuda) const {
  static KernelRecord record("kernel = graph]");
  ++record.launches;
  cuda_check(cudaGraphLaunch(graph_, cuda.stream));
}

void send_words(Cuda cuda, std::span<const std::uint64_t> words, std::uint64_t* to) {
  if (words.empty()) return;
  if (words.size() > most_words) throw Error("send_words: more than " + std::to_string(most_words) + " words");
  Words all{};
  std::copy(words.begin(), words.end(), all.word);
  launch<send_words_kernel>(cuda, 1, static_cast<unsigned>(most_words), 0, all, static_cast<Index>(words.size()), to);
}

}  // namespace gradus::kernels
