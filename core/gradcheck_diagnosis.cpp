// Names the mistake that a wrong gradient looks like.
#include <gradus/core/gradcheck_diagnosis.h>

#include <algorithm>
#include <cmath>
#include <sstream>

namespace gradus::detail {
namespace {

// a = factor * b, as closely as central differences can tell
bool alike(const Numbers& a, const Numbers& b, double factor = 1) {
  double scale = 0;
  for (double x : b) scale = std::max(scale, std::abs(factor * x));
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(std::abs(a[i] - factor * b[i]) <= 1e-5 * scale)) return false;
  }
  return !a.empty() && scale > 0;
}

// Whether a, read as the transposed matrix, is b. Of a square matrix that is a plain transposition; of another one, its
// numbers are the right ones in the other order.
bool transposed(const Numbers& a, const Numbers& b, const Shape& s) {
  if (s.rank() != 2 || s[0] == 1 || s[1] == 1) return false;
  Numbers turned(a.size());
  for (Index i = 0; i < s[0]; ++i) {
    for (Index j = 0; j < s[1]; ++j) turned[i * s[1] + j] = a[j * s[0] + i];
  }
  return alike(turned, b);
}

// The cotangent with zeros everywhere but in the first copy of an input that broadcasting repeated; empty where it was
// not.
Numbers first_copy(const Numbers& cotangent, const Shape& input, const Shape& output) {
  const int extra = output.rank() - input.rank();
  if (extra < 0) return {};
  bool repeated = false;
  Numbers masked = cotangent;
  const auto strides = output.strides();
  for (int d = 0; d < output.rank(); ++d) {
    const Index own = d < extra ? 1 : input[d - extra];
    if (own == output[d]) continue;
    if (own != 1) return {};
    repeated = true;
    for (std::size_t i = 0; i < masked.size(); ++i) {
      if (static_cast<Index>(i) / strides[d] % output[d] != 0) masked[i] = 0;
    }
  }
  return repeated ? masked : Numbers();
}

// The mistake, or nothing where it looks like none of the usual ones.
std::string mistake(int input, const Probe& probe, const Numbers& analytic, const Numbers& numeric,
                    const Numbers& cotangent) {
  if (std::any_of(analytic.begin(), analytic.end(), [](double x) { return std::isnan(x); }))
    return "the gradient has NaN";
  if (std::all_of(analytic.begin(), analytic.end(), [](double x) { return x == 0; }))
    return "the gradient is zero: is it returned at all?";
  if (alike(analytic, numeric, -1)) return "the sign is wrong";
  for (const double factor : {2.0, 0.5}) {
    if (alike(analytic, numeric, factor))
      return factor == 2 ? "a factor 2 too much: added up twice?" : "a factor 2 is missing";
  }
  const Shape& own = probe.shape(input);
  if (transposed(analytic, numeric, own)) return "it is transposed";
  const Numbers masked = first_copy(cotangent, own, probe.shape());
  if (!masked.empty() && alike(analytic, probe.numeric(input, masked))) {
    return "the sum over the broadcast copies is missing: it is the first copy's gradient alone";
  }
  for (const Index n :
       {own.numel(), probe.shape().numel(), own.rank() ? own[0] : 1, probe.shape().rank() ? probe.shape()[0] : 1}) {
    if (n > 1 && alike(analytic, numeric, 1.0 / static_cast<double>(n)))
      return "off by 1/" + std::to_string(n) + ": a mean instead of a sum?";
    if (n > 1 && alike(analytic, numeric, static_cast<double>(n)))
      return "off by " + std::to_string(n) + ": a sum instead of a mean?";
  }
  std::size_t worst = 0;
  for (std::size_t i = 0; i < numeric.size(); ++i) {
    if (std::abs(numeric[i]) > std::abs(numeric[worst])) worst = i;
  }
  const double factor = analytic[worst] / numeric[worst];
  if (std::isfinite(factor) && alike(analytic, numeric, factor)) {
    std::ostringstream text;
    text << "off by a factor " << factor;
    return text.str();
  }
  return "";
}

}  // namespace

std::string describe(const GradcheckReport& report, const Probe& probe, const std::vector<Numbers>& analytic,
                     const std::vector<Numbers>& numeric, const Numbers& cotangent) {
  std::ostringstream text;
  text.precision(10);
  const Shape& shape = probe.shape(report.input);
  text << "input " << report.input << " of shape " << shape << " at [";
  const auto strides = shape.strides();
  for (int d = 0; d < shape.rank(); ++d) text << (d ? ", " : "") << report.element / strides[d] % shape[d];
  text << "]: backward gives " << report.analytic << ", finite differences " << report.numeric
       << " (for the result weighted at random)";
  const std::string looks = mistake(report.input, probe, analytic[report.input], numeric[report.input], cotangent);
  if (!looks.empty()) text << "; " << looks;
  return text.str();
}

}  // namespace gradus::detail
