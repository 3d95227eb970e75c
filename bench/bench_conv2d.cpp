// GFLOP/s of convolution and of its two gradients at the layers of lecture 32, batch 2000, float32.
//
//   bench_conv2d [seconds per row] [part of a name]      GRADUS_THREADS sets the number of threads
//
// Products with the padding are not counted, and not computed. The multiply-add's own rate, which nothing can exceed,
// is measured between the rows and printed first; other programs on the machine slow down both.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#include <gradus/core/random.h>
#include <gradus/kernels/conv2d.h>
#include <gradus/kernels/conv2d_tile.h>
#include <gradus/kernels/parallel.h>

namespace {

using namespace gradus;
using kernels::ConvExtents;

struct Layer {
  const char* name;
  ConvExtents e;
};

ConvExtents extents(Index c, Index out_c, Index size, Index stride) {
  const Index out = size / stride;
  return {2000, c, size, size, out_c, out, out, 3, 3, stride, stride, 1, 1};
}

const Layer layers[] = {
    {"encoder 3-64, 32 to 16", extents(3, 64, 32, 2)},    {"encoder 64-128, 16 to 8", extents(64, 128, 16, 2)},
    {"encoder 128-128, 8 to 4", extents(128, 128, 8, 2)}, {"decoder 128-128, 4", extents(128, 128, 4, 1)},
    {"decoder 128-64, 8", extents(128, 64, 8, 1)},        {"decoder 64-64, 16", extents(64, 64, 16, 1)},
    {"decoder 64-3, 32", extents(64, 3, 32, 1)}};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// How many positions along an axis meet an input, over all taps.
double products(Index in, Index out, Index stride) {
  double count = 0;
  for (Index o = 0; o < out; ++o)
    for (Index t = 0; t < 3; ++t) count += o * stride - 1 + t >= 0 && o * stride - 1 + t < in;
  return count;
}

double flops(const ConvExtents& e) {
  return 2.0 * double(e.n * e.c * e.out_c) * products(e.h, e.out_h, e.stride_h) * products(e.w, e.out_w, e.stride_w);
}

// Multiply-adds of registers alone, on all threads.
double peak() {
  constexpr Index chains = 14, steps = 4000000;
  const double start = now();
  const int threads = kernels::num_threads();
  kernels::parallel_for(threads, [](Index) {
    kernels::conv::Vector<float> acc[chains] = {}, a = {};
    for (Index i = 0; i < steps; ++i) {
      asm volatile("" : "+v"(a));
#pragma GCC unroll 16
      for (Index j = 0; j < chains; ++j) acc[j] += a * a;
#pragma GCC unroll 16
      for (Index j = 0; j < chains; ++j) asm volatile("" : "+v"(acc[j]));
    }
  });
  return 2e-9 * double(chains * steps * threads * kernels::conv::kLanes<float>) / (now() - start);
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 1;
  const char* only = argc > 2 ? argv[2] : "";
  double most = 0;
  std::printf("%-26s %-9s %10s %10s %10s %10s %10s\n", "layer", "pass", "median ms", "best ms", "GFLOP/s", "peak",
              "of peak");
  for (const Layer& layer : layers) {
    if (!std::strstr(layer.name, only)) continue;
    const ConvExtents& e = layer.e;
    const Tensor x = randn({e.n, e.h, e.w, e.c}), y = randn({e.n, e.out_h, e.out_w, e.out_c});
    const Tensor w = randn({e.kernel_h, e.kernel_w, e.c, e.out_c}), b = randn({e.out_c});
    float *px = x.data<float>().data(), *py = y.data<float>().data(), *pw = w.data<float>().data();
    const kernels::Cpu cpu;
    const std::pair<const char*, std::function<void()>> passes[] = {
        {"forward", [&] { kernels::conv2d<float>(cpu, e, px, pw, b.data<float>().data(), py); }},
        {"dx", [&] { kernels::conv2d_input_grad<float>(cpu, e, py, pw, px); }},
        {"dw", [&] { kernels::conv2d_weight_grad<float>(cpu, e, px, py, pw); }}};
    for (const auto& [name, pass] : passes) {
      most = std::max(most, peak());
      pass();
      std::vector<double> times;
      for (double end = now() + seconds; now() < end || times.size() < 3;) {
        const double start = now();
        pass();
        times.push_back(now() - start);
      }
      std::sort(times.begin(), times.end());
      const double rate = flops(e) * 1e-9 / times[0];
      std::printf("%-26s %-9s %10.1f %10.1f %10.0f %10.0f %9.0f%%\n", layer.name, name, times[times.size() / 2] * 1e3,
                  times[0] * 1e3, rate, most, 100 * rate / most);
    }
  }
}
