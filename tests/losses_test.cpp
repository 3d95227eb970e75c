// The losses as function objects, against numbers worked out by hand.
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
