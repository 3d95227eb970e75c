// Optimizer: what Sgd, Adam and AdamW share: groups of parameters with a learning rate each, and state by parameter.
//
//   Adam optimizer(net.parameters(), {.lr = 1e-3});
//   ...
//   optimizer.zero_grad();
//   loss.backward();
//   optimizer.step();
//
// Groups with rates of their own: Sgd optimizer({{.params = encoder.parameters()}, {.params = last.parameters(),
// .lr = 0.01}}, {.lr = 0.1}). Two optimisers may hold one parameter; each has its own state for it.
//
// In a StepGraph (core/step_graph.h) the rates and the number of steps are those of each call.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <gradus/core/tensor.h>

namespace gradus {

// Parameters with options of their own; what is left out is the optimiser's.
struct ParamGroup {
  Tensors params;
  std::optional<double> lr = {};
  std::optional<double> weight_decay = {};
};

class Optimizer {
 public:
  struct Group {
    const Tensors params;
    double lr, weight_decay;  // may be changed between steps
  };

  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;  // schedules refer to it
  Optimizer& operator=(const Optimizer&) = delete;

  // Changes each parameter that has a gradient, in place; the others, and their state, stay as they are. Throws Error,
  // and changes nothing, where a parameter's shape, dtype or device is no longer what it was at its first step.
  void step();
  void zero_grad();
  std::span<Group> groups() { return groups_; }

 protected:
  struct State {
    std::int64_t steps = 0;  // how often this parameter was changed, this step included
    Tensors buffers;         // zeros at the first step: momentum, moments
  };

  // Throws Error, naming `name`, for no parameters at all, for one that is undefined, int64, the result of an op or
  // given twice, and for a negative rate or decay.
  Optimizer(const char* name, const std::vector<ParamGroup>& groups, double lr, double weight_decay);

  virtual int buffers() const = 0;  // how many a parameter has

  struct Update {
    Tensor w, g;  // the parameter, which is written, and its gradient
    State* state;
  };
  // Changes parameters of one dtype, one device and one number of steps, all in one go. What depends on the group's
  // rates or on the steps is a recorded_value() (core/recording.h).
  virtual void update(const Group& group, const std::vector<Update>& updates) = 0;

 private:
  void record(const std::vector<Update>& together);  // says to the step that is being recorded what is to go on
  void check_rates() const;
  void check_buffers() const;
  std::vector<Update> due(std::size_t group);  // the parameters that have a gradient; their steps are counted

  const char* name_;
  std::vector<Group> groups_;
  std::vector<std::vector<State>> states_;  // of groups_[i].params[k]
};

}  // namespace gradus
