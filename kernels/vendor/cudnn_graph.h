// A convolution as cuDNN sees it: a graph of operations on tensors, and the engine that is to run it.
//
// Images are [n, c, h, w] whose channels lie last, weights [out_c, c, kernel_h, kernel_w] that lie as
// [out_c, kernel_h, kernel_w, c]: so that cuDNN's engines read them as they are. All numbers are float32.
//
// Nothing in here needs a GPU but Device::current(), so that tests can ask cuDNN what it would do on one.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include <gradus/kernels/conv2d.h>
#include <gradus/kernels/libraries.h>
#include <gradus/kernels/vendor/cudnn_backend.h>

namespace gradus::kernels::cudnn {

enum class Convolution { forward, forward_bias, input_grad, weight_grad };

// What a plan depends on.
struct ConvProduct {
  Convolution what = Convolution::forward;
  ConvExtents e;
  Precision precision = Precision::float32;
  int device = 0;
  int alignment = 16;  // of the images' addresses, in bytes

  auto operator<=>(const ConvProduct&) const = default;
};

// Who is to run it: a GPU's handle, or a GPU that is only described.
struct Device {
  cudnnHandle_t handle = nullptr;
  std::optional<Descriptor> properties;

  static Device current() { return {cudnn::handle(), std::nullopt}; }
  static Device described(const std::string& json);  // as cuDNN writes a GPU's properties
};

// The names of the graph's tensors, by which a run says where each lies. `image` is x or dx, `result` y or dy; weights
// are w or dw.
enum TensorName : std::int64_t { image = 1, weights, result, bias, unbiased };

struct ConvGraph {
  std::vector<Descriptor> parts;  // what the graph refers to
  Descriptor graph;
};

// An engine with its settings, ready to run.
struct ConvPlan {
  ConvGraph graph;
  Descriptor settings, plan;
  std::int64_t workspace = 0;  // bytes
  std::string notes;           // what cuDNN says of the engine's numbers, for people
};

// The plan for a convolution: of the first engine in cuDNN's order that gives the same bits every time and keeps the
// precision. None where cuDNN has no such engine.
std::optional<ConvPlan> make_plan(const ConvProduct& p, const Device& device);

// Its two steps.
ConvGraph make_graph(const ConvProduct& p, const Device& device);
std::optional<ConvPlan> choose_engine(ConvGraph graph, Precision precision, const Device& device);

// What a run tells the plan: where each of the graph's tensors lies, and the workspace.
struct Places {
  const float* image = nullptr;
  const float* weights = nullptr;
  const float* result = nullptr;
  const float* bias = nullptr;  // null where the graph has none
};
Descriptor make_arguments(const Places& at, void* workspace);

}  // namespace gradus::kernels::cudnn
