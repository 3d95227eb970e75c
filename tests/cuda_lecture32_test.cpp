// Lecture 32's networks, small, on the GPU or its emulator: their gradients as a whole, and steps as on the CPU.
#include "catch.h"

#include <gradus/kernels/cuda.h>
#include <gradus/models/lecture32.h>
#include <gradus/optim/adam.h>

#include "directional.h"
#include "same_on_devices.h"

using namespace gradus;

namespace {

const Device gpu{Device::Type::cuda, 0};
const lecture32::Sizes small{.narrow = 3, .wide = 4, .code = 5};

Tensor photos(Device device) {
  Generator from(3);
  return rand({2, 3, 32, 32}, float64, from).to(device);
}

}  // namespace

TEST_CASE("the gradient of each whole network agrees with differences along a direction, on the GPU") {
  manual_seed(4);
  lecture32::Autoencoder net(small);
  net.to(float64);
  net.to(gpu);
  const Tensor images = photos(gpu), labels = tensor({3, 8}, int64).to(gpu);
  check_directional(net.parameters(), [&] { return mse_loss(net(images), images); });
  const lecture32::Classifier classifier(net);
  check_directional(classifier.parameters(), [&] { return cross_entropy(classifier(images), labels); });
}

TEST_CASE("a step of lecture 32 with as many channels as let the GPU contract them first agrees with the CPU's") {
  const auto run = [](Device device) {
    manual_seed(1);
    lecture32::Autoencoder net({.narrow = 16, .wide = 17, .code = 5});
    net.to(float64);
    net.to(device);
    Adam adam(net.parameters(), {.lr = 1e-3});
    lecture32::autoencoder_step(net, adam, photos(device));
    return net.parameters();
  };
  const Tensors here = run(cpu);
  kernels::reset_kernel_launches();
  const Tensors there = run(gpu);
  CHECK(kernels::kernel_launches("sum_parts_kernel") == 3 * 4);  // three upsamplings, two axes, there and back
  CHECK(kernels::kernel_launches("resample_kernel") == 0);
  check_same_on_devices(here, there, run(gpu));
}

TEST_CASE("three steps of each phase of lecture 32 agree with the CPU's") {
  const auto run = [](Device device) {
    manual_seed(1);
    lecture32::Autoencoder net(small);
    net.to(float64);
    net.to(device);
    Adam adam(net.parameters(), {.lr = 1e-3});
    const Tensor images = photos(device), labels = tensor({3, 8}, int64).to(device);
    for (int i = 0; i < 3; ++i) lecture32::autoencoder_step(net, adam, images);
    const lecture32::Classifier classifier(net);
    Adam other(classifier.parameters(), {.lr = 1e-3});
    for (int i = 0; i < 3; ++i) lecture32::classifier_step(classifier, other, images, labels);
    Tensors all = net.parameters();
    for (const Tensor& p : classifier.fc2.parameters()) all.push_back(p);
    return all;
  };
  check_same_on_devices(run(cpu), run(gpu), run(gpu));
}
