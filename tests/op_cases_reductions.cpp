// Cases of sum, mean, max and argmax.
#include <limits>

#include "op_cases.h"

using namespace gradus;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

using Reduce = Tensor (*)(const Tensor& x, const Dims& dims, bool keepdim);

// Over all dimensions, each one, adjacent and separate ones; kept or not; and where there is little to reduce.
std::vector<OpCase> reduction_cases(const std::string& name, Reduce f) {
  std::vector<OpCase> cases;
  const auto add = [&](const Shape& shape, const Dims& dims, bool keepdim) {
    const std::string over = " over " + (dims.empty() ? "all" : list(dims)) + (keepdim ? " keepdim" : "");
    cases.push_back({name + " " + shape.str() + over, {pattern(shape, 0)}, [=](const Tensors& x) {
                       return f(x[0], dims, keepdim);
                     }});
  };
  for (const Dims& dims :
       {Dims{}, Dims{0}, Dims{1}, Dims{2}, Dims{-1}, Dims{0, 1}, Dims{1, 2}, Dims{0, 2}, Dims{-1, 0}}) {
    add({2, 3, 4}, dims, false);
  }
  for (const Dims& dims : {Dims{}, Dims{1}, Dims{0, 2}}) add({2, 3, 4}, dims, true);
  for (const Dims& dims : {Dims{0, 2}, Dims{1, 3}, Dims{0, 1, 3}, Dims{1, 2}}) add({2, 3, 4, 5}, dims, false);
  add({}, {}, false);
  add({1, 3}, {0}, false);
  add({0, 3}, {1}, false);
  return cases;
}

Tensor ties() { return values({1, 3, 3, 2, 3, 1}, {2, 3}); }
Tensor with_nan() { return values({1, nan, 2, 4, 3, 5}, {2, 3}); }

OpEntry mean_entry() {
  return {"mean", "sum of x over the dims, divided by their number", "dy / number, to each", false,
          reduction_cases("mean", mean)};
}

OpEntry argmax_entry() {
  std::vector<OpCase> cases;
  const auto add = [&](const std::string& name, const Tensor& x, std::function<Tensor(const Tensor&)> f) {
    cases.push_back({"argmax " + name, {x}, [f](const Tensors& in) { return f(in[0]); }, Gradient::none});
  };
  const auto along = [](Index dim, bool keepdim = false) {
    return [=](const Tensor& x) { return argmax(x, dim, keepdim); };
  };
  const auto over_all = [](const Tensor& x) { return argmax(x); };
  const Tensor x = pattern({2, 3, 4}, 0);
  add("[2, 3, 4] over all", x, over_all);
  add("[2, 3, 4] over 0", x, along(0));
  add("[2, 3, 4] over 1", x, along(1));
  add("[2, 3, 4] over -1", x, along(-1));
  add("[2, 3, 4] over 1 keepdim", x, along(1, true));
  add("[2, 3, 4, 5] over all", pattern({2, 3, 4, 5}, 0), over_all);
  add("[2, 3, 4, 5] over 1", pattern({2, 3, 4, 5}, 0), along(1));
  add("of equals over all", ties(), over_all);
  add("of equals over 1", ties(), along(1));
  add("with NaN over 1", with_nan(), along(1));
  return {"argmax", "where the largest x is: the first of those that tie; int64", "none", true, cases};
}

}  // namespace

OpEntry entry(Tag<ops::Sum>) {
  std::vector<OpCase> cases = reduction_cases("sum", sum);
  cases.push_back({"sum [0, 3] over all", {pattern({0, 3}, 0)}, [](const Tensors& x) { return sum(x[0]); }});
  cases.push_back({"sum [0, 3] over 0", {pattern({0, 3}, 0)}, [](const Tensors& x) { return sum(x[0], {0}); }});
  for (const auto& [from, to] : std::vector<std::pair<Shape, Shape>>{
           {{2, 3, 4}, {3, 1}}, {{2, 3, 4}, {}}, {{2, 3}, {2, 3}}, {{2, 3, 4}, {2, 1, 4}}, {{0, 3}, {1, 3}}}) {
    cases.push_back({"sum_to " + from.str() + " to " + to.str(), {pattern(from, 0)}, [to = to](const Tensors& x) {
                       return sum_to(x[0], to);
                     }});
  }
  return {"sum, sum_to", "sum of x over the dims", "dy, to each", true, cases};
}

OpEntry entry(Tag<ops::Max>) {
  std::vector<OpCase> cases = reduction_cases("max", max);
  const auto over = [](const Dims& dims) { return [dims](const Tensors& x) { return max(x[0], dims); }; };
  cases.push_back({"max of equals over all", {ties()}, over({}), Gradient::reference});
  cases.push_back({"max of equals over 0", {ties()}, over({0}), Gradient::reference});
  cases.push_back({"max of equals over 1", {ties()}, over({1}), Gradient::reference});
  cases.push_back({"max with NaN over 1", {with_nan()}, over({1}), Gradient::none});
  cases.push_back({"max of infinities", {values({-inf, -inf, -inf})}, over({}), Gradient::none});
  return {"max", "the largest x over the dims; NaN where there is one", "dy, shared evenly by those that tie", true,
          cases};
}

std::vector<OpEntry> composed_reductions() { return {mean_entry(), argmax_entry()}; }
