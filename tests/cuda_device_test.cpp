// Lecture 20 trained on the GPU as a user trains it: the CPU's results, the same bits again, steady memory. On a GPU
// with the lecture's batches, on the emulator with small ones.
#include <algorithm>

#include <gradus/core/allocator.h>
#include <gradus/core/random.h>
#include <gradus/models/lecture20.h>
#include <gradus/optim/adam.h>

#include "cuda_arrays.h"

using namespace gradus;

namespace {

#ifdef GRADUS_CUDA_EMULATED
constexpr Index images = 2, draws = 5003;
constexpr int steps = 4, flat_steps = 8;
constexpr std::size_t unsteady = 0;
#else
constexpr Index images = 1000, draws = 1000003;
constexpr int steps = 50, flat_steps = 1000;
constexpr std::size_t unsteady = std::size_t{8} << 20;  // bytes that others may take of the GPU meanwhile
#endif

const Device gpu{Device::Type::cuda, 0};

lecture20::Autoencoder network(Device device, DType dtype) {
  manual_seed(1);
  lecture20::Autoencoder net;
  net.to(dtype);
  net.to(device);
  return net;
}

// Both phases of lecture 20, step by step.
struct Training {
  Training(Device device, DType dtype) : net(network(device, dtype)) {
    Generator g(7);
    x = rand({images, 784}, dtype, g).to(device);
    labels = randint(0, 10, {images}, g).to(device);
  }
  Tensors run(int count) {
    for (int i = 0; i < count; ++i) lecture20::autoencoder_step(net, optimizer, x, {});
    for (int i = 0; i < count; ++i) lecture20::classifier_step(classifier, x, labels, 0.1);
    Tensors all = net.parameters();
    for (const Tensor& p : classifier.parameters()) all.push_back(p);
    return all;
  }

  lecture20::Autoencoder net;
  Adam optimizer{net.parameters(), {.lr = 1e-3}};
  Sequential classifier = lecture20::make_classifier(net);
  Tensor x, labels;
};

template <class T>
bool equal_bits(const Tensors& a, const Tensors& b) {
  REQUIRE(a.size() == b.size());
  return std::equal(a.begin(), a.end(), b.begin(), [](const Tensor& p, const Tensor& q) {
    return p.to(cpu).to_vector<T>() == q.to(cpu).to_vector<T>();
  });
}

}  // namespace

// A step's rounding shrinks or grows in the next ones, and Adam divides by the root of a small number. What that makes
// of rounding alone is known from the CPU: the same batch with its rows in another order, so that every sum is, gives
// parameters that differ by 6e-14 of their largest after 50 steps. So 1e-10 holds for 50 steps as for one.
TEST_CASE("many steps of lecture 20 in float64 agree with the CPU's") {
  const Tensors here = Training(cpu, float64).run(steps);
  kernels::reset_kernel_launches();
  const Tensors there = Training(gpu, float64).run(steps);
  CHECK(kernels::kernel_launches("matmul_kernel") + kernels::kernel_launches("cublaslt_matmul") >= steps * 5);
  REQUIRE(here.size() == there.size());
  for (std::size_t i = 0; i < here.size(); ++i) {
    REQUIRE(there[i].device() == gpu);
    const std::vector<double> want = here[i].to_vector<double>(), got = there[i].to(cpu).to_vector<double>();
    const double worst = kernels::largest_error(got, want), largest = kernels::largest_magnitude(want);
    CAPTURE(i, worst, largest);
    CHECK(worst <= 1e-10 * largest);
  }
}

TEST_CASE("training on the GPU twice gives the same bits") {
  CHECK(equal_bits<float>(Training(gpu, float32).run(steps), Training(gpu, float32).run(steps)));
  CHECK(equal_bits<double>(Training(gpu, float64).run(steps), Training(gpu, float64).run(steps)));
}

TEST_CASE("the GPU draws the CPU's bits") {
  const auto drawn = [](Device device) {
    manual_seed(3);
    const Tensor a = rand({draws}, {float32, device}), b = randn({draws}, {float32, device});
    const Tensor c = rand({draws}, {float64, device}), d = randn({draws}, {float64, device});
    return Tensors{a, b, c, d};
  };
  const Tensors here = drawn(cpu), there = drawn(gpu);
  CHECK(equal_bits<float>({here[0], here[1]}, {there[0], there[1]}));
  CHECK(equal_bits<double>({here[2], here[3]}, {there[2], there[3]}));
}

TEST_CASE("steady training on the GPU takes no memory") {
  set_memory_caching(true, gpu);
  Training training(gpu, float32);
  training.run(5);
  kernels::synchronize({});
  const MemoryStats before = memory_stats(gpu);
  const std::size_t free = kernels::device_memory().free;
  training.run(flat_steps);
  kernels::synchronize({});
  const MemoryStats after = memory_stats(gpu);
  CHECK(after.active == before.active);
  CHECK(after.peak == before.peak);
  CHECK(after.cached == before.cached);
  CHECK(after.system_allocations == before.system_allocations);
  CHECK(kernels::device_memory().free + unsteady >= free);
}
