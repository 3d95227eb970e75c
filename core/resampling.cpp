// upsample_nearest2d, upsample_bilinear2d and max_pool2d, in whichever order the channels lie (Note [Channels last]).
#include <cmath>

#include <gradus/core/autograd.h>
#include <gradus/core/channels_last.h>
#include <gradus/core/images.h>
#include <gradus/core/on.h>
#include <gradus/core/ops.h>
#include <gradus/kernels/max_pool2d.h>
#include <gradus/kernels/upsample.h>

namespace gradus {
namespace {

// An image as its kernels see it, [outer, h, w, inner].
struct Planes {
  Index outer, inner;
  Planes(const Shape& s, bool last) : outer(last ? s[0] : s[0] * s[1]), inner(last ? s[1] : 1) {}
};

}  // namespace

namespace ops {

struct Upsampled {
  kernels::ResizeAxis rows, columns;
  bool last;  // whether x's channels lie last

  Tensor resized(const char* name, const Tensor& x) const {
    Tensor y = empty_arranged({x.size(0), x.size(1), rows.out, columns.out}, x.options(), last);
    const Planes planes(x.shape(), last);
    on_floating(name, x, [&]<class T>(auto exec) {
      kernels::upsample<T>(exec, planes.outer, rows, columns, planes.inner, memory<T>(x), memory<T>(y));
    });
    return y;
  }
  Tensor gathered(const char* name, const Tensor& given) const {
    const Tensor dy = arranged(given, last);
    Tensor dx = empty_arranged({dy.size(0), dy.size(1), rows.in, columns.in}, dy.options(), last);
    const Planes planes(dx.shape(), last);
    on_floating(name, dy, [&]<class T>(auto exec) {
      kernels::upsample_back<T>(exec, planes.outer, rows, columns, planes.inner, memory<T>(dy), memory<T>(dx));
    });
    return dx;
  }
};

struct UpsampleNearest2d : Upsampled {
  static constexpr auto name = "upsample_nearest2d";
  Tensor forward(Saved&, const Tensor& x) const { return resized(name, x); }
  Tensors backward(const Saved&, const Tensor& dy) const { return {gathered(name, dy)}; }
};

struct UpsampleBilinear2d : Upsampled {
  static constexpr auto name = "upsample_bilinear2d";
  Tensor forward(Saved&, const Tensor& x) const { return resized(name, x); }
  Tensors backward(const Saved&, const Tensor& dy) const { return {gathered(name, dy)}; }
};

struct MaxPool2d {
  static constexpr auto name = "max_pool2d";
  kernels::PoolExtents e;
  Shape from, to;
  bool last;  // whether x's channels lie last

  Tensor forward(Saved& keep, const Tensor& x) const {
    Tensor y = empty_arranged(to, x.options(), last);
    const Tensor index = empty_arranged(to, {int64, x.device()}, last);
    on_floating(name, x, [&]<class T>(auto exec) {
      kernels::max_pool2d<T>(exec, e, memory<T>(x), memory<T>(y), memory<Index>(index));
    });
    keep(index);
    return y;
  }
  Tensors backward(const Saved& kept, const Tensor& given) const {
    const Tensor index = kept[0], dy = arranged(given, last), dx = empty_arranged(from, dy.options(), last);
    on_floating(name, dy, [&]<class T>(auto exec) {
      kernels::max_pool2d_back<T>(exec, e, memory<T>(dy), memory<Index>(index), memory<T>(dx));
    });
    return {dx};
  }
};

}  // namespace ops

namespace {

void check_image(const char* op, const Tensor& x) {
  check_alike(op, {x});
  check(x.dim() == 4 && x.size(2) > 0 && x.size(3) > 0, op,
        "expected images [n, c, h, w] of at least one pixel, got shape ", x.shape());
}

ops::Upsampled upsampled(const char* op, const Tensor& x, const Resize& to, kernels::Resampling how) {
  const ResizeAxes axes = resize_axes(op, x, to, how);
  return {axes.rows, axes.columns, channels_last(x)};
}

}  // namespace

ResizeAxes resize_axes(const char* op, const Tensor& x, const Resize& to, kernels::Resampling how) {
  check_image(op, x);
  const bool by_size = !(to.size == Size2d(0)), by_factor = to.scale_factor.h != 0 || to.scale_factor.w != 0;
  check(by_size != by_factor, op, "expected a size or a scale_factor, got ", by_size ? "both" : "neither");
  const auto axis = [&](Index in, Index size, double factor) {
    double out = double(size);
    if (by_factor) {
      check(factor > 0 && std::isfinite(factor), op, "expected a scale_factor above 0, got ", factor);
      out = std::floor(double(in) * factor);
    }
    check(out >= 1, op, "the result would be empty: ", in, " pixels become ", out);
    check(out < 0x1p31, op, "the result would have ", out, " pixels in one direction");
    return kernels::ResizeAxis{in, static_cast<Index>(out), by_factor ? factor : 0, how};
  };
  return {axis(x.size(2), to.size.h, to.scale_factor.h), axis(x.size(3), to.size.w, to.scale_factor.w)};
}

Tensor upsample_nearest2d(const Tensor& x, const Resize& to) {
  const auto resized = upsampled("upsample_nearest2d", x, to, kernels::Resampling::nearest);
  return apply(ops::UpsampleNearest2d{resized}, x);
}

Tensor upsample_bilinear2d(const Tensor& x, const Resize& to, bool align_corners) {
  using kernels::Resampling;
  const auto resized =
      upsampled("upsample_bilinear2d", x, to, align_corners ? Resampling::linear_aligned : Resampling::linear);
  return apply(ops::UpsampleBilinear2d{resized}, x);
}

Tensor max_pool2d(const Tensor& x, Size2d kernel, Size2d stride, Size2d padding) {
  constexpr auto op = "max_pool2d";
  check_image(op, x);
  if (stride == Size2d(0)) stride = kernel;
  check(kernel.h > 0 && kernel.w > 0 && stride.h > 0 && stride.w > 0, op,
        "expected a kernel and a stride of at least 1, got ", kernel, " and ", stride);
  check(padding.h >= 0 && padding.w >= 0 && 2 * padding.h <= kernel.h && 2 * padding.w <= kernel.w, op,
        "expected a padding from 0 to half of the kernel, ", kernel, ", got ", padding);
  const Size2d padded{x.size(2) + 2 * padding.h, x.size(3) + 2 * padding.w};
  check(kernel.h <= padded.h && kernel.w <= padded.w, op, "the kernel, ", kernel,
        ", is larger than the input with its padding, ", padded);
  const bool last = channels_last(x);
  const Planes planes(x.shape(), last);
  const kernels::PoolExtents e{planes.outer,
                               x.size(2),
                               x.size(3),
                               planes.inner,
                               (padded.h - kernel.h) / stride.h + 1,
                               (padded.w - kernel.w) / stride.w + 1,
                               kernel.h,
                               kernel.w,
                               stride.h,
                               stride.w,
                               padding.h,
                               padding.w};
  return apply(ops::MaxPool2d{e, x.shape(), {x.size(0), x.size(1), e.out_h, e.out_w}, last}, x);
}

}  // namespace gradus
