// conv2d. Its kernels read images whose channels lie last (Note [Channels last]), and its results lie so.
#include <gradus/core/autograd.h>
#include <gradus/core/channels_last.h>
#include <gradus/core/images.h>
#include <gradus/core/on.h>
#include <gradus/core/ops.h>
#include <gradus/core/products.h>
#include <gradus/kernels/reduce.h>

namespace gradus {
namespace ops {

struct Conv2d {
  static constexpr auto name = "conv2d";
  kernels::ConvExtents e;

  Tensor forward(Saved& keep, const Tensor& given, const Tensor& weight, const Tensor& bias) const {
    const Tensor x = arranged(given, true);
    keep(x);
    keep(weight);
    Tensor y = empty_arranged({e.n, e.out_c, e.out_h, e.out_w}, x.options(), true);
    on_floating(name, x, [&]<class T>(auto exec) {
      const T* b = bias.defined() ? pointer<T>(bias) : nullptr;
      products::conv2d<T>(exec, e, x, weight, b, y);
    });
    return y;
  }

  Tensors backward(const Saved& kept, const Tensor& given) const {
    const Tensor x = kept[0], dy = arranged(given, true);
    Tensors grads(3);
    on_floating(name, dy, [&]<class T>(auto exec) {
      if (kept.needs_grad(0)) {
        grads[0] = empty_arranged({e.n, e.c, e.h, e.w}, dy.options(), true);
        products::conv2d_input_grad<T>(exec, e, dy, kept[1], grads[0]);
      }
      if (kept.needs_grad(1)) grads[1] = products::conv2d_weight_grad<T>(exec, e, x, dy);
      if (kept.needs_grad(2)) {
        grads[2] = empty({e.out_c}, dy.options());
        kernels::sum<T>(exec, 1, e.n * e.out_h * e.out_w, e.out_c, memory<T>(dy), pointer<T>(grads[2]));
      }
    });
    return grads;
  }
};

}  // namespace ops

kernels::ConvExtents conv_extents(const char* op, const Shape& x, const Tensor& weight, const Tensor& bias,
                                  Size2d stride, Size2d padding) {
  check(x.rank() == 4 && weight.dim() == 4, op,
        "expected an input [n, c, h, w] and a weight [out, c, h, w], got shapes ", x, " and ", weight.shape());
  check(x[1] == weight.size(1), op, "input has ", x[1], " channels, weight expects ", weight.size(1), " (shapes ", x,
        " and ", weight.shape(), ")");
  check(!bias.defined() || bias.shape() == Shape{weight.size(0)}, op, "weight gives ", weight.size(0),
        " channels, bias has shape ", bias.defined() ? bias.shape() : Shape{});
  check(stride.h > 0 && stride.w > 0 && padding.h >= 0 && padding.w >= 0, op,
        "expected a stride of at least 1 and a padding of at least 0, got ", stride, " and ", padding);
  const Size2d kernel{weight.size(2), weight.size(3)}, padded{x[2] + 2 * padding.h, x[3] + 2 * padding.w};
  check(kernel.h > 0 && kernel.w > 0, op, "the kernel is ", kernel, ", it must have at least one element");
  check(kernel.h <= padded.h && kernel.w <= padded.w, op, "the kernel, ", kernel,
        ", is larger than the input with its padding, ", padded, " (shapes ", weight.shape(), " and ", x, ")");
  const Index out_h = (padded.h - kernel.h) / stride.h + 1, out_w = (padded.w - kernel.w) / stride.w + 1;
  return {x[0],     x[1],     x[2],     x[3],     weight.size(0), out_h,    out_w,
          kernel.h, kernel.w, stride.h, stride.w, padding.h,      padding.w};
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, Size2d stride, Size2d padding) {
  constexpr auto op = "conv2d";
  check_alike(op, bias.defined() ? Tensors{x, weight, bias} : Tensors{x, weight});
  return apply(ops::Conv2d{conv_extents(op, x.shape(), weight, bias, stride, padding)}, x, weight, bias);
}

}  // namespace gradus
