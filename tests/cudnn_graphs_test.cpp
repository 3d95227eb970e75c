// cuDNN asked, on a machine without a GPU, whether it would take the convolutions that gradus builds, with an engine
// that gives the same bits every time. The graphs and the engines are those of a run on a GPU
// (kernels/vendor/cudnn_graph.h), and so are cuDNN's answers but that a GPU may know more engines. Nothing is computed.
//
// tests/data/gpu_h200.json and gpu_t4.json describe two GPUs as cuDNN wants it: an H200 (sm_90) and a Tesla T4 (sm_75,
// which has no TF32). They are written by hand from NVIDIA's data sheets and CUDA's tables of what each architecture
// has.
#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

#include <gradus/kernels/vendor/cudnn.h>
#include <gradus/kernels/vendor/cudnn_graph.h>
#include <gradus/models/lecture32.h>

#include "catch.h"
#include "conv2d_reference.h"

namespace gradus::kernels {
namespace {

using cudnn::Convolution;
using cudnn::ConvProduct;

cudnn::Device described(const std::string& file) {
  std::ifstream in(GRADUS_SOURCE_DIR "/tests/data/" + file);
  std::ostringstream text;
  text << in.rdbuf();
  REQUIRE(!text.str().empty());
  return cudnn::Device::described(text.str());
}

struct Layer {
  const char* parameter;
  Index side, stride;  // of its input
};
constexpr Layer layers[] = {{"conv_encoder.0.weight", 32, 2}, {"conv_encoder.2.weight", 16, 2},
                            {"conv_encoder.4.weight", 8, 2},  {"conv_decoder.0.weight", 4, 1},
                            {"conv_decoder.3.weight", 8, 1},  {"conv_decoder.6.weight", 16, 1},
                            {"conv_decoder.9.weight", 32, 1}};

// The lecture's layers at its batch of 2000 images.
std::vector<ConvExtents> lecture32_convolutions() {
  const lecture32::Autoencoder net;
  std::vector<ConvExtents> all;
  for (const auto& [name, parameter] : net.named_parameters()) {
    if (parameter.dim() != 4) continue;
    const auto layer = std::find_if(std::begin(layers), std::end(layers),
                                    [&, &name = name](const Layer& l) { return l.parameter == name; });
    REQUIRE(layer != std::end(layers));
    const Shape& w = parameter.shape();
    all.push_back(
        conv_extents(2000, w[1], layer->side, layer->side, w[0], w[2], w[3], layer->stride, layer->stride, 1, 1));
  }
  REQUIRE(all.size() == std::size(layers));
  return all;
}

bool says(const std::string& notes, const char* words) { return notes.find(words) != std::string::npos; }

constexpr Convolution every[] = {Convolution::forward, Convolution::forward_bias, Convolution::input_grad,
                                 Convolution::weight_grad};

TEST_CASE("cuDNN opens and says its version") {
  REQUIRE(cudnn::why_not() == "");
  CHECK(std::regex_match(cudnn::version(), std::regex("[0-9]+\\.[0-9]+\\.[0-9]+")));
  CHECK(cudnn_version() == cudnn::built_version());
  set_libraries(Libraries::vendor);
  CHECK(uses_cudnn());
  CHECK(library_facts().convolutions == "cuDNN " + cudnn::version());
  set_libraries(Libraries::own);
}

TEST_CASE("cuDNN takes every convolution of lecture 32 with an engine that does as it must") {
  const std::string gpu = GENERATE("gpu_h200.json", "gpu_t4.json");
  const cudnn::Device device = described(gpu);
  for (const Precision precision : {Precision::float32, Precision::tf32})
    for (const ConvExtents& e : lecture32_convolutions())
      for (const Convolution what : every)
        for (const int alignment : {16, 4}) {
          const auto plan = cudnn::make_plan({what, e, precision, 0, alignment}, device);
          CAPTURE(gpu, static_cast<int>(precision), static_cast<int>(what), e.c, e.h, e.out_c, e.stride_h, alignment);
          REQUIRE(plan);
          CAPTURE(plan->notes, plan->workspace);
          CHECK_FALSE(says(plan->notes, "not deterministic"));
          CHECK_FALSE(says(plan->notes, "smaller sums"));
          if (precision == Precision::float32) CHECK(plan->notes == "");
          CHECK(plan->workspace <= std::int64_t{1} << 30);
        }
}

TEST_CASE("TF32 is what the tensor cores of an H200 are for") {
  const cudnn::Device device = described("gpu_h200.json");
  const ConvExtents e = conv_extents(2000, 128, 8, 8, 128, 3, 3, 2, 2, 1, 1);
  for (const Convolution what : every) {
    const auto plan = cudnn::make_plan({what, e, Precision::tf32, 0, 16}, device);
    REQUIRE(plan);
    CHECK(says(plan->notes, "tensor core"));
  }
}

TEST_CASE("cuDNN takes what a run tells it") {
  const float numbers[4] = {};
  CHECK_NOTHROW(cudnn::make_arguments({numbers, numbers + 1, numbers + 2, numbers + 3}, nullptr));
  CHECK_NOTHROW(cudnn::make_arguments({numbers, numbers + 1, numbers + 2, nullptr}, nullptr));
}

// Some of these cuDNN may leave to our own kernels; none is an error.
TEST_CASE("cuDNN is asked about convolutions of any extents") {
  const cudnn::Device device = described("gpu_h200.json");
  int taken = 0, asked = 0;
  for (const ConvExtents& e : ragged_convolutions()) {
    if (e.n * e.c * e.out_c == 0) continue;
    for (const Convolution what : every) {
      CAPTURE(e.n, e.c, e.h, e.w, e.out_c, e.kernel_h, e.kernel_w, e.stride_h, e.pad_h, static_cast<int>(what));
      ++asked;
      CHECK_NOTHROW(taken += cudnn::make_plan({what, e, Precision::float32, 0, 4}, device).has_value());
    }
  }
  CHECK(taken > asked / 2);
}

TEST_CASE("cuDNN refuses in a sentence what is no convolution") {
  const cudnn::Device device = described("gpu_h200.json");
  ConvExtents e = conv_extents(2000, 64, 16, 16, 128, 3, 3, 2, 2, 1, 1);
  e.out_h += 1;
  const std::string refused = message_of([&] {
    cudnn::make_plan({Convolution::forward, e, Precision::float32, 0, 16}, device);
  });
  CAPTURE(refused);
  CHECK(refused.rfind("cudnn: ", 0) == 0);
  CHECK(refused.find("cudnn_backend.h:") != std::string::npos);  // where it was asked
  CHECK(refused.find("GRADUS_LIBRARIES=own") != std::string::npos);
  CHECK(message_of([] { cudnn::Device::described("no GPU"); }).rfind("cudnn: ", 0) == 0);
}

}  // namespace
}  // namespace gradus::kernels
