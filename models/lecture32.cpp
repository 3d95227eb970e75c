#include <gradus/models/lecture32.h>

#include <gradus/core/autograd.h>
#include <gradus/core/ops.h>
#include <gradus/layers/activations.h>
#include <gradus/layers/conv2d.h>
#include <gradus/layers/images.h>
#include <gradus/layers/linear.h>

namespace gradus::lecture32 {
namespace {

constexpr Index side = 4;  // of the maps between the convolutions and the linear layers

Conv2d conv(Index in_channels, Index out_channels, Index stride) {
  return Conv2d(in_channels, out_channels, 3, {.stride = stride, .padding = 1});
}

LeakyReLU leaky() { return LeakyReLU(0.1); }

Sequential make_conv_encoder(const Sizes& s) {
  return Sequential(conv(3, s.narrow, 2), leaky(), conv(s.narrow, s.wide, 2), leaky(), conv(s.wide, s.wide, 2),
                    leaky());
}

Sequential make_conv_decoder(const Sizes& s) {
  const Upsample up({.scale_factor = 2, .mode = UpsampleMode::bilinear, .align_corners = s.align_corners});
  return Sequential(conv(s.wide, s.wide, 1), leaky(), up, conv(s.wide, s.narrow, 1), leaky(), up,
                    conv(s.narrow, s.narrow, 1), leaky(), up, conv(s.narrow, 3, 1), ReLU());
}

}  // namespace

Autoencoder::Autoencoder(const Sizes& s)
    : Module("autoencoder"),
      conv_encoder(child("conv_encoder", make_conv_encoder(s))),
      fc_encoder(child("fc_encoder", Sequential(Linear(s.wide * side * side, s.code), leaky()))),
      fc_decoder(child("fc_decoder", Sequential(Linear(s.code, s.wide * side * side), leaky()))),
      conv_decoder(child("conv_decoder", make_conv_decoder(s))) {}

Tensor Autoencoder::encode(const Tensor& images) const { return fc_encoder(conv_encoder(images).flatten(1)); }

Tensor Autoencoder::operator()(const Tensor& images) const {
  return conv_decoder(fc_decoder(encode(images)).reshape({images.size(0), -1, side, side}));
}

bool is_alive(const Autoencoder& net, const Tensor& images) {
  NoGrad guard;
  return mean(net(images) > 0).item() >= 0.01;
}

void mirror_last_layer(const Autoencoder& net) {
  NoGrad guard;
  const std::vector<Tensor> parameters = net.conv_decoder.parameters();
  for (Tensor p : {parameters.end()[-2], parameters.end()[-1]}) p.mul_(-1);
}

Classifier::Classifier(const Autoencoder& net)
    : Module("classifier"),
      conv(child("conv", net.conv_encoder)),
      fc1(child("fc1", net.fc_encoder)),
      fc2(child("fc2", Sequential(Linear(net.get_parameter("fc_encoder.0.weight").size(0), 10)))) {
  const Tensor like = net.parameters().front();
  fc2.to(like.dtype());
  fc2.to(like.device());
}

Tensor Classifier::operator()(const Tensor& images) const { return fc2(fc1(conv(images).flatten(1))); }

Tensor autoencoder_step(const Autoencoder& net, Optimizer& optimizer, const Tensor& images) {
  optimizer.zero_grad();
  const Tensor loss = mse_loss(net(images), images);
  loss.backward();
  optimizer.step();
  return loss.detach();
}

Tensor classifier_step(const Classifier& net, Optimizer& optimizer, const Tensor& images, const Tensor& labels) {
  optimizer.zero_grad();
  const Tensor loss = cross_entropy(net(images), labels);
  loss.backward();
  optimizer.step();
  return loss.detach();
}

}  // namespace gradus::lecture32
