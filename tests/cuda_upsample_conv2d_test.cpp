// Upsampling and convolution in one go on the GPU: the sums of the taps against the two steps in double, and the op.
#include <gradus/core/ops.h>

#include "cuda_arrays.h"
#include "same_on_devices.h"
#include "upsample_conv2d_problems.h"

namespace gradus::kernels {
namespace {

// c[m, n] += a[m, k] b[k, n], the operands' elements at a(i, t) and b(t, j).
template <class A, class B>
Array<double> product(Index m, Index n, Index k, A a, B b) {
  Array<double> c(m * n);
  for (Index i = 0; i < m; ++i)
    for (Index t = 0; t < k; ++t)
      for (Index j = 0; j < n; ++j) c[i * n + j] += a(i, t) * b(t, j);
  return c;
}

template <class T>
void check_sums(const Problem& p, Index offset) {
  const UpsampleConvExtents& e = p.e;
  const Index pixels = e.conv.n * e.rows.in * e.columns.in, c = e.conv.c, out = e.conv.out_c;
  const Index taps = e.conv.kernel_h * e.conv.kernel_w, wide = taps * out;
  const auto weight = [&](Index channel, Index tap) { return p.w[(tap / out * c + channel) * out + tap % out]; };
  const auto x = [&](Index pixel, Index channel) { return p.x[pixel * c + channel]; };
  const Results<double> want = p.in_two_steps();
  const Index lines = e.conv.n * e.conv.out_h * e.columns.in * e.conv.kernel_w * out;

  const OnGpu<T> z(converted<T>(product(pixels, wide, c, x, weight)), offset), bias(converted<T>(p.bias), offset);
  const auto y = in_every_order(
      "sum_parts_kernel",
      [&] {
        const OnGpu<T> between(lines, offset), to(p.dy.size(), offset);
        sum_taps<T>(Cuda{}, e, z.data(), bias.data(), between.data(), to.data());
        return to.values();
      },
      2);
  CHECK(agree(y, want.y, 32));

  const OnGpu<T> dy(converted<T>(p.dy), offset);
  const auto dz = in_every_order(
      "sum_parts_kernel",
      [&] {
        const OnGpu<T> between(lines, offset), to(pixels * wide, offset);
        sum_taps_back<T>(Cuda{}, e, dy.data(), between.data(), to.data());
        return to.values();
      },
      2);
  const auto of_dz = [&](Index pixel, Index tap) { return double(dz[pixel * wide + tap]); };
  const auto dx = product(pixels, c, wide, of_dz, [&](Index tap, Index channel) { return weight(channel, tap); });
  const auto dw = product(
      c, wide, pixels, [&](Index channel, Index pixel) { return x(pixel, channel); }, of_dz);
  CHECK(agree(converted<T>(dx), want.dx, 64));
  Array<double> as_w(dw.size());
  for (Index channel = 0; channel < c; ++channel)
    for (Index tap = 0; tap < wide; ++tap) as_w[(tap / out * c + channel) * out + tap % out] = dw[channel * wide + tap];
  CHECK(agree(converted<T>(as_w), want.dw, 64));
}

TEST_CASE("the sums of the taps, between matrix products, are upsampling and convolution", "[cuda_upsample_conv2d]") {
  for (const Problem& p : problems()) {
    const ConvExtents& c = p.e.conv;
    CAPTURE(c.n, c.c, c.h, c.w, c.out_c, c.out_h, c.out_w, c.kernel_h, c.kernel_w);
    for (const Index offset : {0, 1}) {
      check_sums<float>(p, offset);
      check_sums<double>(p, offset);
    }
  }
}

TEST_CASE("a NaN shows in what contains it, and nowhere else", "[cuda_upsample_conv2d]") {
  for (Problem p : problems()) {
    if (p.e.rows.in > p.e.rows.out) continue;  // the first pixel may be in no output, and is multiplied by 0
    p.x[0] = p.dy[0] = std::numeric_limits<double>::quiet_NaN();
    CAPTURE(p.e.conv.n, p.e.conv.c, p.e.conv.out_c);
    check_sums<float>(p, 0);
  }
}

}  // namespace
}  // namespace gradus::kernels

namespace gradus {
namespace {

const Device gpu{Device::Type::cuda, 0};

Tensor some(const Shape& shape, std::uint64_t seed) {
  Generator from(seed);
  return randn(shape, float64, from);
}

TEST_CASE("with many channels the GPU contracts them before the images are enlarged, as the CPU does") {
  struct Form {
    Shape x, weight;
    Resize to;
    Size2d stride, padding;
    bool with_bias = true;
  };
  for (const Form& f : {Form{{2, 17, 3, 4}, {8, 17, 3, 3}, {.scale_factor = 2}, 1, 1},
                        Form{{3, 24, 4, 3}, {3, 24, 2, 3}, {.size = {11, 10}}, {1, 2}, {0, 1}, false},
                        Form{{0, 17, 3, 4}, {8, 17, 3, 3}, {.scale_factor = 2}, 1, 1}}) {
    const auto run = [&](Device device) {
      const Tensor x = some(f.x, 1).to(device).requires_grad_(), w = some(f.weight, 2).to(device).requires_grad_();
      const Tensor b = f.with_bias ? some({f.weight[0]}, 3).to(device).requires_grad_() : Tensor();
      const Tensor y = upsample_conv2d(x, f.to, false, w, b, f.stride, f.padding);
      y.backward(some(y.shape(), 4).to(device));
      Tensors all = {y.detach(), x.grad(), w.grad()};
      if (f.with_bias) all.push_back(b.grad());
      return all;
    };
    kernels::reset_kernel_launches();
    const Tensors there = run(gpu);
    CHECK((kernels::kernel_launches("sum_parts_kernel") == 4 || f.x[0] == 0));
    CHECK(kernels::kernel_launches("conv2d_kernel") == 0);
    CHECK(kernels::kernel_launches("resample_kernel") == 0);
    check_same_on_devices(run(cpu), there, run(gpu));
  }
}

TEST_CASE("with few channels the GPU enlarges the images first") {
  kernels::reset_kernel_launches();
  const Tensor x = some({2, 15, 3, 4}, 1).to(gpu), w = some({8, 15, 3, 3}, 2).to(gpu);
  upsample_conv2d(x, {.scale_factor = 2}, false, w, {}, 1, 1);
  CHECK(kernels::kernel_launches("sum_parts_kernel") == 0);
  CHECK(kernels::kernel_launches("resample_kernel") == 1);
}

}  // namespace
}  // namespace gradus
