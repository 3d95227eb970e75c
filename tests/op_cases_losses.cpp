// Cases of dropout, softmax, log_softmax and the losses.
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

using PairLoss = Tensor (*)(const Tensor&, const Tensor&, Reduction);

// Of x and a target, each with its mean and its sum.
std::vector<OpCase> both_reductions(const std::string& name, PairLoss f, const Tensor& x, const Tensor& target,
                                    Gradient gradient = Gradient::smooth) {
  std::vector<OpCase> cases;
  for (const auto& [word, r] : reductions) {
    cases.push_back(
        {name + " " + word, {x, target}, [f, r = r](const Tensors& in) { return f(in[0], in[1], r); }, gradient});
  }
  return cases;
}

// Of x alone: at the ends of [0, 1], PyTorch's gradient of the target is infinite.
std::vector<OpCase> of_constant_target(const std::string& name, const Tensor& x, const Tensor& target) {
  std::vector<OpCase> cases;
  for (const auto& [word, r] : reductions) {
    cases.push_back({name + " " + word,
                     {x},
                     [target, r = r](const Tensors& in) {
                       return binary_cross_entropy(in[0], target.to(in[0].dtype()).to(in[0].device()), r);
                     },
                     Gradient::reference});
  }
  return cases;
}

std::vector<OpCase> joined(std::initializer_list<std::vector<OpCase>> groups) {
  std::vector<OpCase> all;
  for (const auto& group : groups) all.insert(all.end(), group.begin(), group.end());
  return all;
}

Tensor probabilities(const Shape& shape, Index k) { return 0.5 * pattern(shape, k) + 0.5; }

// At 0 and 1 the clamps decide: with the target there, and with the other one.
std::vector<OpCase> cross_entropy_cases() {
  const std::string name = "binary_cross_entropy";
  const auto f = binary_cross_entropy;
  return joined(
      {both_reductions(name, f, probabilities({3, 4}, 0), probabilities({3, 4}, 1)),
       both_reductions(name + " of images", f, probabilities({2, 3, 4, 5}, 0), probabilities({2, 3, 4, 5}, 1)),
       of_constant_target(name + " of certainties", values({0, 1, 0.5}), values({0, 1, 1})),
       of_constant_target(name + " of errors", values({0, 1, 0, 1}), values({1, 0, 0.5, 0.25})),
       of_constant_target(name + " near 0 and 1", values({0x1p-100, 0x1p-149, 0x1p-20, 1 - 0x1p-20, 1 - 0x1p-24}),
                          values({0, 1, 1, 1, 0})),
       {{name + " of nothing", {zeros({0, 3}, float64), zeros({0, 3}, float64)}, [f](const Tensors& in) {
           return f(in[0], in[1], Reduction::sum);
         }}}});
}

std::vector<OpCase> logits_cases() {
  const std::string name = "binary_cross_entropy_with_logits";
  const auto f = binary_cross_entropy_with_logits;
  return joined({both_reductions(name, f, 4 * pattern({3, 4}, 0), probabilities({3, 4}, 1)),
                 both_reductions(name + " of images", f, 4 * pattern({2, 3, 4, 5}, 0), probabilities({2, 3, 4, 5}, 1)),
                 both_reductions(name + " of large scores", f, values({1000, -1000, 1000, -1000, 1000, -1000, 0}),
                                 values({1, 0, 0, 1, 0.5, 0.25, 0.5}), Gradient::reference)});
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

// Each evaluation draws from a generator of its own, with a seed that has digits in both halves.
OpEntry entry(Tag<ops::Dropout>) {
  std::vector<OpCase> cases;
  const auto add = [&](const Shape& shape, double p, std::uint64_t offset, const std::string& text) {
    const auto call = [=](const Tensors& x) {
      Generator from(0x123456789abcdef);
      from.offset = offset;
      return dropout(x[0], p, true, from);
    };
    cases.push_back({"dropout " + shape.str() + " p " + text,
                     {pattern(shape, 0)},
                     call,
                     p == 1 ? Gradient::reference : Gradient::smooth});
  };
  add({3, 5}, 0.25, 0, "0.25");
  add({2, 3, 4, 5}, 0.5, 0xfffffffe, "0.5");  // the counters pass from the lower word to the upper one
  add({7}, 0.9, 10, "0.9");
  add({7}, 0, 10, "0");
  add({7}, 1, 10, "1");
  add({0, 3}, 0.5, 0, "0.5");
  return {"dropout", "x / (1 - p), or 0 with probability p", "dy / (1 - p), or 0 where x was dropped", false, cases};
}

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

OpEntry entry(Tag<ops::BinaryCrossEntropy>) {
  return {"binary_cross_entropy", "mean or sum of -t log(x) - (1 - t) log(1 - x), logarithms clamped at -100",
          "(x - t) / max(x (1 - x), 1e-12) dy and (log(1 - x) - log(x)) dy, divided by the number for the mean", false,
          cross_entropy_cases()};
}

OpEntry entry(Tag<ops::BinaryCrossEntropyWithLogits>) {
  return {"binary_cross_entropy_with_logits", "mean or sum of max(z, 0) - z t + log(1 + exp(-abs(z)))",
          "(sigmoid(z) - t) dy and -z dy, divided by the number for the mean", false, logits_cases()};
}

OpEntry entry(Tag<ops::NllLoss>) {
  return {"nll_loss", "mean or sum of -x[i, target[i]]", "-dy at [i, target[i]], divided by the number for the mean",
          false, class_cases("nll_loss", nll_loss)};
}

std::vector<OpEntry> composed_losses() { return {cross_entropy_entry()}; }
