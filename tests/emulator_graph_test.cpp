// Recording on the emulator: what a stream is given while it captures runs when the graph does, as often as it does;
// what CUDA could not record ends the capture. And what kernels/graph.h makes of it.
#include "catch.h"

#include <vector>

#include <gradus/kernels/fill.h>
#include <gradus/kernels/gpu.h>
#include <gradus/kernels/graph.h>

using namespace gradus::kernels;

namespace {

// Four floats in the GPU's memory.
struct Four {
  float* at = static_cast<float*>(device_allocate(16));
  Four() { set({0, 0, 0, 0}); }
  ~Four() { device_free(at); }
  Four(const Four&) = delete;
  void set(const std::vector<float>& values) const { copy_to_device({}, 16, values.data(), at); }
  std::vector<float> values() const {
    std::vector<float> host(4);
    copy_to_host({}, 16, at, host.data());
    return host;
  }
};

// What CUDA answers to f within a capture, and to its end.
struct Answers {
  cudaError_t within, end;
};
template <class F>
Answers in_capture(F f, cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed) {
  const Cuda cuda = make_stream();
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamBeginCapture(cuda.stream, mode) == cudaSuccess);
  const cudaError_t within = f(cuda.stream);
  const cudaError_t end = cudaStreamEndCapture(cuda.stream, &graph);
  CHECK((graph != nullptr) == (end == cudaSuccess));
  if (graph) cudaGraphDestroy(graph);
  destroy_stream(cuda);
  return {within, end};
}

}  // namespace

TEST_CASE("a graph does what it was given, in order, each time it is launched, and nothing before") {
  const Four x, y;
  const Graph graph([&] {
    fill<float>(Cuda{}, 2, 5, y.at);
    copy_on_device({}, 16, x.at, y.at);
    fill<float>(Cuda{}, 1, 7, y.at);
    cuda_check(cudaMemsetAsync(y.at + 3, 0, 4, Cuda{}.stream));
  });
  CHECK(y.values() == std::vector<float>{0, 0, 0, 0});
  for (const float value : {1.f, 2.f}) {  // what x holds when it runs
    x.set({value, value, value, value});
    graph.launch({});
    CHECK(y.values() == std::vector<float>{7, value, value, 0});
  }
}

TEST_CASE("words are sent to the GPU as they are at the call") {
  const Four x;
  std::vector<std::uint64_t> words{0x3f80000040000000u, 0x4040000040800000u};
  send_words({}, words, reinterpret_cast<std::uint64_t*>(x.at));
  words.assign(2, 0);
  CHECK(x.values() == std::vector<float>{2, 1, 4, 3});
  words.resize(most_words + 1);
  CHECK(message_of([&] { send_words({}, words, nullptr); }) == "send_words: more than 256 words");
}

TEST_CASE("what a recording refuses leaves the thread free to work, and to record again") {
  const Four x;
  const char recorded[] = " while a step is recorded (StepGraph); ";
  float host[4] = {};
  const std::pair<std::string, std::function<void()>> refused[] = {
      {"synchronize: the GPU is waited for", [] { synchronize({}); }},
      {"copy_to_device: memory of the host is copied", [&] { copy_to_device({}, 16, host, x.at); }},
      {"copy_to_host: numbers are copied to the host", [&] { copy_to_host({}, 16, x.at, host); }},
      {"Event::wait: the GPU is waited for", [] { Event().wait(); }},
      {"device_allocate: something asks for memory of its own for the first time", [] { device_allocate(100); }}};
  for (const auto& [message, f] : refused) {
    CHECK(message_of([&, f = f] { Graph graph(f); }).starts_with(message + recorded));
    const auto and_goes_on = [f = f] {
      try {
        f();
      } catch (const gradus::Error&) {
      }
    };
    CHECK(message_of([&] { Graph graph(and_goes_on); }).starts_with(message + recorded));
    CHECK_FALSE(recording());
    x.set({1, 2, 3, 4});
    fill<float>(Cuda{}, 1, 9, x.at);
    CHECK(x.values() == std::vector<float>{9, 2, 3, 4});
    const Graph graph([&] { fill<float>(Cuda{}, 1, 8, x.at); });
    graph.launch({});
    CHECK(x.values() == std::vector<float>{8, 2, 3, 4});
  }
  CHECK(message_of([] { Graph graph([] { throw gradus::Error("the step's own"); }); }) == "the step's own");
  CHECK(message_of([] { Graph graph([] { Graph inner([] {}); }); }) == "Graph: a recording within a recording");
  CHECK_FALSE(recording());
}

TEST_CASE("the emulator's capture ends at what CUDA cannot record, or runs beside it") {
  const Four x;
  float host[4] = {};
  const Answers unsupported[] = {
      in_capture([](cudaStream_t stream) { return cudaStreamSynchronize(stream); }),
      in_capture([](cudaStream_t) { return cudaStreamSynchronize(nullptr); }),
      in_capture([&](cudaStream_t) { return cudaMemcpyAsync(x.at, x.at, 16, cudaMemcpyDeviceToDevice, nullptr); }),
      in_capture([&](cudaStream_t) { return cudaMemsetAsync(x.at, 0, 16, nullptr); }),
      in_capture([&](cudaStream_t s) { return cudaMemcpyAsync(x.at, host, 16, cudaMemcpyHostToDevice, s); }),
      in_capture([&](cudaStream_t s) { return cudaMemcpyAsync(host, x.at, 16, cudaMemcpyDeviceToHost, s); })};
  for (const Answers& answers : unsupported) {
    CHECK(answers.within == cudaErrorStreamCaptureImplicit);
    CHECK(answers.end == cudaErrorStreamCaptureInvalidated);
  }
  const auto launch_beside = [&](cudaStream_t) {
    return message_of([&] { fill<float>(Cuda{nullptr}, 1, 1, x.at); }).empty() ? cudaSuccess : cudaErrorInvalidValue;
  };
  CHECK(in_capture(launch_beside).end == cudaErrorStreamCaptureInvalidated);
  const auto take = [](cudaStream_t) {
    void* block = nullptr;
    const cudaError_t result = cudaMalloc(&block, 100);
    return block ? cudaFree(block) : result;
  };
  CHECK(in_capture(take).end == cudaSuccess);
  const Answers strict = in_capture(take, cudaStreamCaptureModeThreadLocal);
  CHECK(strict.within == cudaErrorStreamCaptureUnsupported);
  CHECK(strict.end == cudaErrorStreamCaptureInvalidated);
  CHECK(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeRelaxed) == cudaErrorStreamCaptureUnsupported);
}
