// Lecture 20: the denoising sparse autoencoder, its classifier, and the training step of each.
#pragma once
#include <gradus/core/random.h>
#include <gradus/layers/activations.h>
#include <gradus/layers/l1_penalty.h>
#include <gradus/layers/linear.h>
#include <gradus/layers/sequential.h>
#include <gradus/optim/optimizer.h>

namespace gradus::lecture20 {

// images [n, 784] -> reconstructions [n, 784]; the code between encoder and decoder has 400 numbers
struct Autoencoder : Module {
  explicit Autoencoder(L1Penalty penalty = {0.1, L1Form::mean});
  Tensor operator()(const Tensor& x) const;

  Sequential encoder, decoder;
  L1Penalty l1_penalty;
};

// White Gaussian noise, in units of the pixels, which lie in [0, 1].
struct Noise {
  double mean = 0.1, std = 0.2;
};

// clamp(images + noise, 0, 1)
Tensor add_noise(const Tensor& images, const Noise& noise, Generator& from = default_generator());

// One step on clean images [n, 784]: noise, forward, mean squared error against the clean images, backward, update.
// Returns the loss, which is not waited for.
Tensor autoencoder_step(const Autoencoder& net, Optimizer& optimizer, const Tensor& images, const Noise& noise);

// The autoencoder's own encoder, trained on, with a new layer instead of the decoder: images [n, 784] ->
// log-probabilities [n, 10]
Sequential make_classifier(const Autoencoder& net);

// One step of plain gradient descent, w -= learning_rate * gradient, on clean images [n, 784] and their labels [n]: the
// negative log-likelihood. Returns the loss.
Tensor classifier_step(const Sequential& net, const Tensor& images, const Tensor& labels, double learning_rate);

}  // namespace gradus::lecture20
