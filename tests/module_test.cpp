// Module: parameters and children by name, sharing and cloning, state_dict, printing.
#include <sstream>

#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/layers/activations.h>
#include <gradus/layers/linear.h>
#include <gradus/layers/sequential.h>

#include "catch.h"

using namespace gradus;

namespace {

struct Autoencoder : Module {
  Sequential encoder = child("encoder", Sequential(Linear(4, 3), Tanh()));
  Sequential decoder = child("decoder", Sequential(Linear(3, 4), Sigmoid()));
  Tensor operator()(const Tensor& x) const { return decoder(encoder(x)); }
};

// One tensor under two names, and a parameter beside a child.
struct Tied : Module {
  Linear first = child("first", Linear(2, 2, false));
  Parameter again = parameter("again", first.weight);
  Parameter scale = parameter("scale", ones({2}));
  Tensor operator()(const Tensor& x) const { return linear(first(x), again) * scale; }
};

struct TwoInputs : Module {
  Tensor operator()(const Tensor& a, const Tensor& b) const { return a + b; }
};

std::vector<std::string> names(const NamedTensors& named) {
  std::vector<std::string> out;
  for (const auto& [name, t] : named) out.push_back(name);
  return out;
}

template <class M>
std::string printed(const M& module) {
  std::ostringstream out;
  out << module;
  return out.str();
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("parameters are named by the path of children, own ones first", "[module]") {
  const Autoencoder net;
  CHECK(names(net.named_parameters()) ==
        Names{"encoder.0.weight", "encoder.0.bias", "decoder.0.weight", "decoder.0.bias"});
  CHECK(net.parameters().size() == 4);
  CHECK(net.get_parameter("decoder.0.bias").same(net.decoder[0].as<Linear>().bias));
  CHECK(message_of([&] { net.get_parameter("decoder.1.bias"); }) ==
        "get_parameter: there is no parameter 'decoder.1.bias'; there are: encoder.0.weight, encoder.0.bias, "
        "decoder.0.weight, decoder.0.bias");
  CHECK(message_of([] { Tanh().get_parameter("weight"); }) ==
        "get_parameter: there is no parameter 'weight'; there are none");
}

TEST_CASE("a parameter with two names is one parameter and two entries of the state", "[module]") {
  const Tied net;
  CHECK(names(net.named_parameters()) == Names{"again", "scale"});
  CHECK(names(net.state_dict()) == Names{"again", "scale", "first.weight"});
}

TEST_CASE("every parameter is a leaf that requires a gradient", "[module]") {
  for (const Tensor& p : Autoencoder().parameters()) {
    CHECK(p.requires_grad());
    CHECK(p.is_leaf());
  }
}

TEST_CASE("registering refuses bad names and bad tensors", "[module]") {
  struct Open : Module {
    using Module::child;
    using Module::parameter;
  } m;
  m.parameter("weight", ones({2}));
  m.child("inner", Tanh());
  CHECK(message_of([&] { m.parameter("", ones({2})); }) == "parameter: a name is expected, got an empty one");
  CHECK(message_of([&] { m.parameter("a.b", ones({2})); }) ==
        "parameter: the name 'a.b' has a dot, which separates a child's name from its parameters' names");
  CHECK(message_of([&] { m.parameter("weight", ones({2})); }) == "parameter: the name 'weight' is taken already");
  CHECK(message_of([&] { m.parameter("inner", ones({2})); }) == "parameter: the name 'inner' is taken already");
  CHECK(message_of([&] { m.child("", Tanh()); }) == "child: a name is expected, got an empty one");
  CHECK(message_of([&] { m.child("a.b", Tanh()); }) ==
        "child: the name 'a.b' has a dot, which separates a child's name from its parameters' names");
  CHECK(message_of([&] { m.child("weight", Tanh()); }) == "child: the name 'weight' is taken already");
  CHECK(message_of([&] { m.child("inner", Tanh()); }) == "child: the name 'inner' is taken already");
  CHECK(message_of([&] { m.parameter("p", Tensor()); }) == "parameter: 'p' is an undefined tensor");
  CHECK(message_of([&] { m.parameter("p", ones({2}, int64)); }) ==
        "parameter: 'p' is int64, expected float32 or float64");
  CHECK(message_of([&] { m.parameter("p", m.get_parameter("weight") * 2); }) ==
        "parameter: 'p' is the result of an op; use detach() to make it a leaf");
  CHECK(names(m.state_dict()) == Names{"weight"});
  CHECK(m.children().size() == 1);
}

TEST_CASE("a copy shares its parameters, its children and its training flag", "[module]") {
  Autoencoder net;
  Autoencoder copy = net;
  Autoencoder moved = std::move(copy);
  {
    NoGrad guard;
    net.encoder[0].as<Linear>().weight.fill_(0.5);
  }
  CHECK(moved.get_parameter("encoder.0.weight").to_vector<float>() == std::vector<float>(12, 0.5F));
  CHECK(copy.parameters().size() == 4);  // a moved-from module is still one
  moved.eval();
  CHECK_FALSE(net.training());
  CHECK_FALSE(net.encoder[1].training());
  moved.encoder.add_module("extra", Tanh());
  CHECK(net.encoder.size() == 3);
}

TEST_CASE("clone() shares nothing with the original", "[module]") {
  manual_seed(1);
  Autoencoder net;
  const Tensor x = rand({5, 4});
  net.get_parameter("decoder.0.bias").requires_grad_(false);
  net.encoder.eval();
  Autoencoder copy = clone(net);
  const std::vector<float> y = net(x).to_vector<float>();
  CHECK(copy(x).to_vector<float>() == y);
  CHECK(names(copy.state_dict()) == names(net.state_dict()));
  CHECK_FALSE(copy.get_parameter("decoder.0.bias").requires_grad());
  CHECK(copy.get_parameter("decoder.0.weight").requires_grad());
  CHECK(copy.training());
  CHECK_FALSE(copy.encoder.training());
  {
    NoGrad guard;
    for (Tensor& p : copy.parameters()) p.fill_(0);
  }
  CHECK(net(x).to_vector<float>() == y);
  CHECK(copy(x).to_vector<float>() == std::vector<float>(20, 0.5F));  // what is computed with is what is registered
  CHECK(copy.encoder(x).to_vector<float>() == std::vector<float>(15, 0.0F));
  sum(copy(x)).backward();
  CHECK(copy.get_parameter("encoder.0.bias").grad().defined());
  CHECK_FALSE(net.get_parameter("encoder.0.bias").grad().defined());
  copy.train();
  CHECK(copy.encoder.training());  // the member and the child that was told are one
  CHECK_FALSE(net.encoder.training());
  copy.encoder.add_module("extra", Linear(3, 3));
  CHECK(copy.parameters().size() == 6);
  CHECK(net.encoder.size() == 2);
}

TEST_CASE("clone() has no gradients, and copies made during training compute on", "[module]") {
  Linear layer(2, 3);
  sum(layer(ones({1, 2}))).backward();
  const Linear copy = clone(layer);
  CHECK(layer.weight.grad().defined());
  CHECK_FALSE(copy.weight.grad().defined());
  CHECK(copy.weight.is_leaf());
}

TEST_CASE("clone() keeps shared what the original shares within itself", "[module]") {
  const Tied net;
  const Tied copy = clone(net);
  CHECK(copy.again.same(copy.first.weight));
  CHECK_FALSE(copy.again.same(net.again));
  CHECK(copy.get_parameter("first.weight").same(copy.first.weight));
  CHECK(copy.named_children()[0].second.as<Linear>().weight.same(copy.first.weight));
}

TEST_CASE("clone() reaches modules in lambdas, vectors and layers, and leaves what is missing missing", "[module]") {
  const Linear inner(2, 2, false);
  const Sequential net([inner](const Tensor& x) { return inner(x); }, inner);
  const Sequential copy = clone(net);
  {
    NoGrad guard;
    Tensor(inner.weight).fill_(0);
  }
  CHECK(sum(abs(net(ones({1, 2})))).item() == 0);
  CHECK(sum(abs(copy(ones({1, 2})))).item() > 0);
  CHECK_FALSE(copy[1].as<Linear>().bias.defined());

  struct Stack : Module {
    std::vector<Linear> layers;
    Stack() {
      for (const char* name : {"a", "b"}) layers.push_back(child(name, Linear(2, 2)));
    }
  };
  const Stack stack;
  const Stack other = clone(stack);
  CHECK(other.layers[1].weight.same(other.get_parameter("b.weight")));
  CHECK_FALSE(other.layers[1].weight.same(stack.layers[1].weight));
  const Layer layer = clone(net[1]);
  CHECK(layer.as<Linear>().weight.same(layer.get_parameter("weight")));
}

TEST_CASE("clone() refuses a parameter that a plain Tensor holds", "[module]") {
  struct Wrong : Module {
    Tensor weight = parameter("weight", ones({2}));
  };
  CHECK(message_of([] { clone(Wrong()); }) ==
        "clone: no member of type Parameter holds the parameter 'weight', so the copy would go on computing with the "
        "original; declare the member as Parameter, not Tensor");
  const Linear sound(2, 2);
  CHECK_FALSE(clone(sound).weight.same(sound.weight));  // and cloning is off again: copies share
  CHECK(Linear(sound).weight.same(sound.weight));
}

TEST_CASE("state_dict() and load_state_dict() go round, detached", "[module]") {
  manual_seed(2);
  const Autoencoder net;
  Autoencoder other;
  const Tensor x = rand({3, 4});
  for (const auto& [name, t] : net.state_dict()) CHECK_FALSE(t.requires_grad());
  CHECK(net.state_dict()[0].second.raw() == net.get_parameter("encoder.0.weight").raw());
  other.load_state_dict(net.state_dict());
  CHECK(other(x).to_vector<float>() == net(x).to_vector<float>());
  CHECK(other.get_parameter("encoder.0.weight").requires_grad());
  CHECK(other.get_parameter("encoder.0.weight").raw() != net.get_parameter("encoder.0.weight").raw());
  other.load_state_dict(other.state_dict());
  CHECK(other(x).to_vector<float>() == net(x).to_vector<float>());
}

TEST_CASE("strict loading lists what is missing, too much and of another shape, and changes nothing", "[module]") {
  Sequential net(Linear(2, 3), Tanh(), Linear(3, 1));
  const auto before = net.get_parameter("0.weight").to_vector<float>();
  const NamedTensors state = {{"0.weight", zeros({3, 2})}, {"0.bias", zeros({2})}, {"2.weight", zeros({1, 3}, float64)},
                              {"2.scale", zeros({1})},     {"3.bias", zeros({1})}, {"3.bias", Tensor()}};
  CHECK(message_of([&] { net.load_state_dict(state); }) ==
        "load_state_dict: missing: 2.bias; not in the module: 2.scale, 3.bias, 3.bias; given twice: 3.bias; of another "
        "shape or dtype: 0.bias is float32 [2], expected float32 [3], 2.weight is float64 [1, 3], expected float32 [1, "
        "3]; "
        "nothing was loaded");
  CHECK(message_of([&] {
          net.load_state_dict({{"0.bias", zeros({2})}, {"x", zeros({2})}}, false);
        }) ==
        "load_state_dict: of another shape or dtype: 0.bias is float32 [2], expected float32 [3]; nothing was loaded");
  CHECK(message_of([&] {
          net.load_state_dict({{"0.bias", Tensor()}}, false);
        }) ==
        "load_state_dict: of another shape or dtype: 0.bias is undefined, expected float32 [3]; nothing was loaded");
  CHECK(net.get_parameter("0.weight").to_vector<float>() == before);

  net.load_state_dict({{"0.bias", ones({3})}, {"x", zeros({2})}}, false);
  CHECK(net.get_parameter("0.bias").to_vector<float>() == std::vector<float>{1, 1, 1});
  CHECK(net.get_parameter("0.weight").to_vector<float>() == before);
}

TEST_CASE("a load between forward and backward is noticed", "[module]") {
  Linear layer(2, 2);
  const Tensor y = sum(layer(ones({1, 2}).requires_grad_()));
  layer.load_state_dict(clone(layer).state_dict());
  CHECK(message_of([&] { y.backward(); }).find("changed in place") != std::string::npos);
}

TEST_CASE("train and eval reach every child, and eval does not stop gradients", "[module]") {
  Autoencoder net;
  CHECK(net.training());
  net.eval();
  CHECK_FALSE(net.training());
  CHECK_FALSE(net.decoder[0].training());
  sum(net(ones({2, 4}))).backward();
  for (const Tensor& p : net.parameters()) CHECK(p.grad().defined());
  net.zero_grad();
  for (const Tensor& p : net.parameters()) CHECK_FALSE(p.grad().defined());
  net.train();
  CHECK(net.decoder[0].training());
}

TEST_CASE("requires_grad_(false) freezes every parameter", "[module]") {
  Autoencoder net;
  net.encoder.requires_grad_(false);
  sum(net(ones({2, 4}))).backward();
  CHECK_FALSE(net.get_parameter("encoder.0.weight").grad().defined());
  CHECK(net.get_parameter("decoder.0.weight").grad().defined());
}

TEST_CASE("to(dtype) converts in place, for every holder, gradients too", "[module]") {
  manual_seed(3);
  Autoencoder net;
  const Tensor member = net.encoder[0].as<Linear>().weight;
  const auto before = member.to_vector<float>();
  sum(net(ones({2, 4}))).backward();
  net.to(float64);
  for (const Tensor& p : net.parameters()) {
    CHECK(p.dtype() == float64);
    CHECK(p.grad().dtype() == float64);
    CHECK(p.requires_grad());
    CHECK(p.is_leaf());
  }
  CHECK(member.to_vector<double>() == std::vector<double>(before.begin(), before.end()));
  CHECK(net(ones({2, 4}, float64)).dtype() == float64);
  net.to(cpu);
  CHECK(member.device() == cpu);
  CHECK(message_of([&] { net.to(int64); }) == "to: a module's parameters are float32 or float64, int64 asked for");
}

TEST_CASE("a module prints as PyTorch's does", "[module]") {
  CHECK(printed(Autoencoder()) ==
        "Autoencoder(\n"
        "  (encoder): Sequential(\n"
        "    (0): Linear(in_features=4, out_features=3, bias=True)\n"
        "    (1): Tanh()\n"
        "  )\n"
        "  (decoder): Sequential(\n"
        "    (0): Linear(in_features=3, out_features=4, bias=True)\n"
        "    (1): Sigmoid()\n"
        "  )\n"
        ")");
  struct Named : Module {
    Named() : Module("autoencoder", "k=3") { child("a", Autoencoder().encoder); }
  };
  CHECK(printed(Named()) ==
        "autoencoder(\n"
        "  k=3\n"
        "  (a): Sequential(\n"
        "    (0): Linear(in_features=4, out_features=3, bias=True)\n"
        "    (1): Tanh()\n"
        "  )\n"
        ")");
  struct Outer : Module {
    Autoencoder inner = child("inner", Autoencoder());
  };
  CHECK(printed(Outer()).find("(inner): Autoencoder(\n") != std::string::npos);
  CHECK(printed(Module()) == "Module()");
}

TEST_CASE("a layer that takes no single tensor can be a child, and says so when it is called", "[module]") {
  struct Net : Module {
    TwoInputs add = child("add", TwoInputs());
  };
  const Layer layer = Net().children()[0];
  CHECK(message_of([&] { layer(ones({1})); }) ==
        "Layer: TwoInputs() does not take one tensor; call the member of your module instead");
  CHECK(message_of([&] { layer.as<Linear>(); }) == "as: this layer is TwoInputs(), not a Linear");
  Layer from = Tanh();
  const Layer to = std::move(from);
  CHECK(message_of([&] { from(ones({1})); }) == "Layer: it was moved from");
  CHECK(to(zeros({1})).item() == 0);
}
