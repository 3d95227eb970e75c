// The op table's values and gradients, against PyTorch's in tests/data/op_values.txt (tests/parity/op_values.py writes
// it), against the pairs in the rows of kernels/pointwise.h, in float32 and in int64.
#include "catch.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <sstream>

#include "op_cases.h"

using namespace gradus;

namespace {

struct Numbers {
  std::string shape;  // "[2, 3]"
  std::vector<double> values;
};
using Reference = std::map<std::string, Numbers>;  // "y", "d0", "d1" ...

const std::map<std::string, Reference>& references() {
  static const std::map<std::string, Reference> all = [] {
    const std::string path = std::string(GRADUS_SOURCE_DIR) + "/tests/data/op_values.txt";
    std::ifstream file(path);
    check(file.good(), "op_values_test", "cannot read ", path);
    std::map<std::string, Reference> found;
    std::string line, name;
    while (std::getline(file, line)) {
      if (line.rfind("=== ", 0) == 0) {
        name = line.substr(4);
        continue;
      }
      const std::size_t space = line.find(' '), bracket = line.find(']');
      Numbers& numbers = found[name][line.substr(0, space)];
      numbers.shape = line.substr(space + 1, bracket - space);
      std::istringstream rest(line.substr(bracket + 1));
      for (std::string word; rest >> word;) numbers.values.push_back(std::stod(word));  // "nan" and "inf" too
    }
    return found;
  }();
  return all;
}

Numbers numbers_of(const Tensor& t) { return {t.shape().str(), t.to(float64).to_vector<double>()}; }

double largest(const std::vector<double>& values) {
  double found = 0;
  for (double v : values) {
    if (std::isfinite(v)) found = std::max(found, std::abs(v));
  }
  return found;
}

// Where the numbers differ by more than `tolerance` of the largest expected one (of each one itself, if `each`); "" if
// nowhere.
std::string difference(const Numbers& got, const Numbers& expected, double tolerance, bool each = false) {
  std::ostringstream text;
  text.precision(17);
  if (got.shape != expected.shape || got.values.size() != expected.values.size()) {
    text << "shape " << got.shape << ", expected " << expected.shape;
    return text.str();
  }
  const double scale = largest(expected.values);
  for (std::size_t i = 0; i < got.values.size(); ++i) {
    const double a = got.values[i], b = expected.values[i];
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    if (std::abs(a - b) <= tolerance * (each ? std::abs(b) : scale)) continue;
    text << "element " << i << " is " << a << ", expected " << b;
    return text.str();
  }
  return "";
}

// The output, and the gradient of each input for the output's gradient pattern(., 7).
Reference run(const OpCase& c, DType dtype) {
  Tensors inputs;
  for (const Tensor& t : c.inputs) {
    inputs.push_back(t.to(dtype).clone());
    if (c.gradient != Gradient::none) inputs.back().requires_grad_();
  }
  const Tensor y = c.call(inputs);
  Reference result{{"y", numbers_of(y)}};
  if (c.gradient == Gradient::none) return result;
  y.backward(pattern(y.shape(), 7).to(y.dtype()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    result["d" + std::to_string(i)] = numbers_of(inputs[i].grad().defined() ? inputs[i].grad() : zeros_like(inputs[i]));
  }
  return result;
}

Tensors converted(const Tensors& tensors, DType dtype) {
  Tensors all;
  for (const Tensor& t : tensors) all.push_back(t.to(dtype));
  return all;
}

}  // namespace

TEST_CASE("every op gives PyTorch's values and gradients") {
  for (const OpCase& c : op_cases()) {
    INFO(c.name);
    const auto found = references().find(c.name);
    if (found == references().end()) {
      CHECK(c.from_row);  // a new row has the values that it brings itself
      continue;
    }
    const Reference got = run(c, float64);
    CHECK(got.size() == found->second.size());
    for (const auto& [key, expected] : found->second) {
      INFO(key);
      REQUIRE(got.count(key) == 1);
      CHECK(difference(got.at(key), expected, 1e-12) == "");
    }
  }
}

TEST_CASE("the ends of an elementwise op's range agree number by number") {
  int seen = 0;
  for (const OpCase& c : op_cases()) {
    if (!c.from_row || c.gradient != Gradient::none || references().count(c.name) == 0) continue;
    INFO(c.name);
    CHECK(difference(run(c, float64).at("y"), references().at(c.name).at("y"), 1e-14, true) == "");
    ++seen;
  }
  CHECK(seen > 13);
}

TEST_CASE("cases and references have the same names, each once") {
  std::set<std::string> names;
  for (const OpCase& c : op_cases()) {
    INFO(c.name);
    CHECK(names.insert(c.name).second);
  }
  for (const auto& reference : references()) {
    INFO(reference.first);
    CHECK(names.count(reference.first) == 1);
  }
}

TEST_CASE("elementwise ops give the values that their rows name") {
  for (const KnownValues& known : known_values()) {
    INFO(known.name);
    CHECK(known.expected.numel() >= 3);
    const Numbers expected = numbers_of(known.expected);
    CHECK(difference(numbers_of(known.call(known.inputs)), expected, 1e-14, true) == "");
    const Tensor y = known.call(converted(known.inputs, float32));
    CHECK(y.dtype() == float32);
    CHECK(difference(numbers_of(y), expected, 4 * std::ldexp(1.0, -24), true) == "");
  }
}

TEST_CASE("NaN stays NaN in every elementwise op of one argument but sign") {
  for (const KnownValues& known : known_values()) {
    if (known.inputs.size() != 1 || known.name.starts_with("sign")) continue;
    INFO(known.name);
    const Tensor nan = full({3}, std::numeric_limits<double>::quiet_NaN(), float64);
    for (DType dtype : {float32, float64}) {
      for (double y : numbers_of(known.call({nan.to(dtype)})).values) CHECK(std::isnan(y));
    }
  }
}

// The inputs are exact in float32. What is left is the rounding of each result and of each addition: half a unit in the
// last place, times the longest sum, which has no more terms than the largest tensor has elements.
TEST_CASE("float32 agrees with float64 up to the rounding of its sums") {
  for (const OpCase& c : op_cases()) {
    INFO(c.name);
    const Reference exact = run(c, float64), rounded = run(c, float32);
    std::size_t terms = exact.at("y").values.size();
    for (const Tensor& t : c.inputs) terms = std::max(terms, std::size_t(t.numel()));
    for (const auto& [key, expected] : exact) {
      INFO(key);
      if (largest(expected.values) > std::numeric_limits<float>::max()) continue;
      CHECK(difference(rounded.at(key), expected, std::ldexp(double(8 + terms), -24)) == "");
    }
  }
}

TEST_CASE("ops that take int64 give what float64 gives, and the others refuse it") {
  for (const OpEntry& e : op_table()) {
    INFO(e.functions);
    for (const OpCase& c : e.cases) {
      INFO(c.name);
      Tensors whole;  // between -16 and 16, NaN and infinity left out
      bool finite = true;
      for (const Tensor& t : c.inputs) {
        for (double v : t.to_vector<double>()) finite = finite && std::abs(v) < 100;
        whole.push_back((8 * t).to(int64));
      }
      if (!finite) continue;
      if (!e.int64) {
        CHECK(message_of([&] { c.call(whole); }).find("int64") != std::string::npos);
      } else if (c.name.find("1.5") == std::string::npos) {  // that number has no place beside int64
        const Tensor y = c.call(whole);
        if (e.functions != "to") CHECK(y.dtype() == int64);
        CHECK(difference(numbers_of(y), numbers_of(c.call(converted(whole, float64))), 0) == "");
      }
    }
  }
}
