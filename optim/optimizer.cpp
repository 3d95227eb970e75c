#include <gradus/optim/optimizer.h>

#include <algorithm>
#include <cmath>

#include <gradus/core/autograd.h>
#include <gradus/core/recording.h>

namespace gradus {
namespace {

void check_parameter(const char* op, const Tensor& p, const Tensors& before) {
  check(p.defined(), op, "a parameter is an undefined tensor");
  check(is_floating(p.dtype()), op, "a parameter of shape ", p.shape(), " is ", p.dtype(),
        ", expected float32 or float64");
  check(p.is_leaf(), op, "a parameter of shape ", p.shape(), " is the result of an op; only leaves are optimised");
  for (const Tensor& other : before) check(!p.same(other), op, "a parameter of shape ", p.shape(), " is given twice");
}

}  // namespace

Optimizer::Optimizer(const char* name, const std::vector<ParamGroup>& groups, double lr, double weight_decay)
    : name_(name) {
  Tensors all;
  for (const ParamGroup& group : groups) {
    for (const Tensor& p : group.params) {
      check_parameter(name_, p, all);
      all.push_back(p);
    }
    groups_.push_back({group.params, group.lr.value_or(lr), group.weight_decay.value_or(weight_decay)});
    states_.emplace_back(group.params.size());
  }
  check(!all.empty(), name_, "there are no parameters to optimise");
  check_rates();
}

void Optimizer::check_rates() const {
  for (const Group& group : groups_) {
    check(group.lr >= 0 && std::isfinite(group.lr), name_, "the learning rate is ", group.lr,
          ", expected a finite number, 0 or more");
    check(group.weight_decay >= 0, name_, "the weight decay is ", group.weight_decay, ", expected 0 or more");
  }
}

void Optimizer::check_buffers() const {
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    for (std::size_t k = 0; k < states_[i].size(); ++k) {
      const Tensor& p = groups_[i].params[k];
      for (const Tensor& b : states_[i][k].buffers) {
        check(b.shape() == p.shape() && b.dtype() == p.dtype() && b.device() == p.device(), name_, "a parameter was ",
              b.dtype(), " ", b.shape(), " on ", b.device(), " and is now ", p.dtype(), " ", p.shape(), " on ",
              p.device(), "; make the optimiser after to()");
      }
    }
  }
}

std::vector<Optimizer::Update> Optimizer::due(std::size_t group) {
  std::vector<Update> updates;
  for (std::size_t k = 0; k < states_[group].size(); ++k) {
    const Tensor& p = groups_[group].params[k];
    if (!p.grad().defined()) continue;
    State& state = states_[group][k];
    if (state.steps == 0) {
      refuse_while_recording(name_, "a parameter of shape " + p.shape().str() + " gets its first gradient",
                             "let it have one in the first call, too, which is not recorded");
    }
    if (state.steps++ == 0) {
      for (int b = 0; b < buffers(); ++b) state.buffers.push_back(zeros_like(p));
    }
    updates.push_back({p, p.grad(), &state});
  }
  return updates;
}

void Optimizer::step() {
  check_rates();
  check_buffers();
  NoGrad guard;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    std::vector<Update> rest = due(i);
    while (!rest.empty()) {
      const Update first = rest.front();
      const auto alike = [&](const Update& u) {
        return u.w.dtype() == first.w.dtype() && u.w.device() == first.w.device() &&
               u.state->steps == first.state->steps;
      };
      const auto others = std::stable_partition(rest.begin(), rest.end(), alike);
      const std::vector<Update> together(rest.begin(), others);
      rest.erase(rest.begin(), others);
      if (Recording::current()) record(together);
      update(groups_[i], together);
      for (const Update& u : together) u.w.bump_version();
    }
  }
}

void Optimizer::record(const std::vector<Update>& together) {
  std::vector<State*> states;
  for (const Update& u : together) states.push_back(u.state);
  const auto count = [states](std::int64_t steps) {
    for (State* state : states) state->steps += steps;
  };
  Recording& recording = *Recording::current();
  recording.each_call([count] { count(1); }, [count] { count(-1); });
  recording.require([this, states] {
    check_rates();
    const auto alike = [&](const State* state) { return state->steps == states.front()->steps; };
    return std::all_of(states.begin(), states.end(), alike);
  });
}

void Optimizer::zero_grad() {
  for (const Group& group : groups_) {
    for (Tensor p : group.params) p.zero_grad();
  }
}

}  // namespace gradus
