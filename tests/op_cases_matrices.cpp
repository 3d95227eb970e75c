// Cases of matmul, linear and linear_activation.
#include "op_cases.h"

using namespace gradus;

OpEntry entry(Tag<ops::Matmul>) {
  std::vector<OpCase> cases;
  for (const auto& [a, b] : std::vector<std::pair<Shape, Shape>>{{{3, 4}, {4, 5}},
                                                                 {{17, 9}, {9, 13}},
                                                                 {{1, 4}, {4, 1}},
                                                                 {{4}, {4, 5}},
                                                                 {{3, 4}, {4}},
                                                                 {{4}, {4}},
                                                                 {{3, 0}, {0, 5}},
                                                                 {{0, 4}, {4, 5}},
                                                                 {{3, 4}, {4, 0}}}) {
    const Gradient gradient = a.numel() > 0 && b.numel() > 0 ? Gradient::smooth : Gradient::reference;
    cases.push_back({"matmul " + a.str() + " and " + b.str(),
                     {pattern(a, 0), pattern(b, 1)},
                     [](const Tensors& in) { return matmul(in[0], in[1]); },
                     gradient});
  }
  return {"matmul", "a b", "dy bT and aT dy", false, cases};
}

OpEntry entry(Tag<ops::Linear>) {
  std::vector<OpCase> cases;
  for (Index n : {3, 1, 0}) {
    const Tensor x = pattern({n, 4}, 0), weight = pattern({5, 4}, 1), bias = pattern({5}, 2);
    const std::string name = "linear " + x.shape().str();
    const Gradient gradient = n > 0 ? Gradient::smooth : Gradient::reference;
    cases.push_back({name + " with bias",
                     {x, weight, bias},
                     [](const Tensors& in) { return linear(in[0], in[1], in[2]); },
                     gradient});
    cases.push_back(
        {name + " without bias", {x, weight}, [](const Tensors& in) { return linear(in[0], in[1]); }, gradient});
  }
  return {"linear", "x wT + b", "dy w, dyT x, and the sum of dy over the rows", false, cases};
}

OpEntry entry(Tag<ops::LinearActivation>) {
  using kernels::Activation;
  const std::vector<std::pair<std::string, Activation>> activations = {{"tanh", kernels::Tanh{}},
                                                                       {"sigmoid", kernels::Sigmoid{}},
                                                                       {"relu", kernels::Relu{}},
                                                                       {"leaky_relu 0.1", kernels::LeakyRelu{0.1}},
                                                                       {"leaky_relu -0.5", kernels::LeakyRelu{-0.5}}};
  std::vector<OpCase> cases;
  for (const auto& [name, activation] : activations) {
    for (Index n : {3, 1, 0}) {
      const Tensor x = pattern({n, 4}, 0), weight = pattern({5, 4}, 1), bias = pattern({5}, 2);
      const Gradient gradient = n > 0 ? Gradient::smooth : Gradient::reference;
      const std::string title = "linear_activation " + name + " " + x.shape().str();
      cases.push_back({title + " with bias",
                       {x, weight, bias},
                       [act = activation](const Tensors& in) { return linear_activation(in[0], in[1], in[2], act); },
                       gradient});
      cases.push_back({title + " without bias",
                       {x, weight},
                       [act = activation](const Tensors& in) { return linear_activation(in[0], in[1], {}, act); },
                       gradient});
    }
  }
  const Tensor x = pattern({3, 4}, 0), weight = pattern({5, 4}, 1), bias = pattern({5}, 2);
  const std::vector<std::pair<std::string, decltype(&linear_dropout)>> dropouts = {
      {"linear_dropout", linear_dropout}, {"linear_dropout_relu", linear_dropout_relu}};
  for (const auto& [name, f] : dropouts) {
    for (const double p : {0.25, 0.0}) {
      cases.push_back({name + (p == 0 ? " p 0" : " p 0.25"), {x, weight, bias}, [f = f, p](const Tensors& in) {
                         Generator from(0x123456789abcdef);
                         from.offset = 0xfffffffe;
                         return f(in[0], in[1], in[2], p, true, from);
                       }});
    }
  }
  return {"linear_activation, linear_dropout, linear_dropout_relu",
          "y = act(x wT + b), act of Tanh, Sigmoid, Relu, LeakyRelu, dropout, relu of dropout",
          "those of linear with dy act' for dy, act' from y, or dropout's mask", false, cases};
}
