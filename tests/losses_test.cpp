// The losses as function objects, against numbers worked out by hand.
#include <algorithm>
#include <cmath>

#include <gradus/layers/losses.h>

#include "catch.h"

using namespace gradus;

TEST_CASE("MSELoss and L1Loss, mean and sum", "[losses]") {
  const Tensor x = tensor({1, 2, 3, 4}, {2, 2}, float64).requires_grad_();
  const Tensor target = tensor({0, 4, 3, 1}, {2, 2}, float64);
  MSELoss criterion;
  CHECK(criterion(x, target).item() == 3.5);  // (1 + 4 + 0 + 9) / 4
  CHECK(MSELoss{Reduction::sum}(x, target).item() == 14);
  CHECK(L1Loss()(x, target).item() == 1.5);
  CHECK(L1Loss{Reduction::sum}(x, target).item() == 6);
  criterion(x, target).backward();
  CHECK(x.grad().to_vector<double>() == std::vector<double>{0.5, -1, 0, 1.5});
}

TEST_CASE("BCELoss and BCEWithLogitsLoss, mean and sum", "[losses]") {
  const Tensor x = tensor({0.5, 0.25, 0, 1}, float64).requires_grad_(), target = tensor({1, 0, 1, 0.5}, float64);
  const double expected = std::log(2) - std::log(0.75) + 100 + 50;  // logarithms of 0 are clamped
  CHECK(BCELoss{Reduction::sum}(x, target).item() == Approx(expected).epsilon(1e-14));
  CHECK(BCELoss()(x, target).item() == Approx(expected / 4).epsilon(1e-14));
  const Tensor z = tensor({0, std::log(3), 1000}, float64), hits = tensor({1, 0, 0.25}, float64);
  const double loss = std::log(2) + std::log(4) + 750;  // sigmoid(log(3)) is 3/4
  CHECK(BCEWithLogitsLoss{Reduction::sum}(z, hits).item() == Approx(loss).epsilon(1e-14));
  CHECK(BCEWithLogitsLoss()(z, hits).item() == Approx(loss / 3).epsilon(1e-14));
}

TEST_CASE("BCE at exactly 0 and 1, and of scores of +-1000, is finite, and so are its gradients", "[losses]") {
  const auto finite = [](const Tensor& t) {
    const std::vector<double> all = t.detach().to(float64).to_vector<double>();
    return std::all_of(all.begin(), all.end(), [](double v) { return std::isfinite(v); });
  };
  for (const DType dtype : {float32, float64}) {
    Tensor target = tensor({0, 1, 0, 1, 0.5}, dtype).requires_grad_();
    const Tensor x = tensor({0, 0, 1, 1, 1}, dtype).requires_grad_();
    const Tensor z = tensor({-1000, -1000, 1000, 1000, 1000}, dtype).requires_grad_();
    for (const Tensor& loss : {BCELoss()(x, target), BCEWithLogitsLoss()(z, target)}) {
      target.zero_grad();
      loss.backward();
      CHECK(finite(loss));
      CHECK(finite(target.grad()));
    }
    CHECK(finite(x.grad()));
    target.zero_grad();
    BCELoss{Reduction::sum}(x, target).backward();  // the clamped logarithms of 1 - x and x, subtracted
    CHECK(target.grad().to(float64).to_vector<double>() == std::vector<double>{100, 100, -100, -100, -100});
    CHECK(finite(z.grad()));
    // The naive way: 0 * log(0).
    const Tensor s = sigmoid(z);
    CHECK(std::isnan((-mean(target * log(s) + (1 - target) * log(1 - s))).item()));
  }
}

TEST_CASE("BCE with logits keeps the digits of small losses", "[losses]") {
  for (const double z : {-30.0, 30.0, 80.0}) {  // -log(sigmoid(|z|)) = e^-|z| - ...
    for (const DType dtype : {float32, float64}) {
      const double loss = BCEWithLogitsLoss()(tensor({z}, dtype), tensor({z > 0 ? 1.0 : 0.0}, dtype)).item();
      CHECK(loss == Approx(std::exp(-std::abs(z))).epsilon(dtype == float32 ? 2e-7 : 1e-13));
    }
  }
}

TEST_CASE("BCE of NaN is NaN, which is for the training loop to notice", "[losses]") {
  const Tensor nan = tensor({0.5, NAN}, float64), target = tensor({1, 0}, float64);
  CHECK(std::isnan(BCELoss()(nan, target).item()));
  CHECK(std::isnan(BCEWithLogitsLoss()(nan, target).item()));
}

TEST_CASE("NLLLoss and CrossEntropyLoss, mean and sum", "[losses]") {
  const Tensor target = tensor({2, 0}, int64);
  const Tensor log_probs = tensor({-3, -2, -1, -0.5, -4, -5}, {2, 3}, float64);
  CHECK(NLLLoss()(log_probs, target).item() == 0.75);
  CHECK(NLLLoss{Reduction::sum}(log_probs, target).item() == 1.5);
  // Scores log(1), log(2), log(5) are probabilities 1/8, 2/8, 5/8; equal scores are 1/3 each.
  const Tensor logits = tensor({std::log(1), std::log(2), std::log(5), 7, 7, 7}, {2, 3}, float64);
  const double expected = std::log(8.0 / 5) + std::log(3);
  CHECK(CrossEntropyLoss{Reduction::sum}(logits, target).item() == Approx(expected).epsilon(1e-14));
  CHECK(CrossEntropyLoss()(logits, target).item() == Approx(expected / 2).epsilon(1e-14));
}
