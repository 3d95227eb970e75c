// Lecture 55: the classifier made from lecture 54's encoder, and its training step.
#pragma once
#include <gradus/models/lecture54.h>

namespace gradus::lecture55 {

inline constexpr Index code = 100;  // numbers in a code, in this lecture

// The adversarial autoencoder's own encoder, trained on, and a new layer: images [n, 784] -> a score for each class
// [n, 10].
struct Classifier : Module {
  explicit Classifier(const lecture54::QNet& Q);
  Tensor operator()(const Tensor& images) const;

  lecture54::QNet l1;
  Linear l2;
};

// One step on images [n, 784] and their labels [n]: forward, cross entropy, backward, update. Returns the loss, which
// is not waited for.
Tensor classifier_step(const Classifier& net, Optimizer& optimizer, const Tensor& images, const Tensor& labels);

}  // namespace gradus::lecture55
