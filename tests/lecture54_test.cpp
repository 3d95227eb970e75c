// The networks of lectures 54 and 55: their form, their gradients as a whole, and what each phase of a step changes.
#include "catch.h"

#include <sstream>

#include <gradus/core/ops.h>
#include <gradus/kernels/parallel.h>
#include <gradus/models/lecture55.h>

#include "directional.h"

using namespace gradus;
using lecture54::AdversarialAutoencoder;
using lecture54::Form;
using lecture54::Optimizers;
using lecture54::Sizes;

namespace {

const Sizes small{.pixels = 12, .neurons = 9, .critic_neurons = 7, .z = 3};

Tensor images(Index n, Index pixels, DType dtype = float32) {
  Generator from(3);
  return rand({n, pixels}, dtype, from);
}

Tensor codes(Index n, Index z, DType dtype = float32) {
  Generator from(5);
  return randn({n, z}, dtype, from);
}

AdversarialAutoencoder network(const Sizes& sizes, DType dtype = float32) {
  manual_seed(1);
  AdversarialAutoencoder net(sizes);
  net.to(dtype);
  return net;
}

std::vector<double> numbers(const Module& net) {
  std::vector<double> all;
  for (const Tensor& p : net.parameters()) {
    const std::vector<double> values = p.to(float64).to_vector<double>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

std::vector<double> gradients(const Module& net) {
  std::vector<double> all;
  for (const Tensor& p : net.parameters()) {
    if (!p.grad().defined()) continue;
    const std::vector<double> values = p.grad().to(float64).to_vector<double>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

}  // namespace

TEST_CASE("lecture 54's networks print and are named as the lecture's") {
  const AdversarialAutoencoder net;
  std::ostringstream text;
  text << net;
  CHECK(text.str() ==
        "adversarial_autoencoder(\n"
        "  (Q): Q_net(\n"
        "    (lin1): Linear(in_features=784, out_features=1000, bias=True)\n"
        "    (lin2): Linear(in_features=1000, out_features=1000, bias=True)\n"
        "    (lin3gauss): Linear(in_features=1000, out_features=2, bias=True)\n"
        "  )\n"
        "  (P): P_net(\n"
        "    (lin1): Linear(in_features=2, out_features=1000, bias=True)\n"
        "    (lin2): Linear(in_features=1000, out_features=1000, bias=True)\n"
        "    (lin3): Linear(in_features=1000, out_features=784, bias=True)\n"
        "  )\n"
        "  (D_gauss): D_net_gauss(\n"
        "    (lin1): Linear(in_features=2, out_features=500, bias=True)\n"
        "    (lin2): Linear(in_features=500, out_features=500, bias=True)\n"
        "    (lin3): Linear(in_features=500, out_features=1, bias=True)\n"
        "  )\n"
        ")");
  CHECK(net.Q.number_of_parameters() == 784 * 1000 + 1000 + 1000 * 1000 + 1000 + 1000 * 2 + 2);
  CHECK(net.P.number_of_parameters() == 2 * 1000 + 1000 + 1000 * 1000 + 1000 + 1000 * 784 + 784);
  CHECK(net.D_gauss.number_of_parameters() == 2 * 500 + 500 + 500 * 500 + 500 + 500 + 1);
  CHECK(net.state_dict().front().first == "Q.lin1.weight");
  CHECK(net.state_dict().back().first == "D_gauss.lin3.bias");

  const AdversarialAutoencoder wide({.z = lecture55::code});
  const lecture55::Classifier classifier(wide.Q);
  text.str("");
  text << classifier;
  CHECK(text.str() ==
        "classifier(\n"
        "  (l1): Q_net(\n"
        "    (lin1): Linear(in_features=784, out_features=1000, bias=True)\n"
        "    (lin2): Linear(in_features=1000, out_features=1000, bias=True)\n"
        "    (lin3gauss): Linear(in_features=1000, out_features=100, bias=True)\n"
        "  )\n"
        "  (l2): Linear(in_features=100, out_features=10, bias=True)\n"
        ")");
  CHECK(classifier.get_parameter("l1.lin2.weight").same(wide.Q.lin2.weight));  // trained on, not copied
  CHECK(classifier.number_of_parameters() == wide.Q.number_of_parameters() + 100 * 10 + 10);
}

TEST_CASE("codes and images have the lecture's shapes, and pixels and probabilities lie in [0, 1]") {
  const AdversarialAutoencoder net = network({});
  NoGrad guard;
  const Tensor z = net.Q(images(4, 784));
  CHECK(z.shape() == Shape{4, 2});
  const Tensor x = net.P(z), d = net.D_gauss(z);
  CHECK(x.shape() == Shape{4, 784});
  CHECK(d.shape() == Shape{4, 1});
  for (const Tensor& y : {x, d}) {
    CHECK(max(y).item() <= 1);
    CHECK(-max(-y).item() >= 0);
  }
}

TEST_CASE("P has no ReLU after its second layer unless asked for, Q and D have theirs") {
  AdversarialAutoencoder net = network(small, float64),
                         other = network({.pixels = 12, .neurons = 9, .critic_neurons = 7, .z = 3, .relu_in_p = true},
                                         float64);
  other.load_state_dict(net.state_dict());
  net.eval();
  other.eval();
  NoGrad guard;
  const Tensor z = codes(6, 3, float64), x = images(6, 12, float64);
  const auto second = [](const auto& n, const Tensor& in) { return n.lin2(relu(n.lin1(in))); };
  const auto equal = [](const Tensor& a, const Tensor& b) { return max(abs(a - b)).item() < 1e-14; };
  CHECK(equal(net.P(z), sigmoid(net.P.lin3(second(net.P, z)))));
  CHECK(equal(other.P(z), sigmoid(net.P.lin3(relu(second(net.P, z))))));
  CHECK_FALSE(equal(net.P(z), other.P(z)));
  CHECK(equal(net.Q(x), net.Q.lin3gauss(relu(second(net.Q, x)))));
  CHECK(equal(net.D_gauss(z), sigmoid(net.D_gauss.lin3(relu(second(net.D_gauss, z))))));
}

TEST_CASE("dropout acts in train mode alone, anew each time, and drops the share it is to drop") {
  AdversarialAutoencoder net = network({.pixels = 40, .neurons = 400, .critic_neurons = 300, .z = 3});
  NoGrad guard;
  const Tensor x = images(50, 40), z = codes(50, 3);
  const auto differ = [](const Tensor& a, const Tensor& b) { return max(abs(a - b)).item() > 0; };
  CHECK(differ(net.Q(x), net.Q(x)));
  CHECK(differ(net.P(z), net.P(z)));
  CHECK(differ(net.D_gauss(z), net.D_gauss(z)));
  net.eval();
  CHECK_FALSE(differ(net.Q(x), net.Q(x)));
  CHECK_FALSE(differ(net.P(z), net.P(z)));
  CHECK_FALSE(differ(net.D_gauss(z), net.D_gauss(z)));
  // The layers one by one draw the same masks, of 1/4, and of 1/5 in D.
  net.train();
  const auto drops = [](const auto& of, const Tensor& in, double p, bool second_relu) {
    manual_seed(9);
    const Tensor first = relu(dropout(of.lin1(in), p)), second = dropout(of.lin2(first), p);
    const Tensor expected = second_relu ? relu(second) : second;
    manual_seed(9);
    return std::pair{of(in), expected};
  };
  const auto same = [](const Tensor& a, const Tensor& b) { return max(abs(a - b)).item() < 1e-5; };
  for (const double p : {0.25, 0.2}) {
    CAPTURE(p);
    const auto [code, of_q] = drops(net.Q, x, p, true);
    CHECK(same(code, net.Q.lin3gauss(of_q)) == (p == 0.25));
    const auto [image, of_p] = drops(net.P, z, p, false);
    CHECK(same(image, sigmoid(net.P.lin3(of_p))) == (p == 0.25));
    const auto [verdict, of_d] = drops(net.D_gauss, z, p, true);
    CHECK(same(verdict, sigmoid(net.D_gauss.lin3(of_d))) == (p == 0.2));
  }
}

TEST_CASE("the gradient of each phase's loss agrees with differences along a direction, dropout included") {
  AdversarialAutoencoder net = network(small, float64);
  const Tensor x = images(6, 12, float64), z = codes(6, 3, float64), labels = tensor({3, 8, 0, 1, 9, 9}, int64);
  const auto check_gradient = [](const Module& of, const std::function<Tensor()>& loss) {
    check_directional(of.parameters(), [&] {
      manual_seed(9);  // the same masks
      return loss();
    });
  };
  const auto ones = ones_like(net.D_gauss(z)), zeros = zeros_like(ones);
  check_gradient(net.Q, [&] { return binary_cross_entropy(net.P(net.Q(x)), x); });
  check_gradient(net.P, [&] { return binary_cross_entropy(net.P(net.Q(x)), x); });
  check_gradient(net.D_gauss, [&] {
    return binary_cross_entropy(net.D_gauss(z), ones) + binary_cross_entropy(net.D_gauss(net.Q(x)), zeros);
  });
  check_gradient(net.Q, [&] { return binary_cross_entropy(net.D_gauss(net.Q(x)), ones); });
  net.Q.eval();  // which stops dropout, and no gradient
  check_gradient(net.Q, [&] { return binary_cross_entropy(net.D_gauss(net.Q(x)), zeros); });
  const lecture55::Classifier classifier(net.Q);
  check_gradient(classifier, [&] { return cross_entropy(classifier(x), labels); });
}

TEST_CASE("each phase changes its networks alone, whatever gradients were left behind") {
  AdversarialAutoencoder net = network(small);
  Optimizers optimizers(net);
  const Tensor x = images(6, 12), z = codes(6, 3);
  const auto changes = [&](const std::function<void()>& phase) {
    const auto Q = numbers(net.Q), P = numbers(net.P), D = numbers(net.D_gauss);
    phase();
    return std::string(numbers(net.Q) != Q ? "Q" : "") + (numbers(net.P) != P ? "P" : "") +
           (numbers(net.D_gauss) != D ? "D" : "");
  };
  for (int i = 0; i < 2; ++i) {
    CHECK(changes([&] { reconstruction_step(net, optimizers, x); }) == "QP");
    CHECK(changes([&] { discriminator_step(net, optimizers, x, z); }) == "D");
    CHECK(changes([&] { generator_step(net, optimizers, x); }) == "Q");
    CHECK(net.Q.training());
  }
  // The generator's gradient is its own: what the reconstruction left in Q is cleared before it.
  const auto gradient = [&](bool reconstruction_before) {
    AdversarialAutoencoder fresh = network(small);
    fresh.load_state_dict(net.state_dict());
    Optimizers idle(fresh);
    for (Adam* adam : {&idle.P, &idle.Q_enc, &idle.Q_gen, &idle.D}) adam->groups()[0].lr = 0;
    if (reconstruction_before) reconstruction_step(fresh, idle, x);
    manual_seed(2);
    generator_step(fresh, idle, x);
    return gradients(fresh.Q);
  };
  CHECK(gradient(true) == gradient(false));
}

TEST_CASE("as on the slides, Q's last update takes the sum of three gradients") {
  const Sizes still{.pixels = 12, .neurons = 9, .critic_neurons = 7, .z = 3, .dropout = 0, .critic_dropout = 0};
  AdversarialAutoencoder net = network(still, float64);
  Optimizers optimizers(net);
  for (Adam* adam : {&optimizers.P, &optimizers.Q_enc, &optimizers.Q_gen, &optimizers.D}) adam->groups()[0].lr = 0;
  const Tensor x = images(6, 12, float64), z = codes(6, 3, float64);
  const auto alone = [&](const Tensor& loss) {
    net.zero_grad();
    loss.backward();
    return gradients(net.Q);
  };
  const auto real = [](const Tensor& d) { return -mean(log(d)); };
  const auto reconstruction = alone(binary_cross_entropy(net.P(net.Q(x)), x));
  const auto generator = alone(real(net.D_gauss(net.Q(x))));  // the discriminator's, on the slide, is the same
  reconstruction_step(net, optimizers, x);
  const double d = discriminator_step(net, optimizers, x, z, Form::slides).item();
  const double g = generator_step(net, optimizers, x, Form::slides).item();
  const auto sum_of_three = gradients(net.Q);
  for (std::size_t i = 0; i < sum_of_three.size(); ++i) {
    CHECK(sum_of_three[i] == Approx(reconstruction[i] + 2 * generator[i]).margin(1e-12));
  }
  CHECK(d == Approx(real(net.D_gauss(z)).item() + real(net.D_gauss(net.Q(x))).item()));
  CHECK(g == Approx(real(net.D_gauss(net.Q(x))).item()));
  // The method's discriminator: log(1 - D(fake)).
  const Tensor fake = net.D_gauss(net.Q(x));
  CHECK(discriminator_step(net, optimizers, x, z).item() ==
        Approx(real(net.D_gauss(z)).item() - mean(log(1 - fake)).item()));
}

TEST_CASE("a discriminator that is certain gives finite losses and gradients") {
  AdversarialAutoencoder net = network(small);
  Optimizers optimizers(net);
  for (const double bias : {2000.0, -2000.0}) {
    {
      NoGrad guard;
      Tensor(net.D_gauss.lin3.bias).fill_(bias);  // D is 1, or 0, to the last bit
    }
    CHECK(discriminator_step(net, optimizers, images(6, 12), codes(6, 3)).item() == Approx(100));
    CHECK(generator_step(net, optimizers, images(6, 12)).item() == Approx(bias > 0 ? 0 : 100).margin(1e-6));
    for (const double value : numbers(net)) CHECK(std::isfinite(value));
  }
}

TEST_CASE("the steps learn") {
  AdversarialAutoencoder net = network({.pixels = 30, .neurons = 100, .critic_neurons = 60, .z = 3});
  Optimizers optimizers(net);
  for (Adam* adam : {&optimizers.P, &optimizers.Q_enc}) adam->groups()[0].lr = 1e-3;
  const Tensor x = images(20, 30);
  const double first = reconstruction_step(net, optimizers, x).item();
  double last = 0;
  for (int i = 0; i < 200; ++i) last = reconstruction_step(net, optimizers, x).item();
  CHECK(last < 0.95 * first);
  optimizers.D.groups()[0].lr = 1e-3;
  const Tensor z = codes(20, 3) + 3;
  for (int i = 0; i < 200; ++i) last = discriminator_step(net, optimizers, x, z).item();
  CHECK(last < 0.5);  // from 2 ln 2
  const double caught = generator_step(net, optimizers, x).item();
  optimizers.Q_gen.groups()[0].lr = 1e-3;
  for (int i = 0; i < 100; ++i) last = generator_step(net, optimizers, x).item();
  CHECK(last < 0.5 * caught);

  lecture55::Classifier classifier(net.Q);
  Adam adam(classifier.parameters(), {.lr = 1e-3});
  const Tensor labels = cat({arange(0, 10, 1, int64), arange(0, 10, 1, int64)});
  const double before = classifier_step(classifier, adam, x, labels).item();
  for (int i = 0; i < 200; ++i) last = classifier_step(classifier, adam, x, labels).item();
  CHECK(last < 0.7 * before);
}

TEST_CASE("adversarial steps give the same bits again, for any number of threads") {
  const auto trained = [] {
    AdversarialAutoencoder net = network({});
    Optimizers optimizers(net);
    const Tensor x = images(20, 784);
    for (int i = 0; i < 3; ++i) {
      reconstruction_step(net, optimizers, x);
      discriminator_step(net, optimizers, x, randn({20, 2}));
      generator_step(net, optimizers, x);
    }
    return numbers(net);
  };
  const std::vector<double> reference = trained();
  CHECK(trained() == reference);
  const int before = kernels::num_threads();
  for (const int threads : {1, 3}) {
    kernels::set_num_threads(threads);
    CHECK(trained() == reference);
  }
  kernels::set_num_threads(before);
}
