// upsample_conv2d: two ops in one. On the CPU a kernel of its own; on a GPU a matrix product, by whichever library
// computes those, and the sums of what it gives.
#include <algorithm>
#include <limits>

#include <gradus/core/autograd.h>
#include <gradus/core/channels_last.h>
#include <gradus/core/images.h>
#include <gradus/core/on.h>
#include <gradus/core/products.h>
#include <gradus/kernels/reduce.h>
#include <gradus/kernels/upsample_conv2d.h>

namespace gradus {
namespace {

using kernels::UpsampleConvExtents;

// y, of x with its channels last and a weight [out_c, c, kernel_h, kernel_w].
template <class T>
void forward_on(kernels::Cpu cpu, const UpsampleConvExtents& e, const Tensor& x, const Tensor& weight, const T* bias,
                const Tensor& y) {
  const Tensor w = weight_for_kernels(weight);
  kernels::upsample_conv2d<T>(cpu, e, memory<T>(x), pointer<T>(w), bias, memory<T>(y));
}

// dx, where it is defined, and the weight's gradient, where it is wanted.
template <class T>
Tensor backward_on(kernels::Cpu cpu, const UpsampleConvExtents& e, const Tensor& x, const Tensor& weight,
                   const Tensor& dy, const Tensor& dx, bool wants_dw) {
  const Tensor w = weight_for_kernels(weight), dw = wants_dw ? empty(w.shape(), dy.options()) : Tensor();
  kernels::upsample_conv2d_back<T>(cpu, e, memory<T>(x), memory<T>(dy), pointer<T>(w),
                                   dx.defined() ? memory<T>(dx) : nullptr, wants_dw ? pointer<T>(dw) : nullptr);
  return wants_dw ? weight_from_kernels(dw) : dw;
}

#ifdef GRADUS_HAS_CUDA
// The matrices of the products, z[pixels, taps] = x[pixels, c] w[c, taps], where a tap has its output channel.
struct Matrices {
  explicit Matrices(const UpsampleConvExtents& e)
      : pixels(e.conv.n * e.rows.in * e.columns.in),
        c(e.conv.c),
        taps(e.conv.kernel_h * e.conv.kernel_w * e.conv.out_c) {}
  Index pixels, c, taps;
};

Tensor lines_for(const UpsampleConvExtents& e, const TensorOptions& options) {
  return empty({e.conv.n, e.conv.out_h, e.columns.in, e.conv.kernel_w, e.conv.out_c}, options);
}

template <class T>
void forward_on(kernels::Cuda cuda, const UpsampleConvExtents& e, const Tensor& x, const Tensor& weight, const T* bias,
                const Tensor& y) {
  const Matrices of(e);
  const Tensor w = weight.permute({1, 2, 3, 0}), z = empty({of.pixels, of.taps}, x.options());
  products::matmul<T>(cuda, of.pixels, of.taps, of.c, memory<T>(x), false, pointer<T>(w), false, nullptr, z);
  const Tensor lines = lines_for(e, x.options());
  kernels::sum_taps<T>(cuda, e, pointer<T>(z), bias, pointer<T>(lines), memory<T>(y));
}

template <class T>
Tensor backward_on(kernels::Cuda cuda, const UpsampleConvExtents& e, const Tensor& x, const Tensor& weight,
                   const Tensor& dy, const Tensor& dx, bool wants_dw) {
  const Matrices of(e);
  const Tensor dz = empty({of.pixels, of.taps}, dy.options());
  {
    const Tensor lines = lines_for(e, dy.options());
    kernels::sum_taps_back<T>(cuda, e, memory<T>(dy), pointer<T>(lines), pointer<T>(dz));
  }
  if (dx.defined()) {
    const Tensor w = weight.permute({1, 2, 3, 0});
    products::matmul<T>(cuda, of.pixels, of.c, of.taps, pointer<T>(dz), false, pointer<T>(w), true, nullptr, dx);
  }
  if (!wants_dw) return {};
  const Tensor dw = empty({of.c, e.conv.kernel_h, e.conv.kernel_w, e.conv.out_c}, dy.options());
  products::matmul<T>(cuda, of.c, of.taps, of.pixels, memory<T>(x), true, pointer<T>(dz), false, nullptr, dw);
  return dw.permute({3, 0, 1, 2});
}
#endif

// Whether it is worth while to contract the channels first. On a GPU each number of z passes through memory some eight
// times in a step, with the lines, in the time of 48 multiply-adds for each direction (counted for an H200's float32,
// not measured); and an image's z must have fewer than 2^31 numbers.
bool contracts_first(Device device, const UpsampleConvExtents& e) {
  const kernels::ConvExtents& c = e.conv;
  const Index low = e.rows.in * e.columns.in, high = c.out_h * c.out_w;
  if (device.is_cpu()) return low < high;
  const Index limit = std::numeric_limits<std::int32_t>::max(), taps = c.kernel_h * c.kernel_w * c.out_c;
  return (high - low) * c.c >= 48 * low && std::max(low, high) * taps <= limit;
}

}  // namespace

namespace ops {

struct UpsampleConv2d {
  static constexpr auto name = "upsample_conv2d";
  UpsampleConvExtents e;

  Tensor forward(Saved& keep, const Tensor& given, const Tensor& weight, const Tensor& bias) const {
    const Tensor x = arranged(given, true);
    keep(x);
    keep(weight);
    Tensor y = empty_arranged({e.conv.n, e.conv.out_c, e.conv.out_h, e.conv.out_w}, x.options(), true);
    on_floating(name, x, [&]<class T>(auto exec) {
      forward_on<T>(exec, e, x, weight, bias.defined() ? pointer<T>(bias) : nullptr, y);
    });
    return y;
  }

  Tensors backward(const Saved& kept, const Tensor& given) const {
    const Tensor x = kept[0], dy = arranged(given, true);
    const kernels::ConvExtents& c = e.conv;
    Tensors grads(3);
    if (kept.needs_grad(0)) grads[0] = empty_arranged(x.shape(), dy.options(), true);
    on_floating(name, dy, [&]<class T>(auto exec) {
      if (kept.needs_grad(0) || kept.needs_grad(1))
        grads[1] = backward_on<T>(exec, e, x, kept[1], dy, grads[0], kept.needs_grad(1));
      if (kept.needs_grad(2)) {
        grads[2] = empty({c.out_c}, dy.options());
        kernels::sum<T>(exec, 1, c.n * c.out_h * c.out_w, c.out_c, memory<T>(dy), pointer<T>(grads[2]));
      }
    });
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
  if (!contracts_first(x.device(), e)) {
    return conv2d(upsample_bilinear2d(x, to, align_corners), weight, bias, stride, padding);
  }
  return apply(ops::UpsampleConv2d{e}, x, weight, bias);
}

}  // namespace gradus
