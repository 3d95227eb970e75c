#include <gradus/layers/sequential.h>

#include <gradus/layers/fused.h>

namespace gradus {

Sequential::Sequential(const std::vector<Layer>& from) : Sequential() {
  for (std::size_t i = 0; i < from.size(); ++i) add_module(std::to_string(i), from[i]);
}

Tensor Sequential::operator()(const Tensor& x) const {
  Tensor y = x;
  for (NamedLayers left = layers(); !left.empty();) {
    const FusedLayers* op = fused(left);
    y = op ? op->run(left, y) : left.front().second(y);
    left = left.subspan(op ? op->count : 1);
  }
  return y;
}

Index Sequential::size() const { return static_cast<Index>(layers().size()); }

Layer Sequential::operator[](Index i) const {
  const Index n = size();
  check(i >= -n && i < n, "Sequential", "there is no layer ", i, " among ", n);
  return layers()[static_cast<std::size_t>(i < 0 ? i + n : i)].second;
}

Layer Sequential::operator[](std::string_view name) const {
  for (const auto& [child, layer] : layers()) {
    if (child == name) return layer;
  }
  fail("Sequential", "there is no layer '", name, "'");
}

}  // namespace gradus
