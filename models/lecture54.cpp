#include <gradus/models/lecture54.h>

#include <gradus/core/autograd.h>
#include <gradus/core/ops.h>

namespace gradus::lecture54 {

QNet::QNet(const Sizes& s)
    : Module("Q_net"),
      dropout(s.dropout),
      lin1(child("lin1", Linear(s.pixels, s.neurons))),
      lin2(child("lin2", Linear(s.neurons, s.neurons))),
      lin3gauss(child("lin3gauss", Linear(s.neurons, s.z))) {}

Tensor QNet::operator()(const Tensor& images) const {
  Tensor x = linear_dropout_relu(images, lin1.weight, lin1.bias, dropout, training());
  x = linear_dropout_relu(x, lin2.weight, lin2.bias, dropout, training());
  return lin3gauss(x);
}

PNet::PNet(const Sizes& s)
    : Module("P_net"),
      dropout(s.dropout),
      relu_in_p(s.relu_in_p),
      lin1(child("lin1", Linear(s.z, s.neurons))),
      lin2(child("lin2", Linear(s.neurons, s.neurons))),
      lin3(child("lin3", Linear(s.neurons, s.pixels))) {}

Tensor PNet::operator()(const Tensor& codes) const {
  Tensor x = linear_dropout_relu(codes, lin1.weight, lin1.bias, dropout, training());
  const auto second = relu_in_p ? linear_dropout_relu : linear_dropout;
  x = second(x, lin2.weight, lin2.bias, dropout, training(), default_generator());
  return linear_activation(x, lin3.weight, lin3.bias, kernels::Sigmoid{});
}

DNetGauss::DNetGauss(const Sizes& s)
    : Module("D_net_gauss"),
      dropout(s.critic_dropout),
      lin1(child("lin1", Linear(s.z, s.critic_neurons))),
      lin2(child("lin2", Linear(s.critic_neurons, s.critic_neurons))),
      lin3(child("lin3", Linear(s.critic_neurons, 1))) {}

Tensor DNetGauss::operator()(const Tensor& codes) const {
  Tensor x = linear_dropout_relu(codes, lin1.weight, lin1.bias, dropout, training());
  x = linear_dropout_relu(x, lin2.weight, lin2.bias, dropout, training());
  return linear_activation(x, lin3.weight, lin3.bias, kernels::Sigmoid{});
}

AdversarialAutoencoder::AdversarialAutoencoder(const Sizes& s)
    : Module("adversarial_autoencoder"),
      Q(child("Q", QNet(s))),
      P(child("P", PNet(s))),
      D_gauss(child("D_gauss", DNetGauss(s))) {}

Optimizers::Optimizers(const AdversarialAutoencoder& net)
    : P(net.P.parameters(), {.lr = 1e-4}),
      Q_enc(net.Q.parameters(), {.lr = 1e-4}),
      Q_gen(net.Q.parameters(), {.lr = 5e-5}),
      D(net.D_gauss.parameters(), {.lr = 5e-5}) {}

Tensor reconstruction_step(AdversarialAutoencoder& net, Optimizers& optimizers, const Tensor& images) {
  net.zero_grad();
  const Tensor loss = binary_cross_entropy(net.P(net.Q(images)), images);
  loss.backward();
  optimizers.P.step();
  optimizers.Q_enc.step();
  return loss.detach();
}

namespace {

// Q's codes, cut off from what made them.
Tensor detached_codes(const QNet& Q, const Tensor& images) {
  NoGrad guard;
  return Q(images);
}

// -mean log(d), for the discriminator's word on codes that it is to call real.
Tensor called_real(const Tensor& d, Form form) {
  return form == Form::slides ? -mean(log(d)) : binary_cross_entropy(d, ones_like(d));
}

}  // namespace

Tensor discriminator_step(AdversarialAutoencoder& net, Optimizers& optimizers, const Tensor& images, const Tensor& z,
                          Form form) {
  net.Q.eval();  // no dropout in the codes; gradients are another matter
  Tensor loss;
  if (form == Form::method) {
    net.D_gauss.zero_grad();
    const Tensor fake = net.D_gauss(detached_codes(net.Q, images));
    loss = called_real(net.D_gauss(z), form) + binary_cross_entropy(fake, zeros_like(fake));
  } else {
    loss = called_real(net.D_gauss(z), form) + called_real(net.D_gauss(net.Q(images)), form);
  }
  loss.backward();
  optimizers.D.step();
  net.Q.train();
  return loss.detach();
}

Tensor generator_step(AdversarialAutoencoder& net, Optimizers& optimizers, const Tensor& images, Form form) {
  if (form == Form::method) net.zero_grad();
  const Tensor loss = called_real(net.D_gauss(net.Q(images)), form);
  loss.backward();
  optimizers.Q_gen.step();
  return loss.detach();
}

}  // namespace gradus::lecture54
