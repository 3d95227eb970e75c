// NVIDIA's libraries against our own kernels, on a GPU: the products and convolutions of the lectures and ragged ones,
// forward and backward, each twice to the bit. The emulator has no such libraries: there our kernels are compared with
// the CPU's at small extents, to try what compares them, and the kernels are tested that finish a library's product.
#include <functional>

#include <nlohmann/json.hpp>

#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/kernels/libraries.h>
#include <gradus/kernels/matmul.h>

#include "conv2d_reference.h"
#include "cuda_arrays.h"
#include "program_trial.h"

using namespace gradus;
using kernels::Libraries;
using kernels::Precision;

namespace {

struct Sizes {
  Index m, n, k;
};

#ifdef GRADUS_CUDA_EMULATED
const std::vector<Sizes> lecture_products = {{5, 9, 17}};
constexpr Index images = 1;
#else
const std::vector<Sizes> lecture_products = {
    {1000, 400, 784},   {1000, 784, 400},   {1000, 10, 400},                                       // lecture 20
    {2000, 1024, 2048}, {2000, 2048, 1024}, {2000, 10, 1024},                                      // 32
    {100, 1000, 784},   {100, 1000, 1000},  {100, 2, 1000},   {100, 1000, 2},   {100, 784, 1000},  // 54
    {100, 500, 2},      {100, 500, 500},    {100, 1, 500},    {100, 100, 1000}, {100, 1000, 100},  // and 55
    {100, 500, 100},    {100, 10, 100}};
constexpr Index images = 2000;
#endif
const std::vector<Sizes> ragged_products = {{8, 8, 8},   {7, 9, 11}, {33, 65, 17}, {65, 1, 40},
                                            {1, 65, 40}, {9, 70, 1}, {19, 10, 67}};

#if defined(GRADUS_CUDA_EMULATED) || defined(GRADUS_HAS_CUBLAS) || defined(GRADUS_HAS_CUDNN)

const Device gpu{Device::Type::cuda, 0};

// Who computes what is compared: `theirs` is to give what `ours` gives.
struct Arm {
  Device device;
  Libraries libraries;
};
#ifdef GRADUS_CUDA_EMULATED
const Arm ours{cpu, Libraries::own}, theirs{gpu, Libraries::own};
#else
const Arm ours{gpu, Libraries::own}, theirs{gpu, Libraries::vendor};
#endif

using Numbers = std::vector<std::vector<double>>;
using Op = std::function<Tensor(const Tensors&)>;

// y, and the gradient of each input; inputs and dy are drawn.
Numbers results(const Arm& arm, DType dtype, const std::vector<Shape>& shapes, const Op& op) {
  kernels::set_libraries(arm.libraries);
  kernels::reset_kernel_launches();
  Generator g(5);
  const auto drawn = [&](const Shape& shape) { return (2 * rand(shape, dtype, g) - 1).to(arm.device); };
  Tensors inputs;
  for (const Shape& shape : shapes) inputs.push_back(drawn(shape).requires_grad_());
  manual_seed(3);  // for dropout
  const Tensor y = op(inputs);
  sum(y * drawn(y.shape())).backward();
  const auto numbers = [](const Tensor& t) { return t.detach().to(cpu).to(float64).to_vector<double>(); };
  Numbers all{numbers(y)};
  for (const Tensor& x : inputs) all.push_back(numbers(x.grad()));
  kernels::set_libraries(Libraries::own);
  return all;
}

// Both agree to what sums of so many terms lose by rounding, and the second one's two runs to the bit. `calls` is how
// often the library is to be called, by the name under which its calls are counted.
void compare(DType dtype, const std::vector<Shape>& shapes, const Op& op, Index terms, const std::string& library,
             long calls, double eps) {
  CAPTURE(dtype, shapes[0], shapes[1], terms);
  const Numbers want = results(ours, dtype, shapes, op), got = results(theirs, dtype, shapes, op);
#ifndef GRADUS_CUDA_EMULATED
  CHECK(kernels::kernel_launches(library) == calls);
#else
  CAPTURE(library, calls);
#endif
  const Numbers again = results(theirs, dtype, shapes, op);
  REQUIRE(got.size() == want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    CAPTURE(i);
    const double bound = 8 * std::sqrt(static_cast<double>(terms)) * eps * kernels::largest_magnitude(want[i]);
    CHECK(kernels::largest_error(got[i], want[i]) <= bound);
    CHECK(got[i] == again[i]);
  }
}

double rounding(DType dtype) {
  return dtype == float32 ? static_cast<double>(std::numeric_limits<float>::epsilon())
                          : std::numeric_limits<double>::epsilon();
}

#endif

#if defined(GRADUS_CUDA_EMULATED) || defined(GRADUS_HAS_CUBLAS)

void compare_products(DType dtype, const Sizes& s, const Op& op, double eps) {
  const bool small = std::min({s.m, s.n, s.k}) < 8;  // our own kernels'
  compare(dtype, {{s.m, s.k}, {s.n, s.k}, {s.n}}, op, s.m + s.n + s.k, "cublaslt_matmul", small ? 0 : 3, eps);
}

std::vector<Sizes> all_products() {
  std::vector<Sizes> all = lecture_products;
  all.insert(all.end(), ragged_products.begin(), ragged_products.end());
  return all;
}

TEST_CASE("products and their gradients are the same by either library") {
  for (const DType dtype : {float32, float64})
    for (const Sizes& s : all_products()) {
      compare_products(
          dtype, s, [](const Tensors& in) { return linear(in[0], in[1], in[2]); }, rounding(dtype));
      compare_products(
          dtype, s, [](const Tensors& in) { return matmul(in[0], in[1].t()) + in[2]; }, rounding(dtype));
    }
}

TEST_CASE("products with every activation are the same by either library") {
  using kernels::Activation;
  const auto with = [](const Activation& activation) {
    return Op([=](const Tensors& in) { return linear_activation(in[0], in[1], in[2], activation); });
  };
  const std::vector<Op> ops = {with(kernels::Tanh{}), with(kernels::Sigmoid{}), with(kernels::LeakyRelu{0.1}),
                               [](const Tensors& in) { return linear_dropout(in[0], in[1], in[2], 0.25); },
                               [](const Tensors& in) { return linear_dropout_relu(in[0], in[1], in[2], 0.25); }};
  for (const DType dtype : {float32, float64})
    for (const Sizes& s : std::vector<Sizes>{lecture_products[0], {33, 65, 17}, {7, 9, 11}})
      for (const Op& op : ops) compare_products(dtype, s, op, rounding(dtype));
}

// How often relu calls the library depends on whether its epilogue keeps NaN, which this asks for.
TEST_CASE("relu after a product is the same by either library, and keeps NaN") {
  for (const DType dtype : {float32, float64}) {
    const auto relu_of = [=](const Arm& arm, double bias) {
      Generator g(5);
      const Tensor x = rand({33, 17}, dtype, g).to(arm.device) - 0.5, w = rand({65, 17}, dtype, g).to(arm.device) - 0.5;
      kernels::set_libraries(arm.libraries);
      const Tensor y = linear_activation(x, w, full({65}, bias, {dtype, arm.device}), kernels::Relu{});
      kernels::set_libraries(Libraries::own);
      return y.to(cpu).to(float64).to_vector<double>();
    };
    const auto want = relu_of(ours, 0.1);
    CHECK(kernels::largest_error(relu_of(theirs, 0.1), want) <=
          8 * std::sqrt(17.0) * rounding(dtype) * kernels::largest_magnitude(want));
    for (const double y : relu_of(theirs, NAN)) CHECK(std::isnan(y));
  }
}

#ifdef GRADUS_HAS_CUBLAS
TEST_CASE("TF32 rounds the factors of float32 products, where it is asked for, and no others") {
  const auto product = [](DType dtype) {
    return results(theirs, dtype, {{256, 512}, {128, 512}},
                   [](const Tensors& in) { return matmul(in[0], in[1].t()); })[0];
  };
  const auto want = product(float32), want_double = product(float64);
  kernels::set_precision(Precision::tf32);
  const auto got = product(float32), got_double = product(float64);
  kernels::set_precision(Precision::float32);
  CHECK(kernels::largest_error(got, want) <= 0x1p-10 * std::sqrt(512.0) * kernels::largest_magnitude(want));
  CHECK(got_double == want_double);
  CHECK(product(float32) == want);
}
#endif
#endif

#if defined(GRADUS_CUDA_EMULATED) || defined(GRADUS_HAS_CUDNN)

void compare_convolutions(const kernels::ConvExtents& e, bool with_bias) {
  CAPTURE(e.n, e.c, e.h, e.w, e.out_c, e.kernel_h, e.kernel_w, e.stride_h, e.stride_w, e.pad_h, e.pad_w, with_bias);
  const Size2d stride{e.stride_h, e.stride_w}, padding{e.pad_h, e.pad_w};
  const Op op = [=](const Tensors& in) {
    const Tensor y = conv2d(in[0], in[1], with_bias ? in[2] : Tensor(), stride, padding);
    return with_bias ? y : y + in[2].reshape({1, e.out_c, 1, 1});
  };
  compare(float32, {{e.n, e.c, e.h, e.w}, {e.out_c, e.c, e.kernel_h, e.kernel_w}, {e.out_c}}, op,
          e.n * e.out_h * e.out_w + e.kernel_h * e.kernel_w * (e.c + e.out_c), "cudnn_conv2d", 1, rounding(float32));
}

TEST_CASE("convolutions and their gradients are the same by either library") {
  bool with_bias = true;
  for (const kernels::ConvExtents& e : kernels::ragged_convolutions()) {
    if (e.n * e.c * e.out_c == 0) continue;
    compare_convolutions(e, with_bias = !with_bias);
  }
#ifndef GRADUS_CUDA_EMULATED
  const Index layers[][4] = {{3, 32, 64, 2},  {64, 16, 128, 2}, {128, 8, 128, 2}, {128, 4, 128, 1},
                             {128, 8, 64, 1}, {64, 16, 64, 1},  {64, 32, 3, 1}};
  for (const auto& [c, side, out_c, stride] : layers) {
    compare_convolutions(kernels::conv_extents(images, c, side, side, out_c, 3, 3, stride, stride, 1, 1), true);
  }
#endif
}

TEST_CASE("float64 convolutions are our own kernels' alone") {
  const Op op = [](const Tensors& in) { return conv2d(in[0], in[1], in[2], 1, 1); };
  compare(float64, {{images > 1 ? 20 : 1, 3, 6, 5}, {4, 3, 3, 3}, {4}}, op, 1000, "cudnn_conv2d", 0, rounding(float64));
}
#endif

TEST_CASE("a program on a GPU says which libraries compute") {
  Trial trial;
  REQUIRE(trial.run({"--device", "cuda", "--precision", "tf32"}) == 0);
  const kernels::LibraryFacts facts = kernels::library_facts();
  CHECK(trial.out == "On cuda:0, " + kernels::libraries_line() + "\n");
  std::ifstream file(trial.folder / "results.json");
  const auto json = nlohmann::json::parse(file)["libraries"];
  CHECK(json["matrix_products"] == facts.matrix_products);
  CHECK(json["convolutions"] == facts.convolutions);
  CHECK(json["float32_products"] == facts.precision);
  kernels::set_precision(Precision::float32);
}

// What is left of linear_activation after a library's product: the bits that the fused kernel gives.
TEST_CASE("a bias and an activation finish a product") {
  using namespace kernels;
  for (const auto& [m, n, k] : std::vector<Sizes>{{33, 65, 17}, {1, 7, 4}, {0, 5, 3}}) {
    const auto x = random_values<float>(m * k, -1, 1, 1), w = random_values<float>(n * k, -1, 1, 2),
               bias = random_values<float>(n, -1, 1, 3);
    const OnGpu<float> x_gpu(x), w_gpu(w), bias_gpu(bias);
    const Dropout dropout(0.25, {7, 11});
    for (const bool with_bias : {true, false})
      for (const Activation& activation :
           std::vector<Activation>{Tanh{}, LeakyRelu{0.1}, dropout, DropoutRelu{dropout}}) {
        const float* const row = with_bias ? bias_gpu.data() : nullptr;
        const OnGpu<float> want(m * n), got(m * n);
        linear_activation<float>(Cuda{}, m, n, k, x_gpu.data(), w_gpu.data(), row, activation, want.data());
        matmul<float>(Cuda{}, m, n, k, x_gpu.data(), false, w_gpu.data(), true, nullptr, got.data());
        add_bias_and_activate<float>(Cuda{}, m, n, row, activation, got.data());
        CHECK(same_bits(got.values(), want.values()));
      }
    const OnGpu<float> want(m * n), got(m * n);
    matmul<float>(Cuda{}, m, n, k, x_gpu.data(), false, w_gpu.data(), true, bias_gpu.data(), want.data());
    matmul<float>(Cuda{}, m, n, k, x_gpu.data(), false, w_gpu.data(), true, nullptr, got.data());
    add_bias<float>(Cuda{}, m, n, bias_gpu.data(), got.data());
    CHECK(same_bits(got.values(), want.values()));
  }
}

}  // namespace
