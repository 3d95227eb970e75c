#include <gradus/optim/sgd.h>

#include <gradus/core/on.h>
#include <gradus/core/recording.h>
#include <gradus/kernels/optimizers.h>

namespace gradus {

Sgd::Sgd(const std::vector<ParamGroup>& groups, SgdOptions options)
    : Optimizer("Sgd", groups, options.lr, options.weight_decay), options_(options) {
  check(options.momentum >= 0, "Sgd", "the momentum is ", options.momentum, ", expected 0 or more");
  check(options.dampening >= 0 && options.dampening <= 1, "Sgd", "the dampening is ", options.dampening,
        ", expected 0 to 1");
  check(!options.nesterov || (options.momentum > 0 && options.dampening == 0), "Sgd",
        "Nesterov's form needs a momentum and no dampening");
}

void Sgd::update(const Group& group, const std::vector<Update>& updates) {
  const bool first = updates.front().state->steps == 1;
  on_floating("Sgd", updates.front().w, [&]<class T>(auto exec) {
    const auto step = [this, &group, first] {
      return kernels::SgdStep<T>{.lr = T(group.lr),
                                 .weight_decay = T(group.weight_decay),
                                 .momentum = T(options_.momentum),
                                 .decay = T(first ? 0 : options_.momentum),
                                 .take = T(first ? 1 : 1 - options_.dampening),
                                 .nesterov = options_.nesterov};
    };
    std::vector<kernels::SgdArrays<T>> arrays;
    for (const auto& [w, g, state] : updates) {
      T* buffer = state->buffers.empty() ? nullptr : pointer<T>(state->buffers[0]);
      arrays.push_back({w.numel(), pointer<T>(w), pointer<T>(g), buffer});
    }
    kernels::sgd_step<T>(exec, step(), arrays, recorded_value(step));
  });
}

}  // namespace gradus
