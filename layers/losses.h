// The losses as function objects, as PyTorch's programs hold them: MSELoss criterion; Tensor loss = criterion(y,
// target). Their formulas are the functions' of core/ops.h.
#pragma once
#include <gradus/core/ops.h>

namespace gradus {

struct MSELoss {
  Reduction reduction = Reduction::mean;
  Tensor operator()(const Tensor& x, const Tensor& target) const { return mse_loss(x, target, reduction); }
};

struct L1Loss {
  Reduction reduction = Reduction::mean;
  Tensor operator()(const Tensor& x, const Tensor& target) const { return l1_loss(x, target, reduction); }
};

struct BCELoss {  // of probabilities
  Reduction reduction = Reduction::mean;
  Tensor operator()(const Tensor& x, const Tensor& target) const { return binary_cross_entropy(x, target, reduction); }
};

struct BCEWithLogitsLoss {  // of unscaled scores: BCELoss of their sigmoid
  Reduction reduction = Reduction::mean;
  Tensor operator()(const Tensor& z, const Tensor& target) const {
    return binary_cross_entropy_with_logits(z, target, reduction);
  }
};

struct NLLLoss {  // of log-probabilities [n, classes] and int64 classes [n]
  Reduction reduction = Reduction::mean;
  Tensor operator()(const Tensor& log_probs, const Tensor& target) const {
    return nll_loss(log_probs, target, reduction);
  }
};

struct CrossEntropyLoss {  // of unscaled scores [n, classes] and int64 classes [n]
  Reduction reduction = Reduction::mean;
  Tensor operator()(const Tensor& logits, const Tensor& target) const {
    return cross_entropy(logits, target, reduction);
  }
};

}  // namespace gradus
