// The engine. Read autograd.h first. Three things happen here: apply() records nodes (begin, finish), backward() walks
// them, and ~Node takes graphs apart.
#include <gradus/core/autograd.h>

#include <cxxabi.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <unordered_map>

#include <gradus/core/ops.h>
#include <gradus/core/tensor_impl.h>

namespace gradus {

// --- switching it off ---

namespace {
thread_local bool recording_enabled = true;
}

NoGrad::NoGrad() : before_(std::exchange(recording_enabled, false)) {}
NoGrad::~NoGrad() { recording_enabled = before_; }
bool grad_enabled() { return recording_enabled; }

// --- what forward keeps ---

// A detached alias: a node that kept its own output would otherwise own itself, and never be freed.
void Saved::operator()(const Tensor& t) {
  if (recording_) kept_.push_back({t.defined() ? t.detach() : t, t.defined() ? t.storage()->version() : 0});
}

Tensor Saved::operator[](std::size_t i) const {
  check(i < kept_.size(), "backward", "'", op_, "' asks for kept tensor ", i, " but its forward kept ", kept_.size());
  const auto& [alias, version] = kept_[i];
  if (!alias.defined()) return alias;
  const std::uint64_t now = alias.storage()->version();
  check(now == version, "backward", "a tensor of shape ", alias.shape(), " that '", op_,
        "' kept for its gradient was changed in place: it is at version ", now, ", expected version ", version,
        "; change a clone(), or call backward() before the change");
  return alias;
}

bool Saved::needs_grad(std::size_t input) const { return input < needs_.size() && needs_[input]; }

// --- recording ---

bool Autograd::wanted(const Tensors& inputs) {
  return grad_enabled() &&
         std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) { return t.defined() && t.requires_grad(); });
}

Saved Autograd::begin(const char* name, const Tensors& inputs) {
  Saved saved;
  saved.op_ = name;
  saved.recording_ = wanted(inputs);
  for (const Tensor& t : inputs) saved.needs_.push_back(saved.recording_ && t.defined() && t.requires_grad());
  return saved;
}

Tensor Autograd::finish(Tensor output, const Tensors& inputs, std::shared_ptr<Node> node) {
  check(output.defined(), "apply", "a forward returned an undefined tensor");
  // An output that somebody else holds, as an input or as a member of the function object, becomes a tensor of its own
  // here, or that tensor would turn into this op's result.
  if (output.impl_.use_count() > 1) output = output.detach();
  if (!node || !is_floating(output.dtype())) return output;

  static std::atomic<std::uint64_t> counter{0};
  node->sequence_ = ++counter;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Node::Edge edge;
    if (node->saved_.needs_grad(i)) {
      edge = {inputs[i].grad_fn(), inputs[i].is_leaf() ? inputs[i] : Tensor(), inputs[i].shape(), inputs[i].dtype()};
    }
    node->edges_.push_back(std::move(edge));
  }
  output.impl_->node = std::move(node);
  output.impl_->requires_grad = true;
  return output;
}

// --- backward ---

namespace {

using Pending =
    std::unordered_map<Node*, Tensor>;  // the gradient of each reachable node's output, as far as it is added up

// Sums a gradient down to its input's shape: the reverse of broadcasting, for all ops in this one place.
Tensor fitted(const Tensor& gradient, const Shape& shape, DType dtype, const std::string& op, std::size_t input) {
  check(gradient.dtype() == dtype, "backward", "'", op, "' returned a ", gradient.dtype(), " gradient for input ",
        input, ", which is ", dtype);
  if (gradient.shape() == shape) return gradient;
  bool fits = gradient.dim() >= shape.rank();
  for (int i = 1; fits && i <= shape.rank(); ++i) {
    fits = shape[shape.rank() - i] == 1 || shape[shape.rank() - i] == gradient.shape()[gradient.dim() - i];
  }
  check(fits, "backward", "'", op, "' returned a gradient of shape ", gradient.shape(), " for input ", input,
        " of shape ", shape);
  return sum_to(gradient, shape);
}

// The first gradient moves in, later ones add up: nothing is cleared, and nothing is changed in place.
void add_to(Tensor& sum, const Tensor& gradient) { sum = sum.defined() ? sum + gradient : gradient; }

}  // namespace

// A leaf's gradient is the user's to change in place, so it must not share its numbers with another tensor.
void Autograd::accumulate(Tensor leaf, Tensor gradient) {
  const Tensor before = leaf.grad();
  if (before.defined()) return leaf.set_grad(before + gradient);
  const bool shared = gradient.impl_.use_count() > 1 || gradient.storage().use_count() > 1;
  leaf.set_grad(shared ? gradient.clone() : std::move(gradient));
}

void Autograd::backward(const Tensor& from, const Tensor& gradient, bool retain_graph) {
  check(from.requires_grad(), "backward",
        "this tensor does not require a gradient: none of what it was computed from does, or it was computed under "
        "NoGrad");
  check(gradient.defined() || from.numel() == 1, "backward", "a gradient is needed for a tensor of shape ",
        from.shape(), "; pass one of that shape, or reduce the tensor with sum() or mean()");
  NoGrad guard;
  const Tensor start = gradient.defined() ? gradient : ones_like(from);
  check(start.shape() == from.shape() && start.dtype() == from.dtype(), "backward", "the gradient is ", start.dtype(),
        " of shape ", start.shape(), ", the tensor ", from.dtype(), " of shape ", from.shape());
  if (from.is_leaf()) return accumulate(from, start);

  // Everything reachable, with an explicit stack: a long graph must not overflow the real one.
  Pending pending{{from.grad_fn().get(), start}};
  std::vector<Node*> order{from.grad_fn().get()};
  for (std::size_t next = 0; next < order.size(); ++next) {
    Node* node = order[next];
    check(!node->saved_.freed_, "backward", "the graph of '", node->name(),
          "' was already used, and what it kept is freed; compute the loss again, or pass retain_graph = true to the "
          "first backward()");
    for (const Node::Edge& edge : node->edges_) {
      if (edge.node && pending.try_emplace(edge.node.get()).second) order.push_back(edge.node.get());
    }
  }
  // Users were made after what they use, so by falling number each node comes after all of its users.
  std::sort(order.begin(), order.end(), [](const Node* a, const Node* b) { return a->sequence_ > b->sequence_; });

  for (Node* node : order) {
    Tensor dy = std::exchange(pending[node], Tensor());
    if (!dy.defined()) continue;  // its users gave it no gradient
    Tensors grads = node->run_backward(dy);
    check(grads.size() == node->edges_.size(), "backward", "'", node->name(), "' returned ", grads.size(),
          " gradients for ", node->edges_.size(), " inputs");
    dy = Tensor();
    if (!retain_graph) {
      node->saved_.freed_ = !node->saved_.kept_.empty();
      node->saved_.kept_.clear();
    }
    for (std::size_t i = 0; i < grads.size(); ++i) {
      const Node::Edge& edge = node->edges_[i];
      if (!grads[i].defined() || (!edge.node && !edge.leaf.defined())) continue;
      Tensor dx = fitted(std::exchange(grads[i], Tensor()), edge.shape, edge.dtype, node->name(), i);
      if (edge.node) {
        add_to(pending[edge.node.get()], dx);
      } else {
        accumulate(edge.leaf, std::move(dx));
      }
    }
  }
}

// --- taking graphs apart ---

// Parents go to a list instead of being destroyed inside their child's destructor, so that depth costs no stack.
Node::~Node() {
  thread_local std::vector<std::shared_ptr<Node>>* list = nullptr;
  std::vector<std::shared_ptr<Node>> own;
  const bool outermost = list == nullptr;
  if (outermost) list = &own;
  for (Edge& edge : edges_) {
    if (edge.node) list->push_back(std::move(edge.node));
  }
  if (!outermost) return;
  while (!own.empty()) {
    const std::shared_ptr<Node> last = std::move(own.back());
    own.pop_back();
  }
  list = nullptr;
}

std::string detail::demangled(const char* mangled) {
  int status = 0;
  char* text = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string name = status == 0 ? text : mangled;
  std::free(text);
  const std::size_t arguments = name.find('<');
  const std::size_t colon = name.substr(0, arguments).rfind("::");
  return colon == std::string::npos ? name : name.substr(colon + 2);
}

}  // namespace gradus
