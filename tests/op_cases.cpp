// The table as a whole, and the inputs of its cases.
#include "op_cases.h"

using namespace gradus;

Tensor pattern(const Shape& shape, Index k) {
  std::vector<double> numbers;
  for (Index i = 0; i < shape.numel(); ++i) {
    numbers.push_back(double(2 * ((i + 1) * (i + k + 3) * 7919 % 2003) - 2003) / 2048);
  }
  return tensor(std::span<const double>(numbers), shape);
}

Tensor positive(const Shape& shape, Index k) { return 0.75 * pattern(shape, k) + 1.25; }

Tensor values(std::initializer_list<double> numbers) { return tensor(numbers, float64); }
Tensor values(std::initializer_list<double> numbers, const Shape& shape) { return tensor(numbers, shape, float64); }

std::string list(const Dims& numbers) {
  std::string text;
  for (Index n : numbers) text += (text.empty() ? "" : " ") + std::to_string(n);
  return text;
}

namespace {

template <class... Ops>
std::vector<OpEntry> structured(OpList<Ops...>) {
  return {entry(Tag<Ops>{})...};
}

std::vector<OpEntry> all_entries() {
  std::vector<OpEntry> all = elementwise_ops();
  for (const auto& group : {structured(StructuredOps{}), composed_reductions(), composed_losses()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

}  // namespace

const std::vector<OpEntry>& op_table() {
  static const std::vector<OpEntry> table = all_entries();
  return table;
}

const std::vector<OpCase>& op_cases() {
  static const std::vector<OpCase> cases = [] {
    std::vector<OpCase> all;
    for (const OpEntry& e : op_table()) all.insert(all.end(), e.cases.begin(), e.cases.end());
    return all;
  }();
  return cases;
}
