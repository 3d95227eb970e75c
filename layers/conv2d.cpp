#include <gradus/layers/conv2d.h>

#include <sstream>

#include <gradus/core/ops.h>
#include <gradus/layers/init.h>

namespace gradus {
namespace {

std::string pair(Size2d s) { return "(" + std::to_string(s.h) + ", " + std::to_string(s.w) + ")"; }

std::string extra(Index in_channels, Index out_channels, Size2d kernel, const Conv2dOptions& o) {
  check(in_channels > 0 && out_channels > 0, "Conv2d", "expected positive numbers of channels, got ", in_channels,
        " and ", out_channels);
  check(kernel.h > 0 && kernel.w > 0 && o.stride.h > 0 && o.stride.w > 0, "Conv2d",
        "expected a kernel and a stride of at least 1, got ", kernel, " and ", o.stride);
  check(o.padding.h >= 0 && o.padding.w >= 0, "Conv2d", "expected a padding of at least 0, got ", o.padding);
  std::string text = std::to_string(in_channels) + ", " + std::to_string(out_channels) +
                     ", kernel_size=" + pair(kernel) + ", stride=" + pair(o.stride);
  if (!(o.padding == Size2d(0))) text += ", padding=" + pair(o.padding);
  return text + (o.bias ? "" : ", bias=False");
}

}  // namespace

Conv2d::Conv2d(Index in_channels, Index out_channels, Size2d kernel, const Conv2dOptions& options)
    : Module("Conv2d", extra(in_channels, out_channels, kernel, options)),
      stride(options.stride),
      padding(options.padding) {
  const Index fan_in = in_channels * kernel.h * kernel.w;
  weight = parameter("weight", uniform_fan_in({out_channels, in_channels, kernel.h, kernel.w}, fan_in));
  if (options.bias) bias = parameter("bias", uniform_fan_in({out_channels}, fan_in));
}

Tensor Conv2d::operator()(const Tensor& x) const { return conv2d(x, weight, bias, stride, padding); }

}  // namespace gradus
