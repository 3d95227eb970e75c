// Upsampling and pooling on the GPU against the CPU in double, at ragged sizes and in both orders of the channels.
#include <gradus/kernels/max_pool2d.h>
#include <gradus/kernels/upsample.h>

#include "cuda_arrays.h"

namespace gradus::kernels {
namespace {

struct Size {
  Index outer, inner;
};
const Size sizes[] = {{6, 1}, {2, 3}, {3, 4}, {2, 8}, {1, 33}, {0, 4}, {3, 0}};

template <class T>
void check_upsampling(const Size& size, const ResizeAxis& rows, const ResizeAxis& columns, Index offset) {
  CAPTURE(size.outer, size.inner, rows.in, rows.out, rows.factor, columns.in, columns.out, int(rows.how), sizeof(T));
  const auto x = random_values<T>(size.outer * rows.in * columns.in * size.inner, -1, 1, 1);
  const auto dy = random_values<T>(size.outer * rows.out * columns.out * size.inner, -1, 1, 2);
  const OnGpu<T> x_gpu(x, offset), dy_gpu(dy, offset);
  std::vector<double> y(dy.size()), dx(x.size());
  upsample<double>(Cpu{}, size.outer, rows, columns, size.inner, converted<double>(x).data(), y.data());
  upsample_back<double>(Cpu{}, size.outer, rows, columns, size.inner, converted<double>(dy).data(), dx.data());
  const auto got = in_every_order("resample_kernel", [&] {
    const OnGpu<T> out(static_cast<Index>(y.size()), offset);
    upsample<T>(Cuda{}, size.outer, rows, columns, size.inner, x_gpu.data(), out.data());
    return out.values();
  });
  CHECK(agree(got, y, 8));
  const auto back = in_every_order("resample_kernel", [&] {
    const OnGpu<T> out(static_cast<Index>(dx.size()), offset);
    upsample_back<T>(Cuda{}, size.outer, rows, columns, size.inner, dy_gpu.data(), out.data());
    return out.values();
  });
  CHECK(agree(back, dx, 32));
}

template <class T>
void check_pooling(PoolExtents e) {
  e.out_h = (e.h + 2 * e.pad_h - e.kernel_h) / e.stride_h + 1;
  e.out_w = (e.w + 2 * e.pad_w - e.kernel_w) / e.stride_w + 1;
  for (const Size& size : sizes) {
    e.outer = size.outer;
    e.inner = size.inner;
    CAPTURE(e.outer, e.inner, e.h, e.w, e.kernel_h, e.kernel_w, e.stride_h, e.stride_w, e.pad_h, e.pad_w, sizeof(T));
    auto x = random_values<T>(e.outer * e.h * e.w * e.inner, -1, 1, 1);
    if (x.size() > 7) x[7] = std::numeric_limits<T>::quiet_NaN();
    if (x.size() > 9) x[9] = x[8];
    const Index outputs = e.outer * e.out_h * e.out_w * e.inner;
    const auto dy = random_values<T>(outputs, -1, 1, 2);
    std::vector<T> y(outputs), dx(x.size());
    std::vector<Index> index(outputs);
    max_pool2d<T>(Cpu{}, e, x.data(), y.data(), index.data());
    max_pool2d_back<T>(Cpu{}, e, dy.data(), index.data(), dx.data());
    const OnGpu<T> x_gpu(x, 1), dy_gpu(dy);
    const OnGpu<Index> index_gpu(outputs);
    const auto got = in_every_order("max_pool2d_kernel", [&] {
      const OnGpu<T> out(outputs);
      max_pool2d<T>(Cuda{}, e, x_gpu.data(), out.data(), index_gpu.data());
      return out.values();
    });
    CHECK(largest_error(got, converted<double>(y)) == 0);
    CHECK(index_gpu.values() == index);
    const auto back = in_every_order("max_pool2d_back_kernel", [&] {
      const OnGpu<T> out(static_cast<Index>(x.size()));
      max_pool2d_back<T>(Cuda{}, e, dy_gpu.data(), index_gpu.data(), out.data());
      return out.values();
    });
    CHECK(largest_error(back, converted<double>(dx)) == 0);
  }
}

ResizeAxis axis(Index in, Index out, double factor, Resampling how) { return {in, out, factor, how}; }

TEST_CASE("upsampling on the GPU is the CPU's, back too", "[cuda_images]") {
  for (const Resampling how : {Resampling::nearest, Resampling::linear, Resampling::linear_aligned}) {
    for (const Size& size : sizes) {
      check_upsampling<float>(size, axis(4, 8, 2, how), axis(5, 10, 2, how), 0);
      check_upsampling<double>(size, axis(4, 7, 0, how), axis(7, 3, 0, how), 1);
      check_upsampling<float>(size, axis(1, 5, 0, how), axis(9, 1, 0, how), 1);
      check_upsampling<double>(size, axis(7, 3, 0.5, how), axis(3, 8, 2.75, how), 0);
    }
  }
  check_upsampling<float>({2, 64}, axis(16, 32, 2, Resampling::linear), axis(16, 32, 2, Resampling::linear), 0);
}

TEST_CASE("pooling on the GPU is the CPU's to the bit, and the gradient's way back", "[cuda_images]") {
  PoolExtents e;
  e.h = 5;
  e.w = 7;
  e.kernel_h = e.stride_h = e.kernel_w = e.stride_w = 2;
  check_pooling<float>(e);
  e.kernel_h = 3;
  e.stride_w = 1;
  e.pad_h = 1;
  check_pooling<double>(e);
  e.kernel_w = 4;
  e.stride_h = 5;
  e.pad_w = 2;
  check_pooling<float>(e);
}

}  // namespace
}  // namespace gradus::kernels
