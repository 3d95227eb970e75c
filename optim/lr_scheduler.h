// Learning-rate schedules: each epoch's rate of every group, as a factor or an arc from the rate that the group had
// when the schedule was made. Call step() after each epoch. The optimiser must outlive the schedule.
#pragma once
#include <vector>

#include <gradus/optim/optimizer.h>

namespace gradus {

class LRScheduler {
 public:
  virtual ~LRScheduler() = default;
  void step();  // the next epoch begins
  Index epoch() const { return epoch_; }

 protected:
  explicit LRScheduler(Optimizer& optimizer);
  virtual double rate(double initial, Index epoch) const = 0;

 private:
  Optimizer& optimizer_;
  std::vector<double> initial_;
  Index epoch_ = 0;
};

// initial * gamma^floor(epoch / step_size). Throws Error unless step_size is positive.
class StepLR : public LRScheduler {
 public:
  StepLR(Optimizer& optimizer, Index step_size, double gamma = 0.1);

 private:
  double rate(double initial, Index epoch) const override;
  Index step_size_;
  double gamma_;
};

// eta_min + (initial - eta_min) (1 + cos(pi epoch / t_max)) / 2: down to eta_min in t_max epochs, and up again after.
// Throws Error unless t_max is positive.
class CosineAnnealingLR : public LRScheduler {
 public:
  CosineAnnealingLR(Optimizer& optimizer, Index t_max, double eta_min = 0);

 private:
  double rate(double initial, Index epoch) const override;
  Index t_max_;
  double eta_min_;
};

}  // namespace gradus
