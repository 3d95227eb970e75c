#include <gradus/examples/program_loss.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include <gradus/core/autograd.h>
#include <gradus/core/error.h>

namespace gradus {

namespace {

constexpr Index page_size = 1024;

}  // namespace

LossMeter::LossMeter(std::string phase, Device device, Index steps, Index epoch)
    : phase_(std::move(phase)), device_(device), steps_(steps), epoch_(epoch) {}

void LossMeter::add(const Tensor& loss, Index weight) {
  if (device_.is_cpu()) {
    take(loss.item(), weight);
    return check();
  }
  const auto i = static_cast<Index>(weights_.size()), page = i / page_size, row = i % page_size;
  NoGrad guard;
  if (page == static_cast<Index>(pages_.size())) pages_.push_back(empty({page_size}, {float64, device_}));
  pages_[static_cast<std::size_t>(page)].rows(row, row + 1).copy_(loss.detach().reshape({1}));
  weights_.push_back(weight);
}

void LossMeter::take(double loss, Index weight) {
  ++taken_;
  total_ += loss * static_cast<double>(weight);
  weight_ += weight;
  if (bad_step_ > 0 || std::isfinite(loss)) return;
  bad_step_ = taken_;
  bad_loss_ = loss;
}

void LossMeter::read() {
  const std::vector<Index> weights = std::exchange(weights_, {});
  for (std::size_t i = 0; i < weights.size(); i += page_size) {
    const auto count = std::min<std::size_t>(page_size, weights.size() - i);
    const auto losses = pages_[i / page_size].rows(0, static_cast<Index>(count)).to(cpu).to_vector<double>();
    for (std::size_t k = 0; k < count; ++k) take(losses[k], weights[i + k]);
  }
}

void LossMeter::complain() const {
  const std::string value = std::isnan(bad_loss_) ? "nan" : bad_loss_ > 0 ? "inf" : "-inf";
  const std::string epoch = epoch_ > 0 ? "epoch " + std::to_string(epoch_) + ", " : "";
  const std::string of = steps_ > 0 ? " of " + std::to_string(steps_) : "";
  fail(phase_.c_str(), "the loss is ", value, " at ", epoch, "step ", bad_step_, of, "; nothing ",
       epoch_ > 0 ? "of this epoch was written" : "was written since the last row of metrics.csv", "; ",
       grad_enabled() ? "too large numbers in data or options, or too high a learning rate, do that"
                      : "look at the saved network and the data");
}

void LossMeter::check() {
  read();
  if (bad_step_ > 0) complain();
}

void LossMeter::check(const std::vector<LossMeter*>& meters) {
  const LossMeter* first = nullptr;
  for (LossMeter* meter : meters) {
    meter->read();
    if (meter->bad_step_ > 0 && (!first || meter->bad_step_ < first->bad_step_)) first = meter;
  }
  if (first) first->complain();
}

double LossMeter::mean() {
  check();
  gradus::check(weight_ > 0, phase_.c_str(), "there is no loss to take the mean of");
  return std::exchange(total_, 0) / static_cast<double>(std::exchange(weight_, 0));
}

}  // namespace gradus
