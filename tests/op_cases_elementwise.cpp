// Cases of the elementwise ops, made from their rows in kernels/pointwise.h. A new row gets its cases here without a
// change; what PyTorch says about the known ones at the ends of their ranges and at their kinks comes on top.
#include <limits>
#include <map>
#include <tuple>

#include "op_cases.h"

using namespace gradus;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

using Numbers = std::vector<double>;
using Unary = std::function<Tensor(const Tensor&)>;

Tensor column(const Numbers& numbers, std::size_t first, std::size_t step) {
  Numbers picked;
  for (std::size_t i = first; i < numbers.size(); i += step) picked.push_back(numbers[i]);
  return tensor(std::span<const double>(picked), {Index(picked.size())});
}

// --- one argument ---

struct UnaryRow {
  std::string name, formula, gradient;
  bool int64;
  Unary call;
  Numbers probe;  // low, high, kinks
  Numbers pairs;  // x, y, x, y, ...
  bool flat;      // the slope is 0 everywhere
};

template <class Op>
constexpr bool is_flat() {
  if constexpr (requires { Op::constant_slope; }) {
    return Op::constant_slope == 0;
  } else {
    return false;
  }
}

template <class Op>
std::string slope_of_unary() {
  if (is_flat<Op>()) return "0";
  if (kernels::KeepsX<Op>) return "dy times the slope at x; keeps x";
  return kernels::KeepsY<Op> ? "dy times the slope, from y; keeps y" : "dy times a constant; keeps nothing";
}

#define UNARY_ROW(fn, Op, formula, parameters, probe, pairs)                                        \
  {#fn,                                                                                             \
   formula,                                                                                         \
   slope_of_unary<kernels::Op>(),                                                                   \
   kernels::HasIntegers<kernels::Op>,                                                               \
   [](const Tensor& x) {                                                                            \
     return std::apply([&](auto... p) { return gradus::fn(x, p...); }, std::make_tuple parameters); \
   },                                                                                               \
   Numbers{GRADUS_UNPACK probe},                                                                    \
   Numbers{GRADUS_UNPACK pairs},                                                                    \
   is_flat<kernels::Op>()},

const std::vector<UnaryRow>& unary_rows() {
  static const std::vector<UnaryRow> rows = {GRADUS_UNARY_OPS(UNARY_ROW)};
  return rows;
}

// Evenly over the row's range, both ends included, but for what lies next to a kink: there, differences find no slope.
Tensor probes(const Numbers& range) {
  const int steps = 61;
  const double low = range[0], high = range[1], clear = (high - low) / 1000;
  Numbers kept;
  for (int i = 0; i < steps; ++i) {
    const double x = double(float(low + (high - low) * i / (steps - 1)));  // exact in float32
    bool next_to_kink = false;
    for (std::size_t k = 2; k < range.size(); ++k) next_to_kink |= std::abs(x - range[k]) < clear;
    if (!next_to_kink) kept.push_back(x);
  }
  return column(kept, 0, 1);
}

const std::map<std::string, Numbers> kinks = {{"abs", {-1, 0, 2}},
                                              {"sign", {-1, 0, 2}},
                                              {"relu", {-1, 0, 2}},
                                              {"leaky_relu", {-1, 0, 2}},
                                              {"clamp", {-0.5, 0.75, 0, 2, -2}}};

OpEntry unary_entry(const UnaryRow& row) {
  OpEntry e{row.name, row.formula, row.gradient, row.int64, {}};
  const auto call = [f = row.call](const Tensors& in) { return f(in[0]); };
  const auto add = [&](const std::string& what, const Tensor& x, Gradient gradient) {
    e.cases.push_back({row.name + " " + what, {x}, call, gradient, true});
  };
  add("over its range", probes(row.probe), row.flat ? Gradient::reference : Gradient::smooth);
  add("of nothing", zeros({0, 3}, float64), Gradient::smooth);
  add("at the ends", values({inf, -inf, nan, 0, -0.0, 100, -100, 0x1p-100}), Gradient::none);
  if (kinks.count(row.name) > 0) add("at its kinks", column(kinks.at(row.name), 0, 1), Gradient::reference);
  return e;
}

// --- two arguments ---

struct BinaryRow {
  std::string name, formula;
  bool differentiable, int64;
  std::function<Tensor(const Tensor&, const Tensor&)> call;
  Unary with_number, of_number;  // f(x, 1.5), f(1.5, x)
  Numbers triples;               // a, b, y, ...
};

template <class Op>
constexpr bool has_slopes = kernels::HasConstantSlopes<Op> || kernels::HasSlopes<Op>;

#define BINARY_ROW(fn, Op, formula, triples)                          \
  {#fn,                                                               \
   formula,                                                           \
   has_slopes<kernels::Op>,                                           \
   kernels::HasIntegers<kernels::Op>,                                 \
   [](const Tensor& a, const Tensor& b) { return gradus::fn(a, b); }, \
   [](const Tensor& x) { return gradus::fn(x, 1.5); },                \
   [](const Tensor& x) { return gradus::fn(1.5, x); },                \
   Numbers{GRADUS_UNPACK triples}},

const std::vector<BinaryRow>& binary_rows() {
  static const std::vector<BinaryRow> rows = {GRADUS_BINARY_OPS(BINARY_ROW)};
  return rows;
}

// a lies between -2.5 and 2.5, b between 0.5 and 2, and no two of their elements are equal: off the kinks.
OpEntry binary_entry(const BinaryRow& row) {
  OpEntry e{
      row.name, row.formula, row.differentiable ? "to both, summed over what was repeated" : "none", row.int64, {}};
  const auto call = [f = row.call](const Tensors& in) { return f(in[0], in[1]); };
  const auto add = [&](const std::string& what, const Tensors& inputs, auto f, Gradient gradient) {
    e.cases.push_back({row.name + " " + what, inputs, f, row.differentiable ? gradient : Gradient::none, true});
  };
  for (const auto& [a, b] : std::vector<std::pair<Shape, Shape>>{{{2, 3}, {2, 3}},
                                                                 {{3, 1, 5}, {4, 1}},
                                                                 {{4}, {3, 1}},
                                                                 {{2, 3}, {}},
                                                                 {{}, {2, 3}},
                                                                 {{1, 3}, {0, 3}},
                                                                 {{2, 3, 4, 5}, {2, 3, 4, 5}},
                                                                 {{2, 3, 4, 5}, {3, 1, 1}}}) {
    const Gradient gradient = b.numel() > 0 ? Gradient::smooth : Gradient::reference;
    add(a.str() + " and " + b.str(), {2.5 * pattern(a, 0), positive(b, 2)}, call, gradient);
  }
  const auto with_number = [f = row.with_number](const Tensors& in) { return f(in[0]); };
  const auto of_number = [f = row.of_number](const Tensors& in) { return f(in[0]); };
  add("[2, 3] and 1.5", {2.5 * pattern({2, 3}, 0)}, with_number, Gradient::smooth);
  add("1.5 and [2, 3]", {positive({2, 3}, 0)}, of_number, Gradient::smooth);
  add("of equals", {values({1, 2, 3, -1}), values({1, 3, 2, -1})}, call, Gradient::reference);
  add("of NaN", {values({nan, 1, nan}), values({1, nan, nan})}, call, Gradient::none);
  return e;
}

}  // namespace

std::vector<OpEntry> elementwise_ops() {
  std::vector<OpEntry> all;
  for (const UnaryRow& row : unary_rows()) all.push_back(unary_entry(row));
  for (const BinaryRow& row : binary_rows()) all.push_back(binary_entry(row));
  return all;
}

std::vector<KnownValues> known_values() {
  std::vector<KnownValues> all;
  for (const UnaryRow& row : unary_rows()) {
    all.push_back({row.name,
                   {column(row.pairs, 0, 2)},
                   [f = row.call](const Tensors& in) { return f(in[0]); },
                   column(row.pairs, 1, 2)});
  }
  for (const BinaryRow& row : binary_rows()) {
    all.push_back({row.name,
                   {column(row.triples, 0, 3), column(row.triples, 1, 3)},
                   [f = row.call](const Tensors& in) { return f(in[0], in[1]); },
                   column(row.triples, 2, 3)});
  }
  return all;
}
