#include <gradus/core/random.h>

#include <algorithm>
#include <cmath>

#include <gradus/core/autograd.h>
#include <gradus/core/draw_mask.h>
#include <gradus/core/on.h>
#include <gradus/core/recording.h>
#include <gradus/kernels/random.h>

namespace gradus {
namespace {

// Takes what a draw of n elements uses up, and returns where it starts.
template <class T>
kernels::PhiloxStart take(const char* op, Device device, Generator& g, Index n) {
  return draw_start(op, device, g, kernels::counters_used<T>(n));
}

void draw_uniform(const char* op, const Tensor& t, double low, double high, Generator& g) {
  on_floating(op, t, [&]<class T>(auto exec) {
    check(low <= high && std::isfinite(T(high) - T(low)), op, "expected finite bounds, low <= high, got ", low, " and ",
          high);
    kernels::fill_uniform<T>(exec, take<T>(op, t.device(), g, t.numel()), t.numel(), T(low), T(high), pointer<T>(t));
  });
}

void draw_normal(const char* op, const Tensor& t, double mean, double std, Generator& g) {
  on_floating(op, t, [&]<class T>(auto exec) {
    kernels::fill_normal<T>(exec, take<T>(op, t.device(), g, t.numel()), t.numel(), T(mean), T(std), pointer<T>(t));
  });
}

}  // namespace

kernels::PhiloxStart draw_start(const char* op, Device device, Generator& from, std::uint64_t counters) {
  if (Recording* const recording = Recording::current()) {
    if (device.is_cpu()) {
      refuse_while_recording(op, "numbers are drawn on the CPU",
                             "draw them on the GPU, or before, and pass them to the step as an input");
    }
    return recording->draw(from, counters);
  }
  const kernels::PhiloxStart start{from.seed, from.offset};
  from.offset += counters;
  return start;
}

Generator::~Generator() {
  if (Recording* const recording = Recording::current()) recording->ended(*this);
}

Generator& default_generator() {
  thread_local Generator generator;
  return generator;
}

void manual_seed(std::uint64_t seed) {
  refuse_while_recording("manual_seed", "the generator is started anew", "do it between the calls");
  default_generator() = Generator(seed);
}

Tensor rand(const Shape& shape, TensorOptions options, Generator& from) {
  Tensor t = empty(shape, options);
  draw_uniform("rand", t, 0, 1, from);
  return t;
}

Tensor randn(const Shape& shape, TensorOptions options, Generator& from) {
  Tensor t = empty(shape, options);
  draw_normal("randn", t, 0, 1, from);
  return t;
}

Tensor randint(Index low, Index high, const Shape& shape, Generator& from) {
  check(low < high, "randint", "expected low < high, got ", low, " and ", high);
  Tensor t = empty(shape, int64);
  kernels::fill_integers(kernels::Cpu{}, take<Index>("randint", cpu, from, t.numel()), t.numel(), low, high,
                         pointer<Index>(t));
  return t;
}

// Fisher and Yates's shuffle: element i changes places with one of the first i + 1, each as likely as the others.
Tensor randperm(Index n, Generator& from) {
  check(n >= 0, "randperm", "expected at least 0 elements, got ", n);
  Tensor t = arange(0, static_cast<double>(n), 1, int64);
  const std::span<Index> order = t.data<Index>();
  const kernels::PhiloxStart start = take<Index>("randperm", cpu, from, n);
  for (Index i = n - 1; i > 0; --i) {
    Index partner[2];  // int64 draws share a counter by twos
    kernels::fill_integers(kernels::Cpu{}, {start.seed, start.offset + static_cast<std::uint64_t>(i / 2)}, 2, 0, i + 1,
                           partner);
    std::swap(order[i], order[partner[i % 2]]);
  }
  return t;
}

Tensor& uniform_(Tensor& t, double low, double high, Generator& from) {
  check(!grad_enabled(), "uniform_", "tensors are changed in place under NoGrad only");
  draw_uniform("uniform_", t, low, high, from);
  t.bump_version();
  return t;
}

Tensor& normal_(Tensor& t, double mean, double std, Generator& from) {
  check(!grad_enabled(), "normal_", "tensors are changed in place under NoGrad only");
  check(std >= 0, "normal_", "expected a deviation of at least 0, got ", std);
  draw_normal("normal_", t, mean, std, from);
  t.bump_version();
  return t;
}

}  // namespace gradus
