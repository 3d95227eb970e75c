// Adam and AdamW, which differ in what weight decay means.
#pragma once
#include <gradus/optim/optimizer.h>

namespace gradus {

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;  // in [0, 1)
  double eps = 1e-8;                  // at least 1e-12: moments below 1e-30 count as zero
  double weight_decay = 0;            // added to the gradient: weight_decay w
};

struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;  // shrinks the weight beside the step: w -= lr weight_decay w
};

// m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2, both zero at first;
// w -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps), t counting the parameter's steps. As PyTorch's Adam.
// (kernels/optimizer_formulas.h, where the papers are named.) Throws Error for options out of their range.
class Adam : public Optimizer {
 public:
  explicit Adam(const Tensors& params, AdamOptions options = {}) : Adam(std::vector<ParamGroup>{{params}}, options) {}
  explicit Adam(const std::vector<ParamGroup>& groups, AdamOptions options = {})
      : Adam("Adam", groups, options, false) {}

 protected:
  Adam(const char* name, const std::vector<ParamGroup>& groups, AdamOptions options, bool decoupled);

 private:
  int buffers() const override { return 2; }
  void update(const Group& group, const std::vector<Update>& updates) override;

  AdamOptions options_;
  bool decoupled_;  // the decay shrinks the weight and leaves the gradient alone
};

class AdamW : public Adam {
 public:
  explicit AdamW(const Tensors& params, AdamWOptions options = {})
      : AdamW(std::vector<ParamGroup>{{params}}, options) {}
  explicit AdamW(const std::vector<ParamGroup>& groups, AdamWOptions o = {})
      : Adam("AdamW", groups, {o.lr, o.beta1, o.beta2, o.eps, o.weight_decay}, true) {}
};

}  // namespace gradus
