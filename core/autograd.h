// Autograd: how gradients come about. One readable file with its source, autograd.cpp.
//
// apply(f, inputs...) runs a function object's forward and, if a gradient may be asked for, records a Node: what
// forward kept, the function object, and edges to where its inputs came from. backward() walks those nodes from the
// newest to the oldest and adds up what each f.backward returns. gradus's own ops and a user's are recorded in the same
// way:
//
//   struct Square {
//     Tensor forward(Saved& keep, const Tensor& x) const { keep(x); return x * x; }
//     Tensors backward(const Saved& kept, const Tensor& dy) const { return {2 * kept[0] * dy}; }
//   };
//   Tensor y = apply(Square{}, x);
//
// forward and backward run under NoGrad: what they compute is not recorded, so gradients have no gradients of their
// own. A backward may return a gradient of the broadcast shape: the engine sums it down to the input's. It may return
// an undefined Tensor for an input that needs none. A graph belongs to one thread at a time.
#pragma once
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include <gradus/core/structured_ops.h>
#include <gradus/core/tensor.h>

namespace gradus {

// While one is alive, this thread records nothing, and in-place changes are allowed.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};
bool grad_enabled();  // no NoGrad is alive on this thread

// What forward keeps for backward. A kept tensor is a detached alias that remembers the version of its storage: reading
// it after an in-place change throws Error, naming the op and both versions.
class Saved {
 public:
  void operator()(const Tensor& t);          // in forward: keep t
  Tensor operator[](std::size_t i) const;    // in backward: the i-th kept tensor
  bool needs_grad(std::size_t input) const;  // whether that input's gradient is wanted, in forward and backward

 private:
  friend class Node;
  friend struct Autograd;
  struct Kept {
    Tensor alias;
    std::uint64_t version;
  };
  std::vector<Kept> kept_;
  std::vector<bool> needs_;
  std::string op_;  // for messages
  bool recording_ = false;
  bool freed_ = false;
};

// One recorded op, with one output.
class Node {
 public:
  virtual ~Node();
  const std::string& name() const { return saved_.op_; }  // "linear", "L1Penalty"

 protected:
  virtual Tensors run_backward(const Tensor& dy) const = 0;
  Saved saved_;

 private:
  friend struct Autograd;
  struct Edge {                  // where one input came from
    std::shared_ptr<Node> node;  // the op that made it, or
    Tensor leaf;                 // the leaf that it is; neither where no gradient is wanted
    Shape shape;
    DType dtype = float32;
  };
  std::uint64_t sequence_ = 0;  // in order of creation, so falling numbers visit users before makers
  std::vector<Edge> edges_;
};

// The engine's inside, used by apply() and Tensor.
struct Autograd {
  static bool wanted(const Tensors& inputs);
  static Saved begin(const char* name, const Tensors& inputs);
  static Tensor finish(Tensor output, const Tensors& inputs, std::shared_ptr<Node> node);  // node null: not recorded
  static void backward(const Tensor& from, const Tensor& gradient, bool retain_graph);
  static void accumulate(Tensor leaf, Tensor gradient);
};

namespace detail {
std::string demangled(const char* mangled);  // the last part of a type's name

template <class F>
const char* op_name() {
  if constexpr (requires { F::name; }) {
    return F::name;
  } else {
    static const std::string name = demangled(typeid(F).name());
    return name.c_str();
  }
}

template <class F>
class Recorded : public Node {
 public:
  Recorded(F f, Saved saved) : f_(std::move(f)) { saved_ = std::move(saved); }

 private:
  Tensors run_backward(const Tensor& dy) const override { return f_.backward(saved_, dy); }
  F f_;
};
}  // namespace detail

namespace detail {
template <class F, class Forward>
Tensor record(F f, const Tensors& inputs, Forward&& forward) {
  static_assert(
      !is_structured_op<F>() || is_listed<F>(StructuredOps{}),
      "an op of gradus::ops belongs into the list in core/structured_ops.h, and needs sample cases in tests/op_cases");
  Saved saved = Autograd::begin(op_name<F>(), inputs);
  Tensor output;
  {
    NoGrad guard;
    output = forward(f, saved);
  }
  std::shared_ptr<Node> node;
  if (Autograd::wanted(inputs)) node = std::make_shared<Recorded<F>>(std::move(f), std::move(saved));
  return Autograd::finish(std::move(output), inputs, std::move(node));
}
}  // namespace detail

// Runs f.forward(keep, inputs...) and records it where a gradient is wanted.
template <class F, std::derived_from<Tensor>... Inputs>
Tensor apply(F f, const Inputs&... inputs) {
  return detail::record(std::move(f), Tensors{inputs...},
                        [&](const F& g, Saved& keep) { return g.forward(keep, inputs...); });
}

// The same for an op that takes any number of inputs: f.forward(keep, inputs).
template <class F>
Tensor apply(F f, const Tensors& inputs) {
  return detail::record(std::move(f), inputs, [&](const F& g, Saved& keep) { return g.forward(keep, inputs); });
}

}  // namespace gradus
