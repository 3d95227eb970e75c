// The networks of lectures 54 and 55, small, on the GPU or its emulator: their gradients as a whole, dropout included,
// and steps as on the CPU.
#include "catch.h"

#include <gradus/core/ops.h>
#include <gradus/models/lecture55.h>

#include "directional.h"
#include "same_on_devices.h"

using namespace gradus;
using lecture54::AdversarialAutoencoder;

namespace {

const Device gpu{Device::Type::cuda, 0};
const lecture54::Sizes small{.pixels = 12, .neurons = 9, .critic_neurons = 7, .z = 3};

Tensor images(Device device) {
  Generator from(3);
  return rand({6, 12}, float64, from).to(device);
}

AdversarialAutoencoder network(Device device) {
  manual_seed(1);
  AdversarialAutoencoder net(small);
  net.to(float64);
  net.to(device);
  return net;
}

}  // namespace

TEST_CASE("the gradient of each loss of lecture 54 agrees with differences along a direction, on the GPU") {
  const AdversarialAutoencoder net = network(gpu);
  const Tensor x = images(gpu), ones = gradus::ones({6, 1}, {float64, gpu});
  const auto same_masks = [](const std::function<Tensor()>& loss) {
    return [loss] {
      manual_seed(9);
      return loss();
    };
  };
  check_directional(net.P.parameters(), same_masks([&] { return binary_cross_entropy(net.P(net.Q(x)), x); }));
  check_directional(net.Q.parameters(), same_masks([&] { return binary_cross_entropy(net.D_gauss(net.Q(x)), ones); }));
}

TEST_CASE("three steps of lectures 54 and 55 agree with the CPU's, with the same dropout") {
  const auto run = [](Device device) {
    AdversarialAutoencoder net = network(device);
    lecture54::Optimizers optimizers(net);
    const Tensor x = images(device), labels = tensor({3, 8, 0, 1, 9, 9}, int64).to(device);
    for (int i = 0; i < 3; ++i) {
      reconstruction_step(net, optimizers, x);
      discriminator_step(net, optimizers, x, randn({6, 3}, {float64, device}));
      generator_step(net, optimizers, x);
    }
    const lecture55::Classifier classifier(net.Q);
    Adam adam(classifier.parameters(), {.lr = 1e-3});
    for (int i = 0; i < 3; ++i) lecture55::classifier_step(classifier, adam, x, labels);
    Tensors all = net.parameters();
    for (const Tensor& p : classifier.l2.parameters()) all.push_back(p);
    return all;
  };
  check_same_on_devices(run(cpu), run(gpu), run(gpu));
}
