// Sequential: layers, one after the other.
//
//   Sequential net(Linear(784, 400), Tanh(), [](const Tensor& x) { return 2 * x; });
//
// The layers are modules and whatever else is callable with a tensor; they are named "0", "1", ... A single Sequential
// as the only argument is copied, so shared, and not nested, as C++ has it; nesting one is add_module("0", inner), or
// Sequential(outer.children()). With that, cutting the decoder off an autoencoder and adding a classifier is
//
//   std::vector<Layer> parts = net.children();
//   parts.pop_back();
//   Sequential classifier(parts);
//   classifier.add_module("classifier", Sequential(Linear(400, 10), LogSoftmax(1)));
//
// Some neighbours run as one op, with the same results: layers/fused.h.
#pragma once
#include <string_view>

#include <gradus/layers/module.h>

namespace gradus {

class Sequential : public Module {
 public:
  Sequential() : Module("Sequential") {}
  explicit Sequential(const std::vector<Layer>& from);
  template <Callable... Layers>
  explicit Sequential(Layers... layers) : Sequential(std::vector<Layer>{Layer(std::move(layers))...}) {}

  Tensor operator()(const Tensor& x) const;

  // Puts a layer at the end. Throws Error for a name that is empty, has a dot or is taken.
  template <Callable L>
  Sequential& add_module(const std::string& name, L layer) {
    child(name, std::move(layer));
    return *this;
  }

  Index size() const;
  Layer operator[](Index i) const;                // from the back when negative; throws Error for one out of range
  Layer operator[](std::string_view name) const;  // throws Error for a name that is not there
};

}  // namespace gradus
