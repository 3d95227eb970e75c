#include <gradus/models/lecture20.h>

#include <gradus/core/autograd.h>
#include <gradus/core/ops.h>

namespace gradus::lecture20 {

Autoencoder::Autoencoder(L1Penalty penalty)
    : Module("autoencoder"),
      encoder(child("encoder", Sequential(Linear(28 * 28, 400), Tanh()))),
      decoder(child("decoder", Sequential(Linear(400, 28 * 28), Sigmoid()))),
      l1_penalty(penalty) {}

Tensor Autoencoder::operator()(const Tensor& x) const { return decoder(apply(l1_penalty, encoder(x))); }

Tensor add_noise(const Tensor& images, const Noise& noise, Generator& from) {
  NoGrad guard;
  Tensor noisy = empty_like(images);
  normal_(noisy, noise.mean, noise.std, from);
  return clamp(noisy.add_(images), 0, 1);  // in place: the sum needs no memory of its own
}

Tensor autoencoder_step(const Autoencoder& net, Optimizer& optimizer, const Tensor& images, const Noise& noise) {
  const Tensor inputs = add_noise(images, noise);
  optimizer.zero_grad();
  const Tensor outputs = net(inputs);
  const Tensor loss = mse_loss(outputs, images);
  loss.backward();
  optimizer.step();
  return loss.detach();
}

Sequential make_classifier(const Autoencoder& net) {
  std::vector<Layer> parts = net.children();
  parts.pop_back();  // the decoder
  Sequential classifier(parts);
  classifier.add_module("classifier", Sequential(Linear(400, 10), LogSoftmax(1)));
  classifier.to(net.parameters().front().dtype());
  classifier.to(net.parameters().front().device());
  return classifier;
}

Tensor classifier_step(const Sequential& net, const Tensor& images, const Tensor& labels, double learning_rate) {
  net.zero_grad();
  const Tensor loss = nll_loss(net(images), labels);
  loss.backward();
  NoGrad guard;
  for (Tensor w : net.parameters()) w.add_(w.grad(), -learning_rate);
  return loss.detach();
}

}  // namespace gradus::lecture20
