// The activations as layers, for Sequential and for printing; their formulas are the functions' of core/ops.h.
#pragma once
#include <sstream>

#include <gradus/core/ops.h>
#include <gradus/layers/module.h>

namespace gradus {

struct Tanh : Module {
  Tanh() : Module("Tanh") {}
  Tensor operator()(const Tensor& x) const { return tanh(x); }
};

struct Sigmoid : Module {
  Sigmoid() : Module("Sigmoid") {}
  Tensor operator()(const Tensor& x) const { return sigmoid(x); }
};

struct ReLU : Module {
  ReLU() : Module("ReLU") {}
  Tensor operator()(const Tensor& x) const { return relu(x); }
};

struct LeakyReLU : Module {
  explicit LeakyReLU(double slope = 0.01) : Module("LeakyReLU", extra(slope)), negative_slope(slope) {}
  Tensor operator()(const Tensor& x) const { return leaky_relu(x, negative_slope); }

  double negative_slope;

 private:
  static std::string extra(double slope) {
    std::ostringstream text;
    text << "negative_slope=" << slope;
    return text.str();
  }
};

// Over dimension `dimension`, which counts from the back when negative.
struct Softmax : Module {
  explicit Softmax(Index dimension) : Module("Softmax", "dim=" + std::to_string(dimension)), dim(dimension) {}
  Tensor operator()(const Tensor& x) const { return softmax(x, dim); }

  Index dim;
};

struct LogSoftmax : Module {
  explicit LogSoftmax(Index dimension) : Module("LogSoftmax", "dim=" + std::to_string(dimension)), dim(dimension) {}
  Tensor operator()(const Tensor& x) const { return log_softmax(x, dim); }

  Index dim;
};

}  // namespace gradus
