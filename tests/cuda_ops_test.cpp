// Every op of the table, and steps of lecture 20, on the GPU or its emulator against the CPU.
#include "catch.h"

#include <gradus/core/allocator.h>
#include <gradus/core/channels_last.h>
#include <gradus/core/random.h>
#include <gradus/kernels/cuda.h>
#include <gradus/models/lecture20.h>
#include <gradus/optim/adam.h>

#include "op_cases.h"
#include "same_on_devices.h"

using namespace gradus;

namespace {

const Device gpu{Device::Type::cuda, 0};

Tensors leaves(const Tensors& in, Device device) {
  Tensors out;
  for (const Tensor& t : in) out.push_back(t.to(device).detach().clone().requires_grad_());
  return out;
}

}  // namespace

TEST_CASE("every op gives on the GPU what it gives on the CPU, and so do its gradients") {
  for (const OpCase& c : op_cases()) {
    INFO(c.name);
    const Tensors here = leaves(c.inputs, cpu), there = leaves(c.inputs, gpu);
    const Tensor y = c.call(here), z = c.call(there);
    REQUIRE(z.device() == gpu);
    CHECK(difference(y, z) <= 1e-10);
    if (c.gradient == Gradient::none || !y.requires_grad()) continue;
    Generator g(1);
    const Tensor dy = rand(y.shape(), y.dtype(), g);
    y.backward(dy);
    z.backward(dy.to(gpu));
    for (std::size_t i = 0; i < here.size(); ++i) {
      REQUIRE(there[i].grad().defined() == here[i].grad().defined());
      if (here[i].grad().defined()) CHECK(difference(here[i].grad(), there[i].grad()) <= 1e-10);
    }
  }
}

TEST_CASE("images whose channels lie last are the same on the GPU") {
  const Tensor x = pattern({2, 3, 4, 5}, 0), row = pattern({4, 5}, 1), bias = pattern({3, 1, 1}, 2);
  const auto steps = [&](Device device) {
    Tensor leaf = x.to(device).clone().requires_grad_();
    const Tensor y = max_pool2d(leaky_relu(conv2d(leaf, pattern({6, 3, 3, 3}, 3).to(device), {}, 1, 1), 0.1), 2);
    const Tensor z = upsample_bilinear2d(y, {.size = {4, 5}}).slice(1, 0, 3) * leaf + row.to(device);
    CHECK(channels_last(y));
    const Tensor out = arranged(z.detach(), true) * bias.to(device) + z;
    sum(square(out)).backward();
    return Tensors{out, leaf.grad(), arranged(x.to(device), true).reshape({6, 20}), arranged(x, true).to(device)};
  };
  const Tensors here = steps(cpu), there = steps(gpu);
  for (std::size_t i = 0; i < here.size(); ++i) CHECK(difference(here[i], there[i]) <= 1e-10);
  CHECK(there[2].to_vector<double>() == x.to_vector<double>());
  CHECK(there[3].to_vector<double>() == x.to_vector<double>());
}

TEST_CASE("draws have the same bits on both devices") {
  manual_seed(4);
  const Tensor a = rand({33}, float64), b = randn({33}), c = randn({7}, float64);
  manual_seed(4);
  CHECK(rand({33}, {float64, gpu}).to_vector<double>() == a.to_vector<double>());
  CHECK(randn({33}, {float32, gpu}).to_vector<float>() == b.to_vector<float>());
  CHECK(randn({7}, {float64, gpu}).to_vector<double>() == c.to_vector<double>());
}

TEST_CASE("operands on different devices are refused") {
  const Tensor here = ones({2}), there = ones({2}, gpu);
  CHECK(message_of([&] { here + there; }) ==
        "add: operands are on different devices, cpu and cuda:0; copy one with .to(device)");
  CHECK(message_of([&] { there.data<float>(); }) == "data: this tensor is on cuda:0; copy it with .to(cpu) first");
  CHECK(message_of([&] { index_select(there, 0, tensor({0}, int64)); }).find("the index is on cpu") !=
        std::string::npos);
  CHECK(parse_device("cuda") == gpu);
  CHECK(message_of([] { parse_device("cuda:99"); }).starts_with("device: cuda:99 asked for, but there "));
}

TEST_CASE("three steps of each phase of lecture 20 agree with the CPU's") {
  const auto run = [](Device device) {
    manual_seed(1);
    lecture20::Autoencoder net;
    net.to(float64);
    net.to(device);
    Adam optimizer(net.parameters(), {.lr = 1e-3});
    Generator g(7);
    const Tensor x = rand({5, 784}, float64, g).to(device);
    for (int i = 0; i < 3; ++i) lecture20::autoencoder_step(net, optimizer, x, {});
    const Sequential classifier = lecture20::make_classifier(net);
    const Tensor labels = tensor({3, 1, 4, 1, 5}, int64).to(device);
    for (int i = 0; i < 3; ++i) lecture20::classifier_step(classifier, x, labels, 0.1);
    return classifier.parameters();
  };
  const Tensors here = run(cpu);
  kernels::reset_kernel_launches();
  const Tensors there = run(gpu), again = run(gpu);
  CHECK(kernels::kernel_launches("nll_loss_kernel") > 0);
  CHECK(kernels::launched_kernels().find("AddScaledSign") != std::string::npos);  // the penalty's backward
  check_same_on_devices(here, there, again);
}

TEST_CASE("an optimiser steps all parameters of one kind in one launch, as the CPU does") {
  const auto run = [](Device device) {
    Generator g(3);
    Tensors params;
    for (const Index n : {5, 1000, 33}) params.push_back(rand({n}, float64, g).to(device).requires_grad_());
    params.push_back(rand({7}, float32, g).to(device).requires_grad_());
    Adam optimizer(params, {.lr = 0.1});
    for (int i = 0; i < 3; ++i) {
      optimizer.zero_grad();
      // The second has no gradient at first: its steps are counted on their own.
      for (std::size_t k = 0; k < params.size(); ++k) {
        if (k != 1 || i > 0) sum(square(params[k])).backward();
      }
      optimizer.step();
    }
    return params;
  };
  const Tensors here = run(cpu);
  kernels::reset_kernel_launches();
  const Tensors there = run(gpu);
  CHECK(kernels::kernel_launches("adam_step_kernel<double>") == 1 + 2 + 2);
  CHECK(kernels::kernel_launches("adam_step_kernel<float>") == 3);
  for (std::size_t i = 0; i < here.size(); ++i) CHECK(difference(here[i], there[i]) <= (i < 3 ? 1e-10 : 1e-6));
}

TEST_CASE("copy_ is one pass where nothing is to be broadcast") {
  NoGrad guard;
  const Tensor x = tensor({1, 2, 3, 4}, {2, 2}).to(gpu);
  Tensor same = zeros({2, 2}, gpu), wider = zeros({2, 2}, {float64, gpu});
  kernels::reset_kernel_launches();
  same.copy_(x);
  CHECK(kernels::launched_kernels() == "copy_kernel<float> 1\n");
  kernels::reset_kernel_launches();
  wider.copy_(x);
  CHECK(kernels::launched_kernels() == "cast_kernel<float, double> 1\n");
  CHECK(same.to_vector<float>() == std::vector<float>{1, 2, 3, 4});
  CHECK(wider.to_vector<double>() == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("copy_ from where it writes to copies what was there") {
  NoGrad guard;
  Tensor x = tensor({1, 2, 3, 4, 5, 6}, {6, 1}).to(gpu);
  x.rows(1, 6).copy_(x.rows(0, 5));
  CHECK(x.to_vector<float>() == std::vector<float>{1, 1, 2, 3, 4, 5});
}
