// Sgd: gradient descent, plain or with momentum.
#pragma once
#include <gradus/optim/optimizer.h>

namespace gradus {

struct SgdOptions {
  double lr = 1e-3;
  double momentum = 0;
  double weight_decay = 0;
  double dampening = 0;
  bool nesterov = false;  // needs a momentum and no dampening
};

// d = g + weight_decay w;  b = momentum b + (1 - dampening) d (b = d in the first step);  w -= lr b.
// Without momentum w -= lr d; Nesterov's w -= lr (d + momentum b). As PyTorch's SGD.
class Sgd : public Optimizer {
 public:
  explicit Sgd(const Tensors& params, SgdOptions options = {}) : Sgd(std::vector<ParamGroup>{{params}}, options) {}
  explicit Sgd(const std::vector<ParamGroup>& groups, SgdOptions options = {});

 private:
  int buffers() const override { return options_.momentum == 0 ? 0 : 1; }
  void update(const Group& group, const std::vector<Update>& updates) override;

  SgdOptions options_;
};

}  // namespace gradus
