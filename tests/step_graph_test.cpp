// StepGraph where there is nothing to record: on the CPU it calls.
#include "catch.h"

#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/core/step_graph.h>
#include <gradus/layers/linear.h>
#include <gradus/optim/adam.h>

using namespace gradus;

TEST_CASE("on the CPU every call of a StepGraph is the function's") {
  int calls = 0;
  StepGraph step([&](const Tensor& a, const Tensor& b) {
    ++calls;
    return a + b;
  });
  for (int i = 1; i <= 4; ++i) {
    const Tensor sum = step(full({2}, i), ones({2}));
    CHECK(sum.to_vector<float>() == std::vector<float>(2, static_cast<float>(i + 1)));
    CHECK(calls == i);
  }
  step.reset();
  step(ones({3}), ones({3}));
  CHECK(calls == 5);
}

TEST_CASE("a StepGraph takes as many inputs as its function, and says so") {
  int calls = 0;
  StepGraph none([&] { ++calls; });
  CHECK_FALSE(none().defined());
  CHECK(calls == 1);
  StepGraph three([](const Tensor& a, const Tensor& b, const Tensor& c) { return a * b * c; });
  CHECK(three(full({}, 2), full({}, 3), full({}, 4)).item() == 24);
  CHECK(message_of([&] { three(ones({1})); }) == "StepGraph: the step takes 3 inputs, got 1");
  CHECK(message_of([&] { none(ones({1})); }) == "StepGraph: the step takes 0 inputs, got 1");
}

TEST_CASE("a StepGraph can be moved, and kept from recording") {
  StepGraph first([](const Tensor& x) { return x + 1; }, false);
  StepGraph second = std::move(first);
  CHECK(second(zeros({})).item() == 1);
  second = StepGraph([](const Tensor& x) { return x + 2; });
  CHECK(second(zeros({})).item() == 2);
}

TEST_CASE("steps on the CPU are plain ones, with their errors") {
  manual_seed(1);
  Linear layer(3, 2);
  Adam adam(layer.parameters());
  StepGraph step([&](const Tensor& x) {
    adam.zero_grad();
    const Tensor loss = mean(square(layer(x)));
    loss.backward();
    adam.step();
    return loss.item() > 0 ? loss : Tensor();  // nothing is refused here
  });
  for (int i = 0; i < 3; ++i) CHECK(step(ones({4, 3})).requires_grad());
  CHECK(message_of([&] { step(ones({4, 5})); }).starts_with("linear: "));
}
