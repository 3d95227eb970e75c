// gradcheck is tested by planted faults: gradients that are wrong in the usual ways, each of which it must catch and
// name.
#include "catch.h"

#include <functional>

#include <gradus/core/autograd.h>
#include <gradus/core/gradcheck.h>
#include <gradus/core/ops.h>
#include <gradus/core/random.h>

using namespace gradus;

namespace {

Tensor probe(const Shape& shape, std::uint64_t seed) {
  Generator g(seed);
  return randn(shape, float64, g);
}

// An op of one input whose backward is right but for one planted fault.
struct Planted {
  std::function<Tensor(const Tensor&)> value;
  std::function<Tensor(const Tensor& x, const Tensor& dy)> gradient;
  Tensor forward(Saved& keep, const Tensor& x) const {
    keep(x);
    return value(x);
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const { return {gradient(kept[0], dy)}; }
};

GradcheckReport check_planted(std::function<Tensor(const Tensor&)> value,
                              std::function<Tensor(const Tensor&, const Tensor&)> gradient, const Tensor& x) {
  return gradcheck([&](const Tensors& in) { return apply(Planted{value, gradient}, in[0]); }, {x});
}

bool says(const GradcheckReport& report, const std::string& words) {
  INFO(report.text);
  CHECK_FALSE(report.ok);
  return report.text.find(words) != std::string::npos;
}

Tensor cubed(const Tensor& x) { return x * x * x; }
Tensor slope(const Tensor& x, const Tensor& dy) { return 3 * square(x) * dy; }

struct Penalty {  // the identity, which adds a gradient of its own
  Tensor forward(Saved& keep, const Tensor& x) const {
    keep(x);
    return x;
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const { return {dy + 0.1 * sign(kept[0])}; }
};

struct BiasOfFirstRow {  // x + b, where b's gradient forgets to sum over the rows
  Tensor forward(Saved&, const Tensor& x, const Tensor& b) const { return x + b; }
  Tensors backward(const Saved&, const Tensor& dy) const { return {dy, dy[0]}; }
};

}  // namespace

TEST_CASE("right gradients pass") {
  const GradcheckReport report = gradcheck([](const Tensors& in) { return tanh(matmul(in[0], in[1])) * in[2]; },
                                           {probe({3, 4}, 1), probe({4, 5}, 2), probe({5}, 3)});
  INFO(report.text);
  CHECK(report.ok);
  CHECK(report.checked == 12 + 20 + 5);
  CHECK(report.text == "gradcheck passed: 37 elements");
  CHECK(report.error < 0.1);
  CHECK(check_planted(cubed, slope, probe({3, 2}, 4)).ok);
}

TEST_CASE("planted faults are caught and named") {
  const Tensor x = probe({3, 4}, 5), square_matrix = probe({3, 3}, 6);
  CHECK(says(check_planted(
                 cubed, [](auto& in, auto& dy) { return -slope(in, dy); }, x),
             "the sign is wrong"));
  CHECK(says(check_planted(
                 cubed, [](auto& in, auto& dy) { return 2 * slope(in, dy); }, x),
             "a factor 2 too much"));
  CHECK(says(check_planted(
                 cubed, [](auto& in, auto& dy) { return 0.5 * slope(in, dy); }, x),
             "a factor 2 is missing"));
  CHECK(says(check_planted(
                 cubed, [](auto& in, auto& dy) { return slope(in, dy).t().clone(); }, square_matrix),
             "it is transposed"));
  CHECK(says(check_planted(
                 cubed,
                 [](auto& in, auto& dy) {
                   return slope(in, dy).t().reshape({3, 4});
                 },
                 x),
             "it is transposed"));
  CHECK(says(check_planted(
                 cubed, [](auto& in, auto&) { return zeros_like(in); }, x),
             "the gradient is zero"));
  CHECK(says(check_planted(
                 cubed, [](auto& in, auto& dy) { return slope(in, dy) / 12; }, x),
             "off by 1/12: a mean instead of a sum?"));
  CHECK(says(check_planted(
                 cubed, [](auto& in, auto& dy) { return 0.7 * slope(in, dy); }, x),
             "off by a factor 0.7"));
  CHECK(says(check_planted(
                 cubed, [](auto& in, auto& dy) { return slope(in, dy) / zeros_like(in) * 0; }, x),
             "NaN"));
  CHECK(says(gradcheck([](const Tensors& in) { return apply(BiasOfFirstRow{}, in[0], in[1]); },
                       {probe({3, 4}, 7), probe({4}, 8)}),
             "the sum over the broadcast copies is missing"));
}

TEST_CASE("one wrong element is found") {
  const auto report = check_planted(
      cubed,
      [](auto& in, auto& dy) {
        Tensor dx = slope(in, dy);
        dx.template data<double>()[7] *= 1 + 1e-5;
        return dx;
      },
      probe({3, 4}, 9));
  CHECK(says(report, "at [1, 3]"));
  CHECK(report.input == 0);
  CHECK(report.element == 7);
}

TEST_CASE("the report has both values") {
  const auto report = check_planted(
      cubed, [](auto& in, auto& dy) { return -slope(in, dy); }, tensor({2}, float64));
  CHECK(report.numeric == Approx(-report.analytic));
  CHECK(report.text.starts_with("gradcheck failed: input 0 of shape [1] at [0]: backward gives "));
}

TEST_CASE("a penalty that only backward knows fails, and is told why") {
  const auto report = gradcheck([](const Tensors& in) { return apply(Penalty{}, in[0]); }, {probe({4}, 10)});
  CHECK(says(report, "a cotangent of zeros gives a gradient other than zero"));
  CHECK(says(report, "so it is not the derivative of its forward"));
}

TEST_CASE("a gradient that differs from run to run fails") {
  int calls = 0;
  const auto report = check_planted(
      cubed, [&](auto& in, auto& dy) { return slope(in, dy) * (1 + 1e-9 * calls++); }, probe({3}, 11));
  CHECK(says(report, "a second backward gives other bits than the first"));
}

TEST_CASE("a flat function proves nothing") {
  CHECK(says(gradcheck([](const Tensors& in) { return 1e-5 * in[0]; }, {probe({3}, 12)}), "proves nothing"));
  CHECK(says(gradcheck([](const Tensors& in) { return sum(softmax(in[0], 0)); }, {probe({3}, 12)}), "proves nothing"));
}

TEST_CASE("elements on a kink are moved, and it is said") {
  const auto report = gradcheck([](const Tensors& in) { return relu(in[0]); }, {tensor({-1, 0, 2, 1e-7}, float64)});
  INFO(report.text);
  CHECK(report.ok);
  CHECK(report.moved == 2);
  CHECK(report.text.find("2 elements were moved off a kink") != std::string::npos);
  CHECK(gradcheck([](const Tensors& in) { return exp(3 * in[0]); }, {tensor({-1, 0, 2}, float64)}).moved == 0);
}

TEST_CASE("random functions are rewound") {
  manual_seed(5);
  const auto offset = default_generator().offset;
  const auto f = [](const Tensors& in) { return in[0] * rand({4}, float64); };
  CHECK(gradcheck(f, {probe({4}, 13)}).ok);
  CHECK(default_generator().offset == offset);  // left where it was
  Generator own(1);
  CHECK(message_of([&] {
          gradcheck([&](const Tensors& in) { return in[0] * rand({4}, float64, own); }, {probe({4}, 13)});
        }).find("different results for the same inputs") != std::string::npos);
}

TEST_CASE("gradcheck refuses what it cannot check") {
  const auto f = [](const Tensors& in) { return in[0] * 2; };
  CHECK(message_of([&] { gradcheck(f, {ones({2})}); }) ==
        "gradcheck: expected at least one float64 input; convert inputs with .to(float64)");
  CHECK(message_of([&] { gradcheck([](const Tensors& in) { return in[0].to(float32); }, {ones({2}, float64)}); }) ==
        "gradcheck: the function returned float32; gradients are checked in float64");
  CHECK(message_of([&] {
          gradcheck([](const Tensors& in) { return log(in[0]); }, {tensor({-1, 2}, float64)});
        }) == "gradcheck: the function's result has NaN or infinity at these inputs; probe where it is finite");
  const Tensor index = tensor({1, 0}, int64);
  CHECK(gradcheck([](const Tensors& in) { return index_select(in[0], 0, in[1]); }, {probe({2, 3}, 14), index}).ok);
}
