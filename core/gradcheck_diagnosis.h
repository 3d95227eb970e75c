// The inside of gradcheck: a function under probe, and what a wrong gradient looks like.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include <gradus/core/gradcheck.h>
#include <gradus/core/random.h>

namespace gradus::detail {

using Numbers = std::vector<double>;

// A function with inputs of its own, evaluated with the default generator rewound to where it stood.
class Probe {
 public:
  Probe(std::function<Tensor(const Tensors&)> f, const Tensors& inputs);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  const Shape& shape() const { return shape_; }  // of the result
  const Shape& shape(int input) const { return inputs_[input].shape(); }
  bool checked(int input) const { return inputs_[input].dtype() == float64; }
  double at(int input, Index i) const { return inputs_[input].data<double>()[i]; }

  // d(sum(cotangent * f))/d(input): by backward(), for all inputs, and by central differences, for one.
  std::vector<Numbers> analytic(const Numbers& cotangent) const;
  Numbers numeric(int input, const Numbers& cotangent) const;

  Index move_off_kinks(const Numbers& cotangent);  // returns how many elements it moved

 private:
  Tensor evaluate(const Tensors& inputs) const;
  Numbers value() const;
  Numbers shifted(int input, Index i, double by) const;                        // the value with one element moved
  double slope(int input, Index i, double h, const Numbers& cotangent) const;  // central
  bool kinked(int input, Index i, const Numbers& cotangent) const;

  std::function<Tensor(const Tensors&)> f_;
  Tensors inputs_;
  Shape shape_;
  Generator start_;
};

// One sentence on the report's worst element: where, both values, and the mistake that the input's gradient looks like.
std::string describe(const GradcheckReport& report, const Probe& probe, const std::vector<Numbers>& analytic,
                     const std::vector<Numbers>& numeric, const Numbers& cotangent);

}  // namespace gradus::detail
