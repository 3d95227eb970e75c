// Lecture 32: the convolutional autoencoder, its classifier, and the training step of each.
#pragma once
#include <gradus/layers/sequential.h>
#include <gradus/optim/optimizer.h>

namespace gradus::lecture32 {

// The lecture's extents. Tests use smaller ones.
struct Sizes {
  Index narrow = 64, wide = 128;  // channels
  Index code = 1024;
  bool align_corners = false;  // of the upsampling; true in the PyTorch of the lecture (2017)
};

// images [n, 3, 32, 32] -> reconstructions [n, 3, 32, 32]
//
//   conv_encoder  three convolutions 3x3 of stride 2: [n, 3, 32, 32] -> [n, wide, 4, 4]
//   fc_encoder    [n, 16 wide] -> the code [n, code]
//   fc_decoder    [n, code] -> [n, 16 wide]
//   conv_decoder  four convolutions 3x3, bilinear upsampling by 2 between: [n, wide, 4, 4] -> [n, 3, 32, 32]
//
// with LeakyReLU(0.1) in between and ReLU at the end.
struct Autoencoder : Module {
  explicit Autoencoder(const Sizes& sizes = {});
  Tensor encode(const Tensor& images) const;  // the code
  Tensor operator()(const Tensor& images) const;

  Sequential conv_encoder, fc_encoder, fc_decoder, conv_decoder;
};

// Whether it can learn: at least 1 in 100 of the numbers that it makes of these images are above 0. Note [Born dead]:
// with the default initialisation the last convolution's outputs differ little from its three biases, so one network in
// eight starts with all of them below 0. The ReLU at the end then passes no gradient, and no step changes anything. A
// single channel that starts so comes to life later, as the others' gradients change what it is given.
bool is_alive(const Autoencoder& net, const Tensor& images);

// Turns the sign of the last convolution's weights and biases, and so brings a network that was born dead to life: its
// outputs were below 0, now they are above it. The default initialisation draws either sign with equal probability, so
// it is as good a draw as the first.
void mirror_last_layer(const Autoencoder& net);

// The autoencoder's own encoder, trained on, and a new layer: images [n, 3, 32, 32] -> a score for each class [n, 10].
struct Classifier : Module {
  explicit Classifier(const Autoencoder& net);
  Tensor operator()(const Tensor& images) const;

  Sequential conv, fc1, fc2;
};

// One step on images: forward, mean squared error, backward, update. Returns the loss, which is not waited for.
Tensor autoencoder_step(const Autoencoder& net, Optimizer& optimizer, const Tensor& images);

// One step on images and their labels [n]: forward, cross entropy, backward, update. Returns the loss.
Tensor classifier_step(const Classifier& net, Optimizer& optimizer, const Tensor& images, const Tensor& labels);

}  // namespace gradus::lecture32
