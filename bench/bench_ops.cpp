// GB/s of ops that do little more than read and write, beside those of a copy: on a machine that does them well, each
// takes as long as a copy of as many bytes. Counted are the bytes that an op must move: every operand once.
//
//   bench_ops [--device cpu|cuda] [--megabytes N] [--threads N] [--repeat N]
//
// It prints a line `OP GB/S SHARE-OF-COPY` for each op, from the median of N rounds, in which all ops take turns. The
// tensors are of float32; the largest one of each op has --megabytes.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gradus/bench/command_line.h>
#include <gradus/core/autograd.h>
#include <gradus/core/cuda.h>
#include <gradus/core/error.h>
#include <gradus/core/on.h>
#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/kernels/parallel.h>
#include <gradus/kernels/upsample.h>
#include <gradus/optim/adam.h>

using namespace gradus;

namespace {

struct Op {
  std::string name;
  double bytes;  // read and written
  std::function<void()> run;
  std::vector<double> seconds = {};
};

// dx of lecture 32's last upsampling, [n, 64, 16, 16] to [n, 64, 32, 32], channels last: the kernel alone.
Op bilinear_backward(double bytes, const TensorOptions& options) {
  const Index channels = 64, n = std::max<Index>(1, static_cast<Index>(bytes) / (channels * 32 * 32 * 4));
  const kernels::ResizeAxis axis{.in = 16, .out = 32, .factor = 2, .how = kernels::Resampling::linear};
  const Tensor dx = zeros({n, 16, 16, channels}, options), dy = randn({n, 32, 32, channels}, options);
  return {"upsample_bilinear2d, backward", 4.0 * double(dx.numel() + dy.numel()), [=] {
            on_floating("bench_ops", dy, [&]<class T>(auto exec) {
              kernels::upsample_back<T>(exec, n, axis, axis, channels, pointer<T>(dy), pointer<T>(dx));
            });
          }};
}

Op adam(Index n, const TensorOptions& options) {
  const Tensor p = randn({n}, options).requires_grad_();
  sum(p * p).backward();
  const auto optimizer = std::make_shared<Adam>(Tensors{p});
  return {"Adam, step", 7 * 4.0 * double(n), [=] { optimizer->step(); }};  // of p, m, v both ways, and p's gradient
}

std::vector<Op> make_ops(Device device, double bytes) {
  const TensorOptions options{float32, device};
  const Index columns = 1024, rows = std::max<Index>(1, static_cast<Index>(bytes) / (4 * columns));
  const Tensor a = randn({rows, columns}, options), b = randn({rows, columns}, options), to = zeros_like(a);
  const double once = 4.0 * double(a.numel());
  return {{"copy", 2 * once,
           [=] {
             NoGrad guard;
             Tensor(to).copy_(a);
           }},
          {"add", 3 * once, [=] { a + b; }},
          {"relu", 2 * once, [=] { relu(a); }},
          {"tanh", 2 * once, [=] { tanh(a); }},
          {"sum", once, [=] { sum(a); }},
          {"sum over rows", once, [=] { sum(a, {0}); }},
          {"sum over columns", once, [=] { sum(a, {1}); }},
          bilinear_backward(bytes, options),
          adam(a.numel(), options)};
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

void run(const std::string& device_name, int megabytes, int threads, int repeat) {
  const Device device = parse_device(device_name);
  if (threads > 0) kernels::set_num_threads(threads);
  manual_seed(0);
  std::vector<Op> ops = make_ops(device, 1e6 * megabytes);
  const int together = device.is_cpu() ? 1 : 20;  // a GPU is waited for once in as many
  for (int round = -2; round < repeat; ++round) {
    for (Op& op : ops) {
      const auto start = std::chrono::steady_clock::now();
      for (int i = 0; i < together; ++i) op.run();
      if (!device.is_cpu()) cuda::synchronize(device);
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      if (round >= 0) op.seconds.push_back(taken.count() / together);
    }
  }
  const auto rate = [](const Op& op) { return op.bytes / median(op.seconds) / 1e9; };
  for (const Op& op : ops)
    std::printf("%-30s %8.1f GB/s %4.0f%%\n", op.name.c_str(), rate(op), 100 * rate(op) / rate(ops[0]));
}

}  // namespace

int main(int argc, char** argv) {
  std::string device = "cpu";
  int megabytes = 64, threads = 0, repeat = 15;
  CLI::App app("GB/s of ops that do little more than read and write, and their share of a copy's.", "bench_ops");
  app.add_option("--device", device, "cpu, cuda, cuda:1");
  app.add_option("--megabytes", megabytes, "of an op's largest tensor")->check(at_least(1));
  app.add_option("--threads", threads, "0: as many as there are CPUs")->check(at_least(0));
  app.add_option("--repeat", repeat, "timed rounds; a GPU does each op 20 times in one")->check(at_least(1));
  return run_bench(app, argc, argv, [&] { run(device, megabytes, threads, repeat); });
}
