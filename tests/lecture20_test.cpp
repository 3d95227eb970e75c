// Lecture 20's networks and training steps, on small random images.
#include "catch.h"

#include <sstream>

#include <gradus/core/allocator.h>
#include <gradus/core/gradcheck.h>
#include <gradus/core/ops.h>
#include <gradus/data/loader.h>
#include <gradus/kernels/parallel.h>
#include <gradus/models/lecture20.h>
#include <gradus/optim/adam.h>

using namespace gradus;
using lecture20::Autoencoder;

namespace {

Tensor images(Index n) {
  Generator g(7);
  return rand({n, 784}, float64, g);
}

Autoencoder network(L1Form form = L1Form::mean) {
  manual_seed(1);
  Autoencoder net(L1Penalty{0.1, form});
  net.to(float64);
  return net;
}

// The parameters after some steps of both phases.
std::vector<double> trained(int steps) {
  const Autoencoder net = network();
  Adam optimizer(net.parameters(), {.lr = 1e-3});
  const Tensor x = images(50);
  for (int i = 0; i < steps; ++i) lecture20::autoencoder_step(net, optimizer, x, {});
  const Sequential classifier = lecture20::make_classifier(net);
  const Tensor labels = arange(0, 50, 1, int64);
  Tensor digits = zeros({50}, int64);
  for (Index i = 0; i < 50; ++i) digits.data<Index>()[i] = i % 10;
  for (int i = 0; i < steps; ++i) lecture20::classifier_step(classifier, x, digits, 0.1);
  std::vector<double> all;
  for (const Tensor& p : classifier.parameters()) {
    const std::vector<double> values = p.to_vector<double>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

}  // namespace

TEST_CASE("lecture 20's networks print and are named as the lecture's") {
  const Autoencoder net = network();
  std::ostringstream text;
  text << net;
  CHECK(text.str() ==
        "autoencoder(\n"
        "  (encoder): Sequential(\n"
        "    (0): Linear(in_features=784, out_features=400, bias=True)\n"
        "    (1): Tanh()\n"
        "  )\n"
        "  (decoder): Sequential(\n"
        "    (0): Linear(in_features=400, out_features=784, bias=True)\n"
        "    (1): Sigmoid()\n"
        "  )\n"
        ")");
  const Sequential classifier = lecture20::make_classifier(net);
  text.str("");
  text << classifier;
  CHECK(text.str() ==
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
  CHECK(net.state_dict()[0].first == "encoder.0.weight");
  CHECK(classifier.state_dict()[0].first == "0.0.weight");
  CHECK(classifier.state_dict()[3].first == "classifier.0.bias");
  CHECK(classifier.get_parameter("0.0.weight").same(net.get_parameter("encoder.0.weight")));  // trained on, not copied
  CHECK(classifier.get_parameter("classifier.0.weight").dtype() == float64);
}

TEST_CASE("noise is added to the images and clamped") {
  Generator g(3);
  const Tensor clean = full({100, 784}, 0.5, float64);
  const Tensor noisy = lecture20::add_noise(clean, {.mean = 0.1, .std = 0.05}, g);
  CHECK(mean(noisy).item() == Approx(0.6).margin(1e-3));
  CHECK(mean(square(noisy - 0.6)).item() == Approx(0.0025).margin(1e-4));
  const Tensor wild = lecture20::add_noise(clean, {.mean = 0, .std = 3}, g);
  CHECK(max(wild).item() == 1);
  CHECK(-max(-wild).item() == 0);
}

TEST_CASE("both steps learn") {
  const Autoencoder net = network(L1Form::none);
  Adam optimizer(net.parameters(), {.lr = 1e-3});
  const Tensor x = images(20);
  const double first = lecture20::autoencoder_step(net, optimizer, x, {}).item();
  double last = 0;
  for (int i = 0; i < 30; ++i) last = lecture20::autoencoder_step(net, optimizer, x, {}).item();
  CHECK(last < 0.9 * first);

  const Sequential classifier = lecture20::make_classifier(net);
  Tensor labels = zeros({20}, int64);
  for (Index i = 0; i < 20; ++i) labels.data<Index>()[i] = i % 10;
  const double before = lecture20::classifier_step(classifier, x, labels, 0.1).item();
  for (int i = 0; i < 30; ++i) last = lecture20::classifier_step(classifier, x, labels, 0.1).item();
  CHECK(last < 0.9 * before);
}

TEST_CASE("the penalty makes codes smaller, as its form says") {
  const auto code = [](L1Form form) {
    const Autoencoder net = network(form);
    Adam optimizer(net.parameters(), {.lr = 1e-3});
    const Tensor x = images(20);
    for (int i = 0; i < 40; ++i) lecture20::autoencoder_step(net, optimizer, x, {});
    return mean(abs(net.encoder(x))).item();
  };
  const double without = code(L1Form::none);
  CHECK(code(L1Form::mean) < 0.95 * without);
  CHECK(code(L1Form::slide) < 0.5 * without);
  CHECK(code(L1Form::sum) < 0.5 * without);
}

TEST_CASE("training gives the same bits again, for any number of threads") {
  const std::vector<double> reference = trained(3);
  CHECK(trained(3) == reference);
  const int before = kernels::num_threads();
  for (const int threads : {1, 3, 7}) {
    kernels::set_num_threads(threads);
    CHECK(trained(3) == reference);
  }
  kernels::set_num_threads(before);
}

TEST_CASE("steady training takes no block from the system") {
  set_memory_caching(true);
  const Autoencoder net = network();
  Adam optimizer(net.parameters(), {.lr = 1e-3});
  const Tensor x = images(64);
  for (int i = 0; i < 3; ++i) lecture20::autoencoder_step(net, optimizer, x, {});
  const std::size_t taken = memory_stats().system_allocations, active = memory_stats().active;
  for (int i = 0; i < 20; ++i) lecture20::autoencoder_step(net, optimizer, x, {});
  CHECK(memory_stats().system_allocations == taken);
  CHECK(memory_stats().active == active);
}
