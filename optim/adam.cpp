#include <gradus/optim/adam.h>

#include <cmath>

#include <gradus/core/on.h>
#include <gradus/core/recording.h>
#include <gradus/kernels/optimizers.h>

namespace gradus {

Adam::Adam(const char* name, const std::vector<ParamGroup>& groups, AdamOptions options, bool decoupled)
    : Optimizer(name, groups, options.lr, options.weight_decay), options_(options), decoupled_(decoupled) {
  for (const double beta : {options.beta1, options.beta2}) {
    check(beta >= 0 && beta < 1, name, "a beta is ", beta, ", expected 0 or more and less than 1");
  }
  check(options.eps >= 1e-12, name, "eps is ", options.eps, ", expected at least 1e-12: smaller moments count as zero");
}

void Adam::update(const Group& group, const std::vector<Update>& updates) {
  const State* const state = updates.front().state;
  on_floating("Adam", updates.front().w, [&]<class T>(auto exec) {
    const auto step = [this, &group, state] {
      const double t = static_cast<double>(state->steps);
      const double correction1 = 1 - std::pow(options_.beta1, t), correction2 = 1 - std::pow(options_.beta2, t);
      return kernels::AdamStep<T>{.step_size = T(group.lr / correction1),
                                  .take1 = T(1 - options_.beta1),
                                  .beta2 = T(options_.beta2),
                                  .take2 = T(1 - options_.beta2),
                                  .root_correction = T(1 / std::sqrt(correction2)),
                                  .eps = T(options_.eps),
                                  .weight_decay = T(decoupled_ ? 0 : group.weight_decay),
                                  .shrink = T(decoupled_ ? 1 - group.lr * group.weight_decay : 1)};
    };
    std::vector<kernels::AdamArrays<T>> arrays;
    for (const Update& u : updates) {
      const Tensors& moments = u.state->buffers;
      arrays.push_back({u.w.numel(), pointer<T>(u.w), pointer<T>(u.g), pointer<T>(moments[0]), pointer<T>(moments[1])});
    }
    kernels::adam_step<T>(exec, step(), arrays, recorded_value(step));
  });
}

}  // namespace gradus
