// Lecture 54: the adversarial autoencoder, and the training step of each of its three phases.
#pragma once
#include <gradus/core/random.h>
#include <gradus/layers/linear.h>
#include <gradus/optim/adam.h>

namespace gradus::lecture54 {

// The lecture's extents and rates. Tests use smaller ones.
struct Sizes {
  Index pixels = 28 * 28, neurons = 1000, critic_neurons = 500;
  Index z = 2;                                  // numbers in a code
  double dropout = 0.25, critic_dropout = 0.2;  // after the first two layers, of Q and P and of D
  bool relu_in_p = false;                       // after P's second layer; the slide has none there
};

// The encoder: images [n, pixels] -> codes [n, z].
struct QNet : Module {
  explicit QNet(const Sizes& sizes = {});
  Tensor operator()(const Tensor& images) const;

  double dropout;
  Linear lin1, lin2, lin3gauss;
};

// The decoder: codes [n, z] -> images [n, pixels], each pixel in [0, 1].
struct PNet : Module {
  explicit PNet(const Sizes& sizes = {});
  Tensor operator()(const Tensor& codes) const;

  double dropout;
  bool relu_in_p;
  Linear lin1, lin2, lin3;
};

// The discriminator: codes [n, z] -> the probability that each was drawn from N(0, 1) and not made by Q, [n, 1].
struct DNetGauss : Module {
  explicit DNetGauss(const Sizes& sizes = {});
  Tensor operator()(const Tensor& codes) const;

  double dropout;
  Linear lin1, lin2, lin3;
};

struct AdversarialAutoencoder : Module {
  explicit AdversarialAutoencoder(const Sizes& sizes = {});

  QNet Q;
  PNet P;
  DNetGauss D_gauss;
};

// Two of them train Q, one as encoder and one as the discriminator's adversary; each has moments of its own.
struct Optimizers {
  explicit Optimizers(const AdversarialAutoencoder& net);

  Adam P, Q_enc;  // 1e-4
  Adam Q_gen, D;  // 5e-5
};

// How the three phases are put together. Note [As on the slides]: the slides clear the gradients once a step, do not
// cut Q off in the discriminator's phase, and one of them has the discriminator raise log(D(fake)) where the method
// wants log(1 - D(fake)). So their last phase changes Q by the sum of three gradients, and their discriminator learns
// to call everything real.
enum class Form { method, slides };

// The phases of one step on images [n, pixels], in this order. Each returns its loss, which is not waited for:
//
//   reconstruction  BCE(P(Q(x)), x); changes P and Q
//   discriminator   BCE(D(z), 1) + BCE(D(Q(x)), 0), z [n, codes] drawn from N(0, 1), Q in eval mode; changes D
//   generator       BCE(D(Q(x)), 1); changes Q
//
// BCE is binary_cross_entropy, so that the discriminator's logs are clamped; the slides' form takes plain logs. All
// networks are in train mode before and after.
Tensor reconstruction_step(AdversarialAutoencoder& net, Optimizers& optimizers, const Tensor& images);
Tensor discriminator_step(AdversarialAutoencoder& net, Optimizers& optimizers, const Tensor& images, const Tensor& z,
                          Form form = Form::method);
Tensor generator_step(AdversarialAutoencoder& net, Optimizers& optimizers, const Tensor& images,
                      Form form = Form::method);

}  // namespace gradus::lecture54
