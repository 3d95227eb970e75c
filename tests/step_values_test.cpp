// One training step of each phase of every lecture in float64 against PyTorch's (tests/parity/step_values.py).
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>

#include <gradus/core/autograd.h>
#include <gradus/core/safetensors.h>
#include <gradus/models/lecture20.h>
#include <gradus/models/lecture32.h>
#include <gradus/models/lecture55.h>
#include <gradus/optim/adam.h>
#include <gradus/optim/sgd.h>

#include "catch.h"

using namespace gradus;

namespace {

// Numbers from 0 to 1: element i of number k. The script has the same formula.
Tensor hashed(const Shape& shape, Index k) {
  Tensor t = zeros(shape, float64);
  const auto values = t.data<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto x = static_cast<std::uint32_t>(i * 2654435761u + static_cast<std::size_t>(k) * 40503u + 12345u);
    x = (x ^ x >> 16) * 73244475u;
    x = (x ^ x >> 16) * 73244475u;
    values[i] = static_cast<double>(x ^ x >> 16) / 4294967296.0;
  }
  return t;
}

void set_weights(const Module& net) {
  NoGrad guard;
  Index k = 0;
  for (auto& [name, p] : net.named_parameters()) {
    const bool weights = name.ends_with("weight");
    const double limit = weights ? 1 / std::sqrt(static_cast<double>(p.numel() / p.size(0))) : 0.1;
    Tensor(p).copy_((2 * hashed(p.shape(), k++) - 1) * limit);
  }
}

// What a step leaves behind, by the names that the script gives it. The net is of float64.
template <class Net>
void add_step(NamedTensors& found, const std::string& name, const Net& net, Optimizer& optimizer,
              const std::function<Tensor(const Net&)>& loss_of) {
  set_weights(net);
  const Tensor loss = loss_of(net);
  loss.backward();
  found.emplace_back(name + "/loss", loss.detach().reshape({1}));
  for (const auto& [key, p] : net.named_parameters()) found.emplace_back(name + "/grad/" + key, p.grad().clone());
  optimizer.step();
  for (const auto& [key, p] : net.named_parameters()) found.emplace_back(name + "/new/" + key, p.detach().clone());
}

// The phases of lecture 54's step, each from the weights of the formula, without dropout, by the functions that the
// program runs; and lecture 55's classifier.
void add_adversarial_steps(NamedTensors& found, const Tensor& digits, const Tensor& labels) {
  lecture54::AdversarialAutoencoder net({.z = lecture55::code, .dropout = 0, .critic_dropout = 0});
  net.to(float64);
  const Tensor z = 4 * hashed({20, lecture55::code}, 103) - 2;
  const auto add_phase = [&](const std::string& name, const Tensors& changed, auto&& step) {
    set_weights(net);
    lecture54::Optimizers optimizers(net);
    found.emplace_back(name + "/loss", step(optimizers).reshape({1}));
    for (const char* kind : {"/grad/", "/new/"}) {
      for (const auto& [key, p] : net.named_parameters()) {
        const bool wanted = std::any_of(changed.begin(), changed.end(), [&](const Tensor& c) { return c.same(p); });
        if (wanted) found.emplace_back(name + kind + key, kind[1] == 'g' ? p.grad().clone() : p.detach().clone());
      }
    }
  };
  Tensors both = net.Q.parameters();
  for (const Tensor& p : net.P.parameters()) both.push_back(p);
  add_phase("54.reconstruction", both, [&](auto& adams) { return reconstruction_step(net, adams, digits); });
  add_phase("54.discriminator", net.D_gauss.parameters(),
            [&](auto& adams) { return discriminator_step(net, adams, digits, z); });
  add_phase("54.generator", net.Q.parameters(), [&](auto& adams) { return generator_step(net, adams, digits); });
  const lecture55::Classifier classifier(net.Q);
  classifier.zero_grad();
  Adam adam(classifier.parameters(), {.lr = 1e-4});
  add_step<lecture55::Classifier>(found, "55.classifier", classifier, adam,
                                  [&](const auto& n) { return cross_entropy(n(digits), labels); });
}

NamedTensors steps() {
  NamedTensors found;
  const Tensor digits = hashed({20, 784}, 100), noise = 0.1 + 0.7 * (hashed({20, 784}, 101) - 0.5);
  const Tensor photos = hashed({6, 3, 32, 32}, 102), noisy = clamp(digits + noise, 0, 1);
  const Tensor labels = cat({arange(0, 10, 1, int64), arange(0, 10, 1, int64)});

  lecture20::Autoencoder digits_net;
  digits_net.to(float64);
  Adam digits_adam(digits_net.parameters(), {.lr = 1e-3});
  add_step<lecture20::Autoencoder>(found, "20.autoencoder", digits_net, digits_adam,
                                   [&](const auto& net) { return mse_loss(net(noisy), digits); });
  const Sequential digits_classifier = lecture20::make_classifier(digits_net);
  Sgd sgd(digits_classifier.parameters(), {.lr = 0.1});
  digits_classifier.zero_grad();
  add_step<Sequential>(found, "20.classifier", digits_classifier, sgd,
                       [&](const auto& net) { return nll_loss(net(digits), labels); });

  for (const bool align_corners : {false, true}) {
    lecture32::Autoencoder net({.align_corners = align_corners});
    net.to(float64);
    Adam adam(net.parameters(), {.lr = 1e-3});
    add_step<lecture32::Autoencoder>(found, align_corners ? "32.autoencoder_align_corners" : "32.autoencoder", net,
                                     adam, [&](const auto& n) { return mse_loss(n(photos), photos); });
  }
  lecture32::Autoencoder fresh;
  fresh.to(float64);
  const lecture32::Classifier classifier(fresh);
  Adam adam(classifier.parameters(), {.lr = 1e-3});
  add_step<lecture32::Classifier>(found, "32.classifier", classifier, adam,
                                  [&](const auto& net) { return cross_entropy(net(photos), labels.rows(0, 6)); });
  add_adversarial_steps(found, digits, labels);
  return found;
}

// The norm and 64 evenly spaced elements, as the script keeps them.
std::vector<double> summary(const Tensor& t) {
  const std::vector<double> all = t.to_vector<double>();
  double squares = 0;
  for (double v : all) squares += v * v;
  std::vector<double> kept{std::sqrt(squares)};
  const std::size_t count = std::min<std::size_t>(64, all.size());
  for (std::size_t i = 0; i < count; ++i) kept.push_back(all[i * all.size() / count]);
  return kept;
}

}  // namespace

TEST_CASE("a training step of each lecture gives PyTorch's loss, gradients and parameters") {
  const NamedTensors found = steps();
  std::ifstream file(GRADUS_SOURCE_DIR "/tests/data/step_values.txt");
  std::size_t tensors = 0;
  for (std::string title, numbers; std::getline(file, title) && std::getline(file, numbers); ++tensors) {
    REQUIRE(tensors < found.size());
    const auto& [name, tensor] = found[tensors];
    INFO(name);
    REQUIRE(title == "=== " + name);
    const std::vector<double> got = summary(tensor);
    std::istringstream text(numbers);
    double largest = 0;
    for (double v : tensor.to_vector<double>()) largest = std::max(largest, std::abs(v));
    for (std::size_t i = 0; i < got.size(); ++i) {
      double expected = NAN;
      text >> expected;
      INFO("number " << i << ": expected " << expected << ", got " << got[i]);
      CHECK(std::abs(got[i] - expected) <= 1e-9 * (i == 0 ? expected : largest));
    }
    CHECK_FALSE(text >> title);  // no number is left
  }
  CHECK(tensors == found.size());
}

TEST_CASE("gradus writes its training steps for Python", "[.]") {
  const char* const file = std::getenv("GRADUS_STEPS_FILE");
  REQUIRE(file != nullptr);
  save_safetensors(file, steps());
}
