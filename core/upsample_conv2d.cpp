// upsample_conv2d: two ops in one, on the CPU. A GPU runs the two.
#include <gradus/core/autograd.h>
#include <gradus/core/channels_last.h>
#include <gradus/core/images.h>
#include <gradus/core/on.h>
#include <gradus/kernels/reduce.h>
#include <gradus/kernels/upsample_conv2d.h>

namespace gradus {
namespace ops {

struct UpsampleConv2d {
  static constexpr auto name = "upsample_conv2d";
  kernels::UpsampleConvExtents e;

  Tensor forward(Saved& keep, const Tensor& given, const Tensor& weight, const Tensor& bias) const {
    const Tensor x = arranged(given, true), w = weight_for_kernels(weight);
    keep(x);
    keep(weight);
    Tensor y = empty_arranged({e.conv.n, e.conv.out_c, e.conv.out_h, e.conv.out_w}, x.options(), true);
    on_floating(name, x, [&]<class T>(auto) {
      const T* b = bias.defined() ? pointer<T>(bias) : nullptr;
      kernels::upsample_conv2d<T>(kernels::Cpu{}, e, memory<T>(x), pointer<T>(w), b, memory<T>(y));
    });
    return y;
  }

  Tensors backward(const Saved& kept, const Tensor& given) const {
    const Tensor x = kept[0], dy = arranged(given, true), w = weight_for_kernels(kept[1]);
    const kernels::ConvExtents& c = e.conv;
    Tensors grads(3);
    Tensor dw;
    if (kept.needs_grad(0)) grads[0] = empty_arranged(x.shape(), dy.options(), true);
    if (kept.needs_grad(1)) dw = empty(w.shape(), dy.options());
    if (kept.needs_grad(2)) grads[2] = empty({c.out_c}, dy.options());
    on_floating(name, dy, [&]<class T>(auto) {
      const auto of = [](const Tensor& t) { return t.defined() ? memory<T>(t) : nullptr; };
      if (grads[0].defined() || dw.defined()) {
        kernels::upsample_conv2d_back<T>(kernels::Cpu{}, e, memory<T>(x), memory<T>(dy), pointer<T>(w), of(grads[0]),
                                         of(dw));
      }
      if (grads[2].defined()) {
        kernels::sum<T>(kernels::Cpu{}, 1, c.n * c.out_h * c.out_w, c.out_c, memory<T>(dy), pointer<T>(grads[2]));
      }
    });
    if (dw.defined()) grads[1] = weight_from_kernels(dw);
    return grads;
  }
};

}  // namespace ops

Tensor upsample_conv2d(const Tensor& x, const Resize& to, bool align_corners, const Tensor& weight, const Tensor& bias,
                       Size2d stride, Size2d padding) {
  constexpr auto op = "upsample_conv2d";
  check_alike(op, bias.defined() ? Tensors{x, weight, bias} : Tensors{x, weight});
  check(is_floating(x.dtype()), op, "expected a float32 or float64 tensor, got int64; convert it with .to(float64)");
  using kernels::Resampling;
  const auto [rows, columns] = resize_axes(op, x, to, align_corners ? Resampling::linear_aligned : Resampling::linear);
  const Shape enlarged{x.size(0), x.size(1), rows.out, columns.out};
  const kernels::UpsampleConvExtents e{rows, columns, conv_extents(op, enlarged, weight, bias, stride, padding)};
  const bool fewer_products = rows.in * columns.in < e.conv.out_h * e.conv.out_w;
  if (!x.device().is_cpu() || !fewer_products) {
    return conv2d(upsample_bilinear2d(x, to, align_corners), weight, bias, stride, padding);
  }
  return apply(ops::UpsampleConv2d{e}, x, weight, bias);
}

}  // namespace gradus
