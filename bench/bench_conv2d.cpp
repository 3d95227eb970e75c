// GFLOP/s of convolution and of its two gradients at the layers of lecture 32, batch 2000, float32.
//
//   bench_conv2d [seconds per row] [part of a name]      GRADUS_THREADS sets the number of threads
//
// Products with the padding are not counted, and not computed. «with up» is upsampling and convolution in one go, whose
// rate is that of the convolution alone, as if it had been computed; of the way back, both gradients are half of it.
// The multiply-add's own rate, which nothing can exceed, is measured between the rows and printed first; other programs
// on the machine slow down both.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include <gradus/bench/command_line.h>
#include <gradus/core/error.h>
#include <gradus/core/random.h>
#include <gradus/kernels/conv2d.h>
#include <gradus/kernels/conv2d_tile.h>
#include <gradus/kernels/parallel.h>
#include <gradus/kernels/upsample_conv2d.h>

namespace {

using namespace gradus;
using kernels::ConvExtents;

struct Layer {
  const char* name;
  ConvExtents e;
  bool upsampled = false;  // whether its images are upsampled ones
};

ConvExtents extents(Index c, Index out_c, Index size, Index stride) {
  const Index out = size / stride;
  return {2000, c, size, size, out_c, out, out, 3, 3, stride, stride, 1, 1};
}

const Layer layers[] = {
    {"encoder 3-64, 32 to 16", extents(3, 64, 32, 2)},    {"encoder 64-128, 16 to 8", extents(64, 128, 16, 2)},
    {"encoder 128-128, 8 to 4", extents(128, 128, 8, 2)}, {"decoder 128-128, 4", extents(128, 128, 4, 1)},
    {"decoder 128-64, 8", extents(128, 64, 8, 1), true},  {"decoder 64-64, 16", extents(64, 64, 16, 1), true},
    {"decoder 64-3, 32", extents(64, 3, 32, 1), true}};

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

#ifdef __aarch64__  // what inline assembler calls a vector register
#define GRADUS_IN_REGISTER "+w"
#else
#define GRADUS_IN_REGISTER "+v"
#endif

// Multiply-adds of registers alone, on all threads.
double peak() {
  constexpr Index chains = 14, steps = 4000000;
  const double start = now();
  const int threads = kernels::num_threads();
  kernels::parallel_for(threads, [](Index) {
    kernels::conv::Vector<float> acc[chains] = {}, a = {};
    for (Index i = 0; i < steps; ++i) {
      asm volatile("" : GRADUS_IN_REGISTER(a));
#pragma GCC unroll 16
      for (Index j = 0; j < chains; ++j) acc[j] += a * a;
#pragma GCC unroll 16
      for (Index j = 0; j < chains; ++j) asm volatile("" : GRADUS_IN_REGISTER(acc[j]));
    }
  });
  return 2e-9 * double(chains * steps * threads * kernels::conv::kLanes<float>) / (now() - start);
}

struct Timing {
  double median, best;  // seconds
};

Timing timed(double seconds, const std::function<void()>& f) {
  f();
  std::vector<double> times;
  for (double end = now() + seconds; now() < end || times.size() < 3;) {
    const double start = now();
    f();
    times.push_back(now() - start);
  }
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times[0]};
}

float* numbers(const Tensor& t) { return t.data<float>().data(); }

using Passes = std::vector<std::pair<const char*, std::function<void()>>>;

void print(const Layer& layer, const char* how, double seconds, const Passes& passes) {
  static double most = 0;
  for (const auto& [name, pass] : passes) {
    most = std::max(most, peak());
    const Timing t = timed(seconds, pass);
    const double rate = flops(layer.e) * 1e-9 / t.best;
    std::printf("%-24s %-8s %-8s %10.1f %10.1f %10.0f %10.0f %9.0f%%\n", layer.name, how, name, t.median * 1e3,
                t.best * 1e3, rate, most, 100 * rate / most);
    std::fflush(stdout);
  }
}

void run(double seconds, const std::string& only) {
  const auto chosen = [&](const Layer& layer) { return std::string(layer.name).find(only) != std::string::npos; };
  check(std::any_of(std::begin(layers), std::end(layers), chosen), "layer", "none has '", only,
        "' in its name; without one they are all timed, and named");
  const kernels::Cpu cpu;
  std::printf("%-24s %-8s %-8s %10s %10s %10s %10s %10s\n", "layer", "", "pass", "median ms", "best ms", "GFLOP/s",
              "peak", "of peak");
  for (const Layer& layer : layers) {
    if (!chosen(layer)) continue;
    const ConvExtents& e = layer.e;
    const Tensor x = randn({e.n, e.h, e.w, e.c}), y = randn({e.n, e.out_h, e.out_w, e.out_c});
    const Tensor w = randn({e.kernel_h, e.kernel_w, e.c, e.out_c}), b = randn({e.out_c});
    print(layer, "", seconds,
          {{"forward", [&] { kernels::conv2d<float>(cpu, e, numbers(x), numbers(w), numbers(b), numbers(y)); }},
           {"dx", [&] { kernels::conv2d_input_grad<float>(cpu, e, numbers(y), numbers(w), numbers(x)); }},
           {"dw", [&] { kernels::conv2d_weight_grad<float>(cpu, e, numbers(x), numbers(y), numbers(w)); }}});
    if (!layer.upsampled) continue;
    const kernels::ResizeAxis axis{e.h / 2, e.h, 2, kernels::Resampling::linear};
    const kernels::UpsampleConvExtents u{axis, axis, e};
    const Tensor low = randn({e.n, e.h / 2, e.w / 2, e.c});
    print(layer, "with up", seconds,
          {{"forward",
            [&] { kernels::upsample_conv2d<float>(cpu, u, numbers(low), numbers(w), numbers(b), numbers(y)); }},
           {"dx, dw", [&] {
              kernels::upsample_conv2d_back<float>(cpu, u, numbers(low), numbers(y), numbers(w), numbers(low),
                                                   numbers(w));
            }}});
  }
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 1;
  std::string only;
  CLI::App app("GFLOP/s of convolution and of its two gradients at the layers of lecture 32.", "bench_conv2d");
  app.add_option("seconds", seconds, "for each row")->check(at_least(0.001))->capture_default_str();
  app.add_option("layer", only, "those with this in their name; all when left out");
  return run_bench(app, argc, argv, [&] { run(seconds, only); });
}
