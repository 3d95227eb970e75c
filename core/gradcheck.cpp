// Read gradcheck.h first. What a wrong gradient looks like is told by gradcheck_diagnosis.cpp.
#include <gradus/core/gradcheck.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include <gradus/core/autograd.h>
#include <gradus/core/gradcheck_diagnosis.h>
#include <gradus/core/random.h>

namespace gradus {

using detail::Numbers;
using detail::Probe;

namespace {

constexpr double tolerance = 1e-6;  // the one tolerance, relative
constexpr double small = 1e-3;      // what is below this share of an input's largest gradient is compared absolutely
constexpr double flattest = 1e-3;   // an input whose largest slope is below this proves nothing
constexpr double relative_step = 6e-6;  // the cube root of 2^-52: balances the cut-off Taylor series against rounding

double step_at(double x) { return relative_step * std::max(1.0, std::abs(x)); }

double largest(const Numbers& v) {
  double m = 0;
  for (double x : v) m = std::max(m, std::abs(x));
  return m;
}

bool finite(const Numbers& v) {
  return std::all_of(v.begin(), v.end(), [](double x) { return std::isfinite(x); });
}

}  // namespace

namespace detail {

Probe::Probe(std::function<Tensor(const Tensors&)> f, const Tensors& inputs)
    : f_(std::move(f)), start_(default_generator()) {
  for (const Tensor& t : inputs) {
    check(t.defined(), "gradcheck", "an input is an undefined tensor");
    inputs_.push_back(t.detach().to(cpu).clone());
  }
  const Tensor y = evaluate(inputs_);
  check(y.dtype() == float64, "gradcheck", "the function returned ", y.dtype(), "; gradients are checked in float64");
  shape_ = y.shape();
  const Numbers first = value();
  check(std::ranges::all_of(first, [](double v) { return std::isfinite(v); }), "gradcheck",
        "the function's result has NaN or infinity at these inputs; probe where it is finite");
  check(value() == first, "gradcheck",
        "the function gives different results for the same inputs; draw its random numbers from the default generator");
}

Probe::~Probe() { default_generator() = start_; }

Tensor Probe::evaluate(const Tensors& inputs) const {
  default_generator() = start_;
  return f_(inputs);
}

Numbers Probe::value() const {
  NoGrad guard;
  return evaluate(inputs_).to_vector<double>();
}

Numbers Probe::shifted(int input, Index i, double by) const {
  double& x = inputs_[input].data<double>()[i];
  const double before = std::exchange(x, x + by);
  Numbers y = value();
  x = before;
  return y;
}

double Probe::slope(int input, Index i, double h, const Numbers& cotangent) const {
  const double x = at(input, i), up = x + h - x, down = x - (x - h);  // the steps as rounding leaves them
  const Numbers plus = shifted(input, i, up), minus = shifted(input, i, -down);
  long double total = 0;
  for (std::size_t j = 0; j < plus.size(); ++j) total += static_cast<long double>(plus[j] - minus[j]) * cotangent[j];
  return static_cast<double>(total / (up + down));
}

Numbers Probe::numeric(int input, const Numbers& cotangent) const {
  Numbers slopes(inputs_[input].numel());
  for (std::size_t i = 0; i < slopes.size(); ++i) slopes[i] = slope(input, i, step_at(at(input, i)), cotangent);
  return slopes;
}

std::vector<Numbers> Probe::analytic(const Numbers& cotangent) const {
  Tensors leaves;
  for (const Tensor& t : inputs_) {
    leaves.push_back(t.clone());
    if (t.dtype() == float64) leaves.back().requires_grad_();
  }
  const Tensor y = evaluate(leaves);
  if (y.requires_grad()) y.backward(tensor(std::span<const double>(cotangent), shape_));
  std::vector<Numbers> gradients;
  for (const Tensor& leaf : leaves) {
    if (leaf.dtype() != float64) {
      gradients.emplace_back();
    } else {
      gradients.push_back(leaf.grad().defined() ? leaf.grad().to_vector<double>() : Numbers(leaf.numel(), 0.0));
    }
  }
  return gradients;
}

// At a kink the one-sided slopes differ, and the difference does not shrink with the step as a smooth function's does.
// Beside a kink that a step reaches, the central slope depends on the step.
bool Probe::kinked(int input, Index i, const Numbers& cotangent) const {
  const double h = step_at(at(input, i));
  const auto bend = [&](double step) {  // the right slope less the left one
    const Numbers middle = value(), plus = shifted(input, i, step), minus = shifted(input, i, -step);
    long double total = 0;
    for (std::size_t j = 0; j < middle.size(); ++j)
      total += ((plus[j] - middle[j]) - (middle[j] - minus[j])) * static_cast<long double>(cotangent[j]);
    return static_cast<double>(total / step);
  };
  const double wide = bend(h), narrow = bend(h / 2), slopes = std::abs(slope(input, i, h, cotangent));
  if (std::isnan(wide)) return false;
  const double noticeable = 1e-4 * std::max(1.0, slopes);
  if (std::abs(wide) > noticeable && std::abs(narrow) > 0.75 * std::abs(wide)) return true;
  const double change = std::abs(slope(input, i, h, cotangent) - slope(input, i, h / 2, cotangent));
  return change > noticeable;
}

Index Probe::move_off_kinks(const Numbers& cotangent) {
  Index moved = 0;
  for (int input = 0; input < static_cast<int>(inputs_.size()); ++input) {
    if (!checked(input)) continue;
    for (Index i = 0; i < inputs_[input].numel(); ++i) {
      double by = 1e-3;
      bool was_kinked = false;
      for (int attempt = 0; attempt < 6 && kinked(input, i, cotangent); ++attempt, by *= -1.7) {
        inputs_[input].data<double>()[i] += by * std::max(1.0, std::abs(at(input, i)));
        was_kinked = true;
      }
      moved += was_kinked;
    }
  }
  return moved;
}

}  // namespace detail

namespace {

// What each compared pair may differ by.
double allowed(double analytic, double numeric, double scale) {
  return tolerance * std::max({std::abs(analytic), std::abs(numeric), small * scale, 1e-300});
}

// Finds the worst element of one input and notes it in the report if it is worse than what is there.
void compare(int input, const Numbers& analytic, const Numbers& numeric, GradcheckReport& report) {
  const double scale = std::max(largest(analytic), largest(numeric));
  for (std::size_t i = 0; i < analytic.size(); ++i) {
    const double difference = std::abs(analytic[i] - numeric[i]);
    const double error = std::isnan(difference) ? INFINITY : difference / allowed(analytic[i], numeric[i], scale);
    ++report.checked;
    if (error > report.error || report.input < 0) {
      report.input = input;
      report.element = static_cast<Index>(i);
      report.analytic = analytic[i];
      report.numeric = numeric[i];
      report.error = error;
    }
  }
}

Numbers random_cotangent(Index n, std::uint64_t seed) {
  Generator generator(seed);
  const Numbers u = rand({n}, float64, generator).to_vector<double>(),
                s = rand({n}, float64, generator).to_vector<double>();
  Numbers c(u.size());
  for (std::size_t i = 0; i < c.size(); ++i)
    c[i] = (s[i] < 0.5 ? -1 : 1) * (0.5 + u[i]);  // none near 0, and no two alike
  return c;
}

}  // namespace

GradcheckReport gradcheck(const std::function<Tensor(const Tensors&)>& f, const Tensors& inputs, std::uint64_t seed) {
  check(std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) { return t.defined() && t.dtype() == float64; }),
        "gradcheck", "expected at least one float64 input; convert inputs with .to(float64)");
  Probe probe(f, inputs);
  const Numbers cotangent = random_cotangent(probe.shape().numel(), seed);
  GradcheckReport report;
  report.moved = probe.move_off_kinks(cotangent);

  const std::vector<Numbers> analytic = probe.analytic(cotangent);
  std::vector<Numbers> numeric(analytic.size());
  std::string complaint;
  for (int input = 0; input < static_cast<int>(analytic.size()); ++input) {
    if (!probe.checked(input)) continue;
    numeric[input] = probe.numeric(input, cotangent);
    if (std::max(largest(numeric[input]), largest(analytic[input])) >= flattest || !finite(analytic[input]) ||
        numeric[input].empty()) {
      compare(input, analytic[input], numeric[input], report);
    } else if (complaint.empty()) {
      complaint = "input " + std::to_string(input) +
                  " proves nothing: its largest slope is below 1e-3, so a gradient of zeros would pass as well; probe "
                  "where the "
                  "function is steeper";
    }
  }

  const std::vector<Numbers> at_zero = probe.analytic(Numbers(cotangent.size(), 0.0));
  const bool adds_own =
      std::any_of(at_zero.begin(), at_zero.end(), [](const Numbers& g) { return largest(g) != 0 || !finite(g); });
  if (report.error > 1) {
    complaint = detail::describe(report, probe, analytic, numeric, cotangent);
  }
  if (adds_own) {
    complaint =
        "a cotangent of zeros gives a gradient other than zero: backward adds something of its own (a penalty?), so it "
        "is not the derivative of its forward" +
        (complaint.empty() ? std::string() : "; " + complaint);
  }
  if (complaint.empty() && probe.analytic(cotangent) != analytic)
    complaint = "a second backward gives other bits than the first";

  report.ok = complaint.empty();
  report.text = report.ok ? "gradcheck passed: " + std::to_string(report.checked) + " elements"
                          : "gradcheck failed: " + complaint;
  if (report.moved)
    report.text += "; " + std::to_string(report.moved) + (report.moved == 1 ? " element was" : " elements were") +
                   " moved off a kink";
  return report;
}

}  // namespace gradus
