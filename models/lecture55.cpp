#include <gradus/models/lecture55.h>

#include <gradus/core/ops.h>

namespace gradus::lecture55 {

Classifier::Classifier(const lecture54::QNet& Q)
    : Module("classifier"), l1(child("l1", Q)), l2(child("l2", Linear(Q.lin3gauss.weight.size(0), 10))) {
  l2.to(Q.lin3gauss.weight.dtype());
  l2.to(Q.lin3gauss.weight.device());
}

Tensor Classifier::operator()(const Tensor& images) const { return l2(l1(images)); }

Tensor classifier_step(const Classifier& net, Optimizer& optimizer, const Tensor& images, const Tensor& labels) {
  optimizer.zero_grad();
  const Tensor loss = cross_entropy(net(images), labels);
  loss.backward();
  optimizer.step();
  return loss.detach();
}

}  // namespace gradus::lecture55
