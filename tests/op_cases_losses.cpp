// Cases of softmax, log_softmax and the losses.
#include "op_cases.h"

using namespace gradus;

namespace {

std::vector<OpCase> softmax_cases(const std::string& name, Tensor (*f)(const Tensor&, Index)) {
  std::vector<OpCase> cases;
  for (const auto& [shape, dim] : std::vector<std::pair<Shape, Index>>{{{3, 4}, 0},
                                                                       {{3, 4}, 1},
                                                                       {{3, 4}, -1},
                                                                       {{2, 3, 4}, 1},
                                                                       {{2, 3, 4, 5}, 1},
                                                                       {{5}, 0},
                                                                       {{0, 3}, 1},
                                                                       {{3, 0}, 1}}) {
    cases.push_back({name + " " + shape.str() + " along " + std::to_string(dim),
                     {pattern(shape, 0)},
                     [f, dim = dim](const Tensors& x) { return f(x[0], dim); }});
  }
  const auto along_1 = [f](const Tensors& x) { return f(x[0], 1); };
  // Of one class the result is constant; of large inputs it is constant but for rounding.
  cases.push_back({name + " [3, 1] along 1", {pattern({3, 1}, 0)}, along_1, Gradient::reference});
  cases.push_back({name + " of large inputs", {1024 * pattern({3, 4}, 0)}, along_1, Gradient::reference});
  return cases;
}

const std::vector<std::pair<std::string, Reduction>> reductions = {{"mean", Reduction::mean}, {"sum", Reduction::sum}};

// Of x and a target that differs from it everywhere.
std::vector<OpCase> difference_cases(const std::string& name, Tensor (*f)(const Tensor&, const Tensor&, Reduction)) {
  std::vector<OpCase> cases;
  for (const auto& [word, r] : reductions) {
    cases.push_back({name + " " + word,
                     {pattern({3, 4}, 0), pattern({3, 4}, 1) + 1.0 / 4096},
                     [f, r = r](const Tensors& in) { return f(in[0], in[1], r); }});
    cases.push_back({name + " of images " + word,
                     {pattern({2, 3, 4, 5}, 0), pattern({2, 3, 4, 5}, 1) + 1.0 / 4096},
                     [f, r = r](const Tensors& in) { return f(in[0], in[1], r); }});
  }
  return cases;
}

std::vector<OpCase> class_cases(const std::string& name, Tensor (*f)(const Tensor&, const Tensor&, Reduction)) {
  std::vector<OpCase> cases;
  const Tensor classes = tensor({2, 0, 1, 1}, int64);
  for (const auto& [word, r] : reductions) {
    cases.push_back({name + " " + word, {pattern({4, 3}, 0)}, [=, r = r](const Tensors& x) {
                       return f(x[0], classes.to(x[0].device()), r);
                     }});
  }
  return cases;
}

OpEntry cross_entropy_entry() {
  std::vector<OpCase> cases = class_cases("cross_entropy", cross_entropy);
  cases.push_back({"cross_entropy of large inputs",
                   {1024 * pattern({4, 3}, 0)},
                   [](const Tensors& x) {
                     return cross_entropy(x[0], tensor({2, 0, 1, 1}, int64).to(x[0].device()));
                   },
                   Gradient::reference});
  return {"cross_entropy", "nll_loss(log_softmax(x, 1), target)", "composed", false, cases};
}

}  // namespace

OpEntry entry(Tag<ops::Softmax>) {
  return {"softmax", "exp(x) / sum of exp(x) along dim", "y (dy - sum of dy y)", false,
          softmax_cases("softmax", softmax)};
}

OpEntry entry(Tag<ops::LogSoftmax>) {
  return {"log_softmax", "x - log of the sum of exp(x) along dim", "dy - exp(y) sum of dy", false,
          softmax_cases("log_softmax", log_softmax)};
}

OpEntry entry(Tag<ops::MseLoss>) {
  return {"mse_loss", "mean or sum of (x - target)^2", "2 (x - target) dy, divided by the number for the mean", false,
          difference_cases("mse_loss", mse_loss)};
}

OpEntry entry(Tag<ops::L1Loss>) {
  return {"l1_loss", "mean or sum of abs(x - target)", "sign(x - target) dy, divided by the number for the mean", false,
          difference_cases("l1_loss", l1_loss)};
}

OpEntry entry(Tag<ops::NllLoss>) {
  return {"nll_loss", "mean or sum of -x[i, target[i]]", "-dy at [i, target[i]], divided by the number for the mean",
          false, class_cases("nll_loss", nll_loss)};
}

std::vector<OpEntry> composed_losses() { return {cross_entropy_entry()}; }
