#include <gradus/core/autograd.h>
#include <gradus/core/channels_last.h>
#include <gradus/core/draw_mask.h>
#include <gradus/core/on.h>
#include <gradus/core/ops.h>

namespace gradus {
namespace ops {

// Nothing is kept but where the mask's draw started. The elements are numbered in the order of the shape, so images
// whose channels lie last are rearranged for it, and back.
struct Dropout {
  static constexpr auto name = "dropout";
  kernels::Dropout mask;
  Tensor forward(Saved&, const Tensor& given) const {
    const Tensor x = arranged(given, false), y = empty_like(x);
    on_floating(name, x,
                [&]<class T>(auto exec) { kernels::dropout(exec, mask, x.numel(), pointer<T>(x), pointer<T>(y)); });
    return arranged(y, channels_last(given));
  }
  Tensors backward(const Saved&, const Tensor& dy) const {
    Saved nothing;
    return {forward(nothing, dy)};
  }
};

}  // namespace ops

void check_probability(const char* op, double p) {
  check(p >= 0 && p <= 1, op, "expected a probability p from 0 to 1, got ", p);
}

kernels::Dropout draw_mask(const char* op, Device device, double p, Index n, Generator& from) {
  return {p, draw_start(op, device, from, kernels::Dropout::counters_used(n))};
}

Tensor dropout(const Tensor& x, double p, bool training, Generator& from) {
  check_alike("dropout", {x});
  check(is_floating(x.dtype()), "dropout",
        "expected a float32 or float64 tensor, got int64; convert it with .to(float64)");
  check_probability("dropout", p);
  if (!training || p == 0) return x;
  return apply(ops::Dropout{draw_mask("dropout", x.device(), p, x.numel(), from)}, x);
}

}  // namespace gradus
