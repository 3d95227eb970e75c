#include <gradus/layers/dropout.h>

#include <sstream>

#include <gradus/core/draw_mask.h>
#include <gradus/core/ops.h>

namespace gradus {
namespace {

std::string extra(double p) {
  check_probability("Dropout", p);
  std::ostringstream text;
  text << "p=" << p;
  return text.str();
}

}  // namespace

Dropout::Dropout(double probability) : Module("Dropout", extra(probability)), p(probability) {}

Tensor Dropout::operator()(const Tensor& x) const { return dropout(x, p, training()); }

}  // namespace gradus
