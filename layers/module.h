// Module: named parameters, named children and a training flag, behind a shared handle. Layer: any layer as one type.
//
//   struct Autoencoder : Module {
//     Sequential encoder = child("encoder", Sequential(Linear(784, 400), Tanh()));
//     Sequential decoder = child("decoder", Sequential(Linear(400, 784), Sigmoid()));
//     Tensor operator()(const Tensor& x) const { return decoder(encoder(x)); }
//   };
//
// Copying a module copies the handle: both have the same parameters, as in Python. clone(module) copies the numbers
// too. What is registered is what a member held at that moment; assigning another layer to the member afterwards is not
// seen.
#pragma once
#include <any>
#include <concepts>
#include <memory>
#include <ostream>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include <gradus/core/autograd.h>
#include <gradus/core/tensor.h>

namespace gradus {

class Layer;

// A tensor that a module owns. Members are declared as Parameter, not Tensor, so that clone() can give the copy its
// own.
class Parameter : public Tensor {
 public:
  Parameter() = default;  // undefined: Linear's bias when it has none
  Parameter(const Parameter& other);
  Parameter(Parameter&& other) noexcept : Tensor(static_cast<const Tensor&>(other)) {}
  Parameter& operator=(const Parameter& other) = default;

 private:
  friend class Module;
  explicit Parameter(const Tensor& t) : Tensor(t) {}
};

class Module {
 public:
  Module();  // printed under the name of its C++ type
  // Printed as type(extra): Module("Linear", "in_features=784, out_features=400, bias=True").
  explicit Module(std::string type, std::string extra = "");
  Module(const Module& other);
  Module(Module&& other) noexcept : record_(other.record_) {}
  Module& operator=(const Module& other) = default;

  // The module's own parameters first, then its children's in order. One that has two names is listed once.
  Tensors parameters() const;
  Index number_of_parameters() const;  // the numbers in all of them
  NamedTensors named_parameters() const;
  Tensor get_parameter(const std::string& name) const;  // "encoder.0.weight"; throws Error for a name that is not there

  std::vector<Layer> children() const;
  std::vector<std::pair<std::string, Layer>> named_children() const;

  // Every name and its tensor: detached, and sharing storage with the parameter. One that has two names is listed
  // twice.
  NamedTensors state_dict() const;
  // Copies the values into the parameters, from any device. Throws Error, and changes nothing, where a shape or dtype
  // differs, or (strict) where a name is missing or too much; the message lists them all.
  void load_state_dict(const NamedTensors& state, bool strict = true);

  // The training flag, of the children too: what dropout looks at. It does not stop gradients; NoGrad does.
  void train(bool on = true);
  void eval() { train(false); }
  bool training() const;

  void zero_grad() const;
  void requires_grad_(bool required = true);  // false freezes every parameter
  void to(DType dtype);                       // in place, gradients too; throws Error for int64
  void to(Device device);

 protected:
  // Registers a parameter, a leaf that from now on requires a gradient. Throws Error for a name that is empty, has a
  // dot or is taken, and for a tensor that is undefined, of int64 or the result of an op.
  Parameter parameter(const std::string& name, const Tensor& t);
  // Registers a layer under a name (the same rules) and returns it.
  template <class M>
  M child(const std::string& name, M module);
  const std::vector<std::pair<std::string, Layer>>& layers() const;  // the children, not copied

 private:
  struct Record;
  friend class Layer;
  friend struct Cloning;
  void add_child(const std::string& name, Layer layer);
  void name_type(const std::string& type) const;  // unless it has a name
  void collect(const std::string& prefix, NamedTensors& into) const;
  template <class Target>
  void move_to(Target target);
  std::string str(const std::string& type) const;
  template <std::derived_from<Module> M>
  friend std::ostream& operator<<(std::ostream& out, const M& module);

  std::shared_ptr<Record> record_;
};

// Callable with a tensor: a layer, a network of the user's, a lambda.
template <class L>
concept Callable = std::is_invocable_r_v<Tensor, const L&, const Tensor&>;

// Any callable or module behind one type. Calling it throws Error where what it holds does not take one tensor.
class Layer : public Module {
 public:
  template <class L>
  requires(!std::same_as<L, Layer> && (Callable<L> || std::derived_from<L, Module>)) Layer(L layer)
      : Module(record_of(layer)), held_(std::move(layer)) {
    if constexpr (Callable<L>) {
      call_ = [](const std::any& held, const Tensor& x) -> Tensor { return (*std::any_cast<L>(&held))(x); };
    }
  }

  Tensor operator()(const Tensor& x) const;

  // What it holds: net[0].as<Linear>().weight. Throws Error for another type.
  template <class L>
  L as() const {
    const L* held = get_if<L>();
    if (!held) wrong_type(detail::demangled(typeid(L).name()));
    return *held;
  }
  template <class L>
  const L* get_if() const {  // null for another type
    return std::any_cast<L>(&held_);
  }

 private:
  template <class L>
  static Module record_of(const L& layer) {
    if constexpr (std::derived_from<L, Module>) {
      layer.name_type(detail::demangled(typeid(L).name()));
      return layer;
    } else {
      return Module("Function");
    }
  }
  [[noreturn]] void wrong_type(const std::string& asked) const;

  std::any held_;
  Tensor (*call_)(const std::any& held, const Tensor& x) = nullptr;
};

template <class M>
M Module::child(const std::string& name, M module) {
  add_child(name, Layer(module));
  return module;
}

// As PyTorch prints: the type, the children indented below.
template <std::derived_from<Module> M>
std::ostream& operator<<(std::ostream& out, const M& module) {
  return out << module.str(detail::demangled(typeid(M).name()));
}

// While one is alive, copying a Module or a Parameter on this thread makes new parameters; what was shared among the
// originals is shared among the copies. It is how clone() reaches into any struct without code of the struct's own.
struct Cloning {
  Cloning();
  ~Cloning();
  Cloning(const Cloning&) = delete;
  Cloning& operator=(const Cloning&) = delete;

  // What a copied handle holds: the same parameter or record, or its copy while a Cloning is alive.
  static Tensor parameter(const Tensor& t);
  static std::shared_ptr<Module::Record> record(const std::shared_ptr<Module::Record>& r);
  void check_members() const;

 private:
  struct Maps;
  std::unique_ptr<Maps> maps_;
  Maps* before_;
};

// A copy that shares nothing with `module`: parameters (without gradients, frozen where the original is), children, the
// training flag. Plain Tensor members and what a lambda captured by reference stay shared. Throws Error where a
// parameter is held by a Tensor member instead of a Parameter: the copy would go on computing with the original.
template <std::derived_from<Module> M>
M clone(const M& module) {
  Cloning scope;
  M copy(module);
  if constexpr (!std::same_as<M, Module>) scope.check_members();
  return copy;
}

}  // namespace gradus
