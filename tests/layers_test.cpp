// The layers: what they compute, how they start, Sequential and its parts, L1Penalty.
#include <cmath>
#include <sstream>

#include <gradus/core/random.h>
#include <gradus/layers/activations.h>
#include <gradus/layers/conv2d.h>
#include <gradus/layers/images.h>
#include <gradus/layers/init.h>
#include <gradus/layers/l1_penalty.h>
#include <gradus/layers/linear.h>
#include <gradus/layers/sequential.h>

#include "catch.h"

using namespace gradus;

namespace {

template <class M>
std::string printed(const M& module) {
  std::ostringstream out;
  out << module;
  return out.str();
}

using Doubles = std::vector<double>;

}  // namespace

TEST_CASE("Linear computes x wT + b", "[layers]") {
  Linear layer(3, 2);
  layer.to(float64);
  layer.load_state_dict(
      {{"weight", tensor({1, 2, 3, -1, 0, 2}, {2, 3}, float64)}, {"bias", tensor({10, 20}, float64)}});
  const Tensor x = tensor({1, 0, -1, 2, 3, 4}, {2, 3}, float64);
  CHECK(layer(x).to_vector<double>() == Doubles{8, 17, 30, 26});
  Linear bare(3, 2, false);
  bare.to(float64);
  bare.load_state_dict({{"weight", tensor({1, 2, 3, -1, 0, 2}, {2, 3}, float64)}});
  CHECK(bare(x).to_vector<double>() == Doubles{-2, -3, 20, 6});
  CHECK_FALSE(bare.bias.defined());
}

TEST_CASE("Linear refuses what does not fit", "[layers]") {
  CHECK(message_of([] { Linear(0, 3); }) == "Linear: expected positive numbers of features, got 0 and 3");
  CHECK(message_of([] { Linear(3, -1); }) == "Linear: expected positive numbers of features, got 3 and -1");
  CHECK(message_of([] {
          Linear(784, 10)(zeros({100, 785}));
        }) == "linear: input has 785 features, weight expects 784 (shapes [100, 785] and [10, 784])");
}

TEST_CASE("Linear starts uniform in one over the root of its inputs, weight and bias", "[layers]") {
  manual_seed(4);
  const Linear layer(784, 400);
  const double bound = 1.0 / 28;
  double total = 0, squares = 0, low = 1, high = -1;
  const auto weight = layer.weight.to_vector<float>();
  for (const double w : weight) {
    total += w;
    squares += w * w;
    low = std::min(low, w);
    high = std::max(high, w);
  }
  const double n = static_cast<double>(weight.size());
  CHECK(low >= -bound * (1 + 1e-7));
  CHECK(high <= bound * (1 + 1e-7));
  CHECK(low < -0.999 * bound);
  CHECK(high > 0.999 * bound);
  // Five standard errors of the mean of w, whose variance is bound^2 / 3, and of w^2, whose variance is bound^4 4 / 45.
  CHECK(std::abs(total / n) < 5 * bound / std::sqrt(3 * n));
  CHECK(std::abs(squares / n - bound * bound / 3) < 5 * bound * bound * std::sqrt(4 / (45 * n)));

  double most = 0;
  for (const float b : Linear(4, 1000).bias.to_vector<float>()) most = std::max(most, std::abs(static_cast<double>(b)));
  CHECK(most <= 0.5);
  CHECK(most > 0.49);

  manual_seed(4);
  CHECK(Linear(784, 400).weight.to_vector<float>() == weight);
  CHECK(Linear(784, 400).weight.to_vector<float>() != weight);
  CHECK(message_of([] { uniform_fan_in({2, 3}, 0); }) == "uniform_fan_in: expected a positive fan_in, got 0");
}

TEST_CASE("the activations are their functions", "[layers]") {
  const Tensor x = tensor({-2, -0.5, 0, 1, 3, 0.25}, {2, 3}, float64);
  CHECK(Tanh()(x).to_vector<double>() == tanh(x).to_vector<double>());
  CHECK(Sigmoid()(x).to_vector<double>() == sigmoid(x).to_vector<double>());
  CHECK(ReLU()(x).to_vector<double>() == Doubles{0, 0, 0, 1, 3, 0.25});
  CHECK(LeakyReLU()(x).to_vector<double>() == Doubles{-0.02, -0.005, 0, 1, 3, 0.25});
  CHECK(LeakyReLU(0.5)(x).to_vector<double>() == Doubles{-1, -0.25, 0, 1, 3, 0.25});
  CHECK(Softmax(1)(x).to_vector<double>() == softmax(x, 1).to_vector<double>());
  CHECK(Softmax(0)(x).to_vector<double>() == softmax(x, 0).to_vector<double>());
  CHECK(LogSoftmax(1)(x).to_vector<double>() == log_softmax(x, 1).to_vector<double>());
  CHECK(LogSoftmax(-2)(x).to_vector<double>() == log_softmax(x, 0).to_vector<double>());
}

TEST_CASE("the activations print as PyTorch's", "[layers]") {
  CHECK(printed(Sequential(LeakyReLU(), LeakyReLU(0.2), ReLU(), Softmax(-1), Linear(2, 3, false), LogSoftmax(1),
                           Sigmoid())) ==
        "Sequential(\n"
        "  (0): LeakyReLU(negative_slope=0.01)\n"
        "  (1): LeakyReLU(negative_slope=0.2)\n"
        "  (2): ReLU()\n"
        "  (3): Softmax(dim=-1)\n"
        "  (4): Linear(in_features=2, out_features=3, bias=False)\n"
        "  (5): LogSoftmax(dim=1)\n"
        "  (6): Sigmoid()\n"
        ")");
  CHECK(printed(Sequential()) == "Sequential()");
}

TEST_CASE("Sequential runs modules and lambdas in order", "[layers]") {
  const Sequential net(
      ReLU(), [](const Tensor& x) { return x * 2; }, [](const Tensor& x) { return x + 1; });
  CHECK(net(tensor({-1, 3}, float64)).to_vector<double>() == Doubles{1, 7});
  CHECK(Sequential()(tensor({-1, 3}, float64)).to_vector<double>() == Doubles{-1, 3});
  CHECK(printed(net) == "Sequential(\n  (0): ReLU()\n  (1): Function()\n  (2): Function()\n)");
}

TEST_CASE("Sequential is indexed by position and by name", "[layers]") {
  Sequential net(Linear(4, 3), Tanh());
  net.add_module("head", Linear(3, 2)).add_module("out", LogSoftmax(1));
  CHECK(net.size() == 4);
  CHECK(net[0].as<Linear>().weight.shape() == Shape{3, 4});
  CHECK(net[2].as<Linear>().weight.same(net["head"].as<Linear>().weight));
  CHECK(printed(net[-1]) == "LogSoftmax(dim=1)");
  CHECK(net.named_children()[1].first == "1");
  CHECK(message_of([&] { net[4]; }) == "Sequential: there is no layer 4 among 4");
  CHECK(message_of([&] { net[-5]; }) == "Sequential: there is no layer -5 among 4");
  CHECK(message_of([&] { net["tail"]; }) == "Sequential: there is no layer 'tail'");
  CHECK(message_of([&] { net.add_module("head", Tanh()); }) == "child: the name 'head' is taken already");
  CHECK(message_of([&] { net.add_module("1", Tanh()); }) == "child: the name '1' is taken already");
  CHECK(message_of([&] { net[1].as<Linear>(); }) == "as: this layer is Tanh(), not a Linear");
}

TEST_CASE("an autoencoder's decoder is cut off and a classifier added, as in lecture 20", "[layers]") {
  struct Autoencoder : Module {
    Autoencoder() : Module("autoencoder") {}
    Sequential encoder = child("encoder", Sequential(Linear(784, 400), Tanh()));
    Sequential decoder = child("decoder", Sequential(Linear(400, 784), Sigmoid()));
  };
  const Autoencoder net;
  std::vector<Layer> parts = net.children();
  parts.pop_back();
  Sequential classifier(parts);
  classifier.add_module("classifier", Sequential(Linear(400, 10), LogSoftmax(1)));
  CHECK(printed(classifier) ==
        "Sequential(\n"
        "  (0): Sequential(\n"
        "    (0): Linear(in_features=784, out_features=400, bias=True)\n"
        "    (1): Tanh()\n"
        "  )\n"
        "  (classifier): Sequential(\n"
        "    (0): Linear(in_features=400, out_features=10, bias=True)\n"
        "    (1): LogSoftmax(dim=1)\n"
        "  )\n"
        ")");
  std::vector<std::string> keys;
  for (const auto& [name, t] : classifier.state_dict()) keys.push_back(name);
  CHECK(keys == std::vector<std::string>{"0.0.weight", "0.0.bias", "classifier.0.weight", "classifier.0.bias"});
  CHECK(classifier.get_parameter("0.0.weight").same(net.encoder[0].as<Linear>().weight));  // it trains the encoder on
  CHECK(classifier(zeros({2, 784})).shape() == Shape{2, 10});
  CHECK(net.encoder.size() == 2);
}

TEST_CASE("L1Penalty returns its input unchanged, and its backward runs all the same", "[layers]") {
  const Tensor x = tensor({-2, 0, 0.5, 4}, {2, 2}, float64).requires_grad_();
  const Tensor weights = tensor({1, 2, 3, 4}, {2, 2}, float64);
  const auto gradient = [&](const L1Penalty& penalty) {
    Tensor leaf = x;
    leaf.zero_grad();
    const Tensor y = apply(penalty, x);
    CHECK(y.to_vector<double>() == Doubles{-2, 0, 0.5, 4});
    CHECK(y.raw() == x.raw());
    sum(y * weights).backward();
    return x.grad().to_vector<double>();
  };
  CHECK(gradient({0.5}) == Doubles{0.5, 2, 3.5, 4.5});
  CHECK(gradient({0.5, L1Form::sum}) == Doubles{0.5, 2, 3.5, 4.5});
  CHECK(gradient({0.5, L1Form::mean}) == Doubles{0.875, 2, 3.125, 4.125});
  CHECK(gradient({0.5, L1Form::slide}) == Doubles{0, 2, 3.25, 6});
  CHECK(gradient({0.5, L1Form::none}) == Doubles{1, 2, 3, 4});
}

TEST_CASE("the penalty's backward in one pass is its parts, to the bit", "[layers]") {
  for (const DType dtype : {float32, float64}) {
    Generator g(5);
    const Tensor dy = randn({3, 1001}, dtype, g);
    const Tensor x = relu(randn({3, 1001}, dtype, g));  // half of it 0
    const Tensor parts = dy + 0.3 * sign(x), one = l1_penalty_backward(dy, x, 0.3);
    CHECK(one.to(float64).to_vector<double>() == parts.to(float64).to_vector<double>());
  }
  CHECK(message_of([] { l1_penalty_backward(ones({2}), ones({3}), 1); }) ==
        "l1_penalty_backward: the gradient has shape [2], x has [3]");
}

TEST_CASE("L1Penalty's mean and sum are the gradients of the penalties they name", "[layers]") {
  const Tensor x = tensor({-2, 0.25, 0.5, 4}, {2, 2}, float64).requires_grad_();
  const auto gradient = [&](const Tensor& loss) {
    Tensor leaf = x;
    leaf.zero_grad();
    loss.backward();
    return x.grad().to_vector<double>();
  };
  CHECK(gradient(sum(apply(L1Penalty{0.5, L1Form::mean}, x))) == gradient(sum(x) + 0.5 * mean(abs(x))));
  CHECK(gradient(sum(apply(L1Penalty{0.5}, x))) == gradient(sum(x) + 0.5 * sum(abs(x))));
  CHECK(gradient(sum(apply(L1Penalty{0.5, L1Form::slide}, x))) == gradient(sum(x) + 0.25 * sum(square(x))));
}

TEST_CASE("Conv2d is conv2d with its parameters, and starts uniform in one over the root of its inputs", "[layers]") {
  manual_seed(4);
  const Conv2d layer(3, 64, {3, 2}, {.stride = {1, 2}, .padding = 1});
  CHECK(layer.weight.shape() == Shape{64, 3, 3, 2});
  CHECK(layer.bias.shape() == Shape{64});
  const double bound = 1 / std::sqrt(18.0);
  double most = 0, squares = 0;
  for (const double w : layer.weight.to_vector<float>()) {
    most = std::max(most, std::abs(w));
    squares += w * w;
  }
  CHECK(most <= bound * (1 + 1e-7));
  CHECK(most > 0.99 * bound);
  // Five standard errors of the mean of w^2, whose variance is bound^4 4 / 45.
  CHECK(std::abs(squares / 1152 - bound * bound / 3) < 5 * bound * bound * std::sqrt(4 / (45 * 1152.0)));
  for (const double b : layer.bias.to_vector<float>()) CHECK(std::abs(b) <= bound * (1 + 1e-7));

  const Tensor x = randn({2, 3, 5, 4});
  CHECK(layer(x).shape() == Shape{2, 64, 5, 3});
  CHECK(layer(x).to_vector<float>() == conv2d(x, layer.weight, layer.bias, {1, 2}, 1).to_vector<float>());
  const Conv2d bare(3, 5, 3, {.bias = false});
  CHECK_FALSE(bare.bias.defined());
  CHECK(bare(x).to_vector<float>() == conv2d(x, bare.weight).to_vector<float>());

  CHECK(printed(layer) == "Conv2d(3, 64, kernel_size=(3, 2), stride=(1, 2), padding=(1, 1))");
  CHECK(printed(bare) == "Conv2d(3, 5, kernel_size=(3, 3), stride=(1, 1), bias=False)");
  CHECK(message_of([] { Conv2d(0, 3, 3); }) == "Conv2d: expected positive numbers of channels, got 0 and 3");
  CHECK(message_of([] { Conv2d(1, 3, 0); }) ==
        "Conv2d: expected a kernel and a stride of at least 1, got 0 x 0 and 1 x 1");
  CHECK(message_of([] {
          Conv2d(1, 3, 3, {.padding = {0, -1}});
        }) == "Conv2d: expected a padding of at least 0, got 0 x -1");
}

TEST_CASE("layers on images call their ops, and print as in PyTorch", "[layers]") {
  const Tensor x = randn({2, 3, 4, 6});
  const Upsample nearest({.scale_factor = 2}), bilinear({.scale_factor = {1.5, 2}, .mode = UpsampleMode::bilinear}),
      aligned({.size = {7, 5}, .mode = UpsampleMode::bilinear, .align_corners = true});
  CHECK(nearest(x).to_vector<float>() == upsample_nearest2d(x, {.scale_factor = 2}).to_vector<float>());
  CHECK(bilinear(x).to_vector<float>() == upsample_bilinear2d(x, {.scale_factor = {1.5, 2}}).to_vector<float>());
  CHECK(aligned(x).to_vector<float>() == upsample_bilinear2d(x, {.size = {7, 5}}, true).to_vector<float>());
  CHECK(printed(nearest) == "Upsample(scale_factor=2, mode=nearest)");
  CHECK(printed(bilinear) == "Upsample(scale_factor=(1.5, 2), mode=bilinear)");
  CHECK(printed(aligned) == "Upsample(size=(7, 5), mode=bilinear)");
  CHECK(message_of([] { Upsample({.scale_factor = 2, .align_corners = true}); }) ==
        "Upsample: align_corners belongs to mode bilinear");

  CHECK(MaxPool2d(2)(x).to_vector<float>() == max_pool2d(x, 2).to_vector<float>());
  CHECK(MaxPool2d({2, 3}, 1, 1)(x).to_vector<float>() == max_pool2d(x, {2, 3}, 1, 1).to_vector<float>());
  CHECK(printed(MaxPool2d(Size2d(2, 3))) == "MaxPool2d(kernel_size=(2, 3), stride=(2, 3), padding=0)");

  CHECK(Flatten()(x).shape() == Shape{2, 72});
  CHECK(Flatten(0, 1)(x).shape() == Shape{6, 4, 6});
  CHECK(printed(Flatten()) == "Flatten(start_dim=1, end_dim=-1)");
}
