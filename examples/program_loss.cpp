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
  if (device_.is_cpu()) return take(loss.item(), weight);
  const auto i = static_cast<Index>(weights_.size()), page = i / page_size, row = i % page_size;
  NoGrad guard;
  if (page == static_cast<Index>(pages_.size())) pages_.push_back(empty({page_size}, {float64, device_}));
  pages_[static_cast<std::size_t>(page)].rows(row, row + 1).copy_(loss.detach().reshape({1}));
  weights_.push_back(weight);
}

void LossMeter::take(double loss, Index weight) {
  ++taken_;
  if (std::isfinite(loss)) {
    total_ += loss * static_cast<double>(weight);
    weight_ += weight;
    return;
  }
  const std::string value = std::isnan(loss) ? "nan" : loss > 0 ? "inf" : "-inf";
  const std::string epoch = epoch_ > 0 ? "epoch " + std::to_string(epoch_) + ", " : "";
  const std::string of = steps_ > 0 ? " of " + std::to_string(steps_) : "";
  fail(phase_.c_str(), "the loss is ", value, " at ", epoch, "step ", taken_, of, "; nothing ",
       epoch_ > 0 ? "of this epoch was written" : "was written since", "; ",
       grad_enabled() ? "too large numbers in data or options, or too high a learning rate, do that"
                      : "look at the saved network and the data");
}

void LossMeter::check() {
  const std::vector<Index> weights = std::exchange(weights_, {});
  for (std::size_t i = 0; i < weights.size(); i += page_size) {
    const auto count = std::min<std::size_t>(page_size, weights.size() - i);
    const auto losses = pages_[i / page_size].rows(0, static_cast<Index>(count)).to(cpu).to_vector<double>();
    for (std::size_t k = 0; k < count; ++k) take(losses[k], weights[i + k]);
  }
}

double LossMeter::mean() {
  check();
  gradus::check(weight_ > 0, phase_.c_str(), "there is no loss to take the mean of");
  return std::exchange(total_, 0) / static_cast<double>(std::exchange(weight_, 0));
}

}  // namespace gradus
