#include <gradus/optim/lr_scheduler.h>

#include <cmath>
#include <numbers>

namespace gradus {

LRScheduler::LRScheduler(Optimizer& optimizer) : optimizer_(optimizer) {
  for (const Optimizer::Group& group : optimizer.groups()) initial_.push_back(group.lr);
}

void LRScheduler::step() {
  ++epoch_;
  for (std::size_t i = 0; i < initial_.size(); ++i) optimizer_.groups()[i].lr = rate(initial_[i], epoch_);
}

StepLR::StepLR(Optimizer& optimizer, Index step_size, double gamma)
    : LRScheduler(optimizer), step_size_(step_size), gamma_(gamma) {
  check(step_size > 0, "StepLR", "expected a positive step_size, got ", step_size);
}

double StepLR::rate(double initial, Index epoch) const {
  return initial * std::pow(gamma_, static_cast<double>(epoch / step_size_));
}

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, Index t_max, double eta_min)
    : LRScheduler(optimizer), t_max_(t_max), eta_min_(eta_min) {
  check(t_max > 0, "CosineAnnealingLR", "expected a positive t_max, got ", t_max);
}

double CosineAnnealingLR::rate(double initial, Index epoch) const {
  const double angle = std::numbers::pi * static_cast<double>(epoch) / static_cast<double>(t_max_);
  return eta_min_ + (initial - eta_min_) * (1 + std::cos(angle)) / 2;
}

}  // namespace gradus
