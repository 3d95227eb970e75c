// Printed tensors, compared with PyTorch's: tests/data/print_values.txt, written by tests/parity/print_values.py, which
// makes the same tensors under the same names.
#include "catch.h"

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <sstream>

#include <gradus/core/autograd.h>
#include <gradus/core/tensor.h>

#include "op_cases.h"

using namespace gradus;

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

std::string printed(const Tensor& t) {
  std::ostringstream text;
  text << t;
  return text.str();
}

// What PyTorch prints, by the tensor's name.
std::map<std::string, std::string> references() {
  const std::string path = std::string(GRADUS_SOURCE_DIR) + "/tests/data/print_values.txt";
  std::ifstream file(path);
  check(file.good(), "print_test", "cannot read ", path);
  std::map<std::string, std::string> all;
  std::string line, name;
  while (std::getline(file, line)) {
    if (line.rfind("=== ", 0) == 0) {
      name = line.substr(4);
    } else {
      all[name] += (all[name].empty() ? "" : "\n") + line;
    }
  }
  return all;
}

Tensor count(const Shape& shape, DType dtype) { return arange(0, double(shape.numel()), 1, dtype).reshape(shape); }

Tensor pattern32(const Shape& shape, Index k) { return pattern(shape, k).to(float32); }

Tensor required(Tensor t) { return t.requires_grad_(); }

// Its node is named as PyTorch's is, so that the texts can be equal.
struct Twice {
  static constexpr const char* name = "MulBackward0";
  Tensor forward(Saved&, const Tensor& x) const {
    Tensor y = x.clone();
    return y.mul_(2);
  }
  Tensors backward(const Saved&, const Tensor& dy) const { return {dy}; }
};

Tensor twice(const Tensor& x) { return apply(Twice{}, required(x)); }

Tensor odd_one_in_the_middle() {
  Tensor t = ones({1201});
  t.data<float>()[600] = 0.5f;
  return t;
}

std::vector<std::pair<std::string, Tensor>> tensors() {
  std::vector<std::pair<std::string, Tensor>> all = {
      {"pi", scalar(3.14159265)},
      {"pi float64", scalar(3.14159265, float64)},
      {"whole scalar", scalar(-7)},
      {"int64 scalar", scalar(-7, int64)},
      {"nan scalar", scalar(nan)},
      {"tiny scalar", scalar(1e-30, float64)},
      {"whole numbers", tensor({1, 2, 3})},
      {"whole numbers, negative zero", tensor({-0.0, 2, -30})},
      {"zeros", zeros({2, 3})},
      {"fractions", tensor({0.5, -0.25, 12.125})},
      {"fractions float64", tensor({0.5, -0.25, 12.125}, float64)},
      {"int64", tensor({1, -20, 300}, int64)},
      {"large whole", tensor({1, 100000000}, float64)},
      {"larger whole", tensor({100000000, 200000000}, float64)},
      {"over 1e8", tensor({100000001, 200000000}, float64)},
      {"small", tensor({0.0001, 0.0002}, float64)},
      {"under 1e-4", tensor({0.00009, 0.0002}, float64)},
      {"ratio 1000", tensor({0.5, 500}, float64)},
      {"ratio over 1000", tensor({0.5, 500.5}, float64)},
      {"whole ratio 1000", tensor({1, 1000})},
      {"whole ratio over 1000", tensor({1, 0, -1001})},
      {"float32 of 0.1", tensor({0.1, 100.0})},
      {"exponents of three digits", tensor({1e-200, 1, -1e200}, float64)},
      {"nan and inf, fractions", tensor({-nan, 1.5, -inf, inf})},
      {"nan and inf, whole", tensor({nan, 1, -inf, inf})},
      {"nan and inf, scientific", tensor({nan, 1e-10, -inf, inf, 0})},
      {"nan only", tensor({nan, -nan, 0})},
      {"inf only", tensor({inf, -inf, 0, nan}, {2, 2})},
      {"matrix", pattern32({3, 4}, 0)},
      {"matrix float64", pattern({3, 4}, 0)},
      {"matrix of one element", tensor({2.5}, {1, 1})},
      {"matrix int64", count({3, 5}, int64)},
      {"wrapped vector", pattern32({25}, 1)},
      {"wrapped vector float64", pattern({9}, 1)},
      {"wrapped int64", count({40}, int64)},
      {"wrapped rows", pattern32({2, 13}, 2)},
      {"wide numbers", tensor({1e-200, 1e-200, 1e-200, 1e-200, 1e-200, 1e-200, 1e-200, 1e-200,  //
                               1e100, 1e100, 1e100, 1e100, 1e100, 1e100, 1e100, 1e100},
                              {2, 8}, float64)},
      {"blocks", pattern32({2, 3, 4}, 3)},
      {"blocks of blocks", count({2, 2, 2, 3}, float32)},
      {"rank 5", count({2, 1, 2, 2, 2}, int64)},
      {"rank 6", count({1, 2, 1, 2, 1, 2}, float64)},
      {"empty", zeros({0})},
      {"empty matrix", zeros({0, 3})},
      {"empty float64", zeros({2, 0, 4}, float64)},
      {"empty int64", zeros({0}, int64)},
      {"1000 elements", pattern32({1000}, 0)},
      {"1001 elements", pattern32({1001}, 0)},
      {"1001 whole", count({1001}, float32)},
      {"long int64", count({2000}, int64)},
      {"tall", pattern32({600, 2}, 1)},
      {"wide", pattern32({2, 600}, 1)},
      {"six rows, not cut", count({6, 200}, int64)},
      {"seven rows, cut", count({7, 200}, int64)},
      {"image batch", pattern32({8, 3, 10, 7}, 2)},
      {"odd one in the middle", odd_one_in_the_middle()},
      {"requires_grad", required(tensor({1.5, 2}))},
      {"requires_grad float64", required(tensor({1.5, 2}, {1, 2}, float64))},
      {"grad_fn", twice(tensor({1.5, 2}))},
      {"grad_fn float64", twice(pattern({5}, 0))},
      {"suffix on a line of its own", twice(pattern({7}, 0))},
      {"suffix behind a matrix", twice(pattern({2, 6}, 0))},
  };
  for (Index n = 3; n < 9; ++n) all.emplace_back(std::to_string(n) + " float64", required(pattern({n}, 0)));
  return all;
}

}  // namespace

TEST_CASE("tensors are printed as PyTorch prints them") {
  const std::map<std::string, std::string> expected = references();
  CHECK(expected.size() == tensors().size());
  for (const auto& [name, t] : tensors()) {
    INFO(name);
    REQUIRE(expected.count(name) == 1);
    CHECK(printed(t) == expected.at(name));
  }
}

TEST_CASE("printing an undefined tensor says so") { CHECK(printed(Tensor()) == "tensor(undefined)"); }

TEST_CASE("printing heeds and changes none of the stream's settings") {
  std::ostringstream text;
  text << std::fixed;
  text.precision(9);
  text << tensor({0.5, 2}) << ' ' << 0.25;
  CHECK(text.str() == "tensor([0.5000, 2.0000]) 0.250000000");
}

TEST_CASE("a row of a matrix prints its own numbers") {
  CHECK(printed(count({3, 2}, int64)[1]) == "tensor([2, 3])");
  CHECK(printed(count({3, 2}, int64).rows(1, 3)) == "tensor([[2, 3],\n        [4, 5]])");
}
