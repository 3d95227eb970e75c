// GB/s of ops that do little more than read and write, beside those of a copy: on a machine that does them well, each
// takes as long as a copy of as many bytes. Counted are the bytes that an op must move: every operand once. The copy is
// the first line's: copy_, and on a GPU CUDA's own.
//
//   bench_ops [--device cpu|cuda] [--megabytes N] [--product N] [--threads N] [--repeat N]
//
// It prints a line `OP GB/S SHARE-OF-COPY` for each op, from the median of N rounds, in which all ops take turns. The
// tensors are of float32; the largest one of each op has --megabytes. With --product N follows the matrix product of
// N x N numbers, by our own kernels and, on a GPU, by cuBLASLt where it is there: `PRODUCT GFLOP/S SHARE-OF-CUBLASLT`.
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
#include <gradus/core/libraries.h>
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
  double work;  // bytes read and written, or multiplications and additions
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
  std::vector<Op> ops{{"copy_", 2 * once,
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
#ifdef GRADUS_HAS_CUDA
  const auto copy = [=] {
    kernels::copy_on_device({}, static_cast<std::size_t>(once), pointer<float>(a), pointer<float>(to));
  };
  if (!device.is_cpu()) ops.insert(ops.begin(), {"cudaMemcpyAsync", 2 * once, copy});
#endif
  return ops;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// All ops in turn, so that what else the machine does meets each of them. Their rates, in 10^9 a second.
std::vector<double> rates(std::vector<Op> ops, Device device, int repeat) {
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
  std::vector<double> all;
  for (const Op& op : ops) all.push_back(op.work / median(op.seconds) / 1e9);
  return all;
}

// By our own kernels and, where it is there, by cuBLASLt.
std::vector<Op> make_products(Device device, Index n) {
  const Tensor a = randn({n, n}, {float32, device}), b = randn({n, n}, {float32, device});
  const auto by = [=](const std::string& who, Libraries libraries) {
    return Op{"product, " + who, 2.0 * double(n) * double(n) * double(n), [=] {
                set_libraries(libraries);
                matmul(a, b);
              }};
  };
  std::vector<Op> ops{by("own kernels", Libraries::own)};
  if (!device.is_cpu() && kernels::uses_cublas()) ops.push_back(by("cuBLASLt", Libraries::vendor));
  return ops;
}

struct Settings {
  std::string device = "cpu";
  int megabytes = 64, product = 0, threads = 0, repeat = 15;
};

void run(const Settings& settings) {
  const Device device = parse_device(settings.device);
  if (settings.threads > 0) kernels::set_num_threads(settings.threads);
  manual_seed(0);
  const auto print = [&](const std::vector<Op>& ops, const char* unit, bool last_is_whole) {
    const std::vector<double> all = rates(ops, device, settings.repeat);
    const double whole = last_is_whole ? all.back() : all.front();
    for (std::size_t i = 0; i < all.size(); ++i)
      std::printf("%-30s %8.1f %s %4.0f%%\n", ops[i].name.c_str(), all[i], unit, 100 * all[i] / whole);
  };
  print(make_ops(device, 1e6 * settings.megabytes), "GB/s", false);
  if (settings.product > 0) print(make_products(device, settings.product), "GFLOP/s", true);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("GB/s of ops that do little more than read and write, and their share of a copy's.", "bench_ops");
  app.add_option("--device", settings.device, "cpu, cuda, cuda:1");
  app.add_option("--megabytes", settings.megabytes, "of an op's largest tensor")->check(at_least(1));
  app.add_option("--product", settings.product, "a matrix product of so many rows and columns, too; 0: none")
      ->check(at_least(0));
  app.add_option("--threads", settings.threads, "0: as many as there are CPUs")->check(at_least(0));
  app.add_option("--repeat", settings.repeat, "timed rounds; a GPU does each op 20 times in one")->check(at_least(1));
  return run_bench(app, argc, argv, [&] { run(settings); });
}
