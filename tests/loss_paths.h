// Every phase of the lectures' programs that has epochs, on a device, in which the loss turns to NaN at a known step.
// The adversarial phases have steps: tests/program_adversarial_test.cpp.
#pragma once
#include <limits>
#include <string>

#include <gradus/core/random.h>
#include <gradus/examples/program_epochs.h>
#include <gradus/models/lecture20.h>
#include <gradus/models/lecture32.h>
#include <gradus/models/lecture55.h>
#include <gradus/optim/adam.h>

#include "catch.h"

// The message of an epoch of `phase`, the second one of three, whose step 3 of 5 finds a weight that is NaN. `steps`
// takes how many steps ran.
template <class Step>
std::string message_of_nan(const std::string& phase, gradus::DataLoader& loader, const gradus::Module& net, int& steps,
                           Step&& step) {
  gradus::Progress progress(phase, 3, loader.size(), true);
  progress.end_epoch("");
  steps = 0;
  return message_of([&] {
    run_epoch(loader, progress, [&](const gradus::Tensor& images, const gradus::Tensor& labels) {
      if (++steps == 3) {
        gradus::NoGrad guard;
        net.parameters()[0].fill_(std::numeric_limits<double>::quiet_NaN());
      }
      return step(images, labels);
    });
  });
}

// On the CPU the epoch ends with the bad step, elsewhere it runs to its end.
inline void check_loss_paths(gradus::Device device) {
  using namespace gradus;
  const int expected_steps = device == cpu ? 3 : 5;
  int steps = 0;
  const auto expect = [&](const std::string& phase, const std::string& message) {
    CHECK(message == phase +
                         ": the loss is nan at epoch 2, step 3 of 5; nothing of this epoch was written; too large "
                         "numbers in data or options, or too high a learning rate, do that");
    CHECK(steps == expected_steps);
  };
  Generator g(1);
  {
    const Dataset flat{rand({10, 784}, float32, g), randint(0, 10, {10}, g)};
    DataLoader loader(flat, {.batch_size = 2, .dtype = float64, .device = device});
    lecture20::Autoencoder net;
    net.to(float64);
    net.to(device);
    Adam adam(net.parameters(), {.lr = 1e-3});
    expect("autoencoder", message_of_nan("autoencoder", loader, net, steps, [&](const Tensor& x, const Tensor&) {
             return lecture20::autoencoder_step(net, adam, x, {});
           }));
    lecture20::Autoencoder fresh;
    fresh.to(float64);
    fresh.to(device);
    const Sequential classifier = lecture20::make_classifier(fresh);
    expect("classifier", message_of_nan("classifier", loader, classifier, steps, [&](const Tensor& x, const Tensor& y) {
             return lecture20::classifier_step(classifier, x, y, 0.1);
           }));
  }
  {
    const Dataset flat{rand({10, 784}, float32, g), randint(0, 10, {10}, g)};
    DataLoader loader(flat, {.batch_size = 2, .device = device});
    const lecture54::Sizes small{.neurons = 9, .critic_neurons = 7, .z = lecture55::code};
    lecture55::Classifier classifier{lecture54::QNet(small)};
    classifier.to(device);
    Adam adam(classifier.parameters(), {.lr = 1e-4});
    expect("classifier", message_of_nan("classifier", loader, classifier, steps, [&](const Tensor& x, const Tensor& y) {
             return lecture55::classifier_step(classifier, adam, x, y);
           }));
  }
  const Dataset photos{rand({10, 3, 32, 32}, float32, g), randint(0, 10, {10}, g)};
  DataLoader loader(photos, {.batch_size = 2, .device = device});
  lecture32::Autoencoder net({.narrow = 3, .wide = 4, .code = 5});
  net.to(device);
  Adam adam(net.parameters(), {.lr = 1e-3});
  expect("autoencoder", message_of_nan("autoencoder", loader, net, steps, [&](const Tensor& x, const Tensor&) {
           return lecture32::autoencoder_step(net, adam, x);
         }));
  lecture32::Autoencoder fresh({.narrow = 3, .wide = 4, .code = 5});
  fresh.to(device);
  const lecture32::Classifier classifier(fresh);
  Adam other(classifier.parameters(), {.lr = 1e-3});
  expect("classifier", message_of_nan("classifier", loader, classifier, steps, [&](const Tensor& x, const Tensor& y) {
           return lecture32::classifier_step(classifier, other, x, y);
         }));
}
