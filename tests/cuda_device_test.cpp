// The lectures trained on the GPU as a user trains them: the CPU's results, recorded steps that are the plain ones, the
// same bits again, steady memory. On a GPU with the lectures' networks and batches, on the emulator with small ones.
#include <algorithm>
#include <functional>
#include <utility>

#include <gradus/core/allocator.h>
#include <gradus/core/random.h>
#include <gradus/core/step_graph.h>
#include <gradus/models/lecture20.h>
#include <gradus/models/lecture32.h>
#include <gradus/models/lecture55.h>
#include <gradus/optim/adam.h>

#include "cuda_arrays.h"

using namespace gradus;

namespace {

#ifdef GRADUS_CUDA_EMULATED
constexpr Index images = 2, photos = 2, digits = 3, draws = 5003;
constexpr int steps = 4, flat_steps = 8;
constexpr std::size_t unsteady = 0;
const lecture32::Sizes photo_sizes{.narrow = 3, .wide = 4, .code = 5};
const lecture54::Sizes digit_sizes{.pixels = 12, .neurons = 9, .critic_neurons = 7, .z = 2},
    wide_sizes{.pixels = 12, .neurons = 9, .critic_neurons = 7, .z = 5};
#else
constexpr Index images = 1000, photos = 100, digits = 100, draws = 1000003;
constexpr int steps = 50, flat_steps = 1000;
constexpr std::size_t unsteady = std::size_t{8} << 20;  // bytes that others may take of the GPU meanwhile
const lecture32::Sizes photo_sizes;
const lecture54::Sizes digit_sizes, wide_sizes{.z = lecture55::code};
#endif

const Device gpu{Device::Type::cuda, 0};

// One of four batches, which differ.
constexpr int batches = 4;
Tensors make_batches(const Shape& shape, TensorOptions options) {
  Tensors all;
  for (int i = 0; i < batches; ++i) {
    Generator g(static_cast<std::uint64_t>(7 + i));
    all.push_back(rand(shape, options.dtype, g).to(options.device));
  }
  return all;
}
Tensors make_labels(Index n, Device device) {
  Tensors all;
  for (int i = 0; i < batches; ++i) {
    Generator g(static_cast<std::uint64_t>(70 + i));
    all.push_back(randint(0, 10, {n}, g).to(device));
  }
  return all;
}

// A lecture's two phases and their batches, which go on for as many steps as they are asked for.
struct Training {
  Training(StepGraph first, StepGraph second, Tensors x, Tensors labels)
      : first(std::move(first)), second(std::move(second)), x(std::move(x)), labels(std::move(labels)) {}
  virtual ~Training() = default;
  virtual Tensors parameters() const = 0;
  void run(int count) {
    for (int i = 0; i < count; ++i) first(x[i % batches]);
    for (int i = 0; i < count; ++i) second(x[i % batches], labels[i % batches]);
  }

  StepGraph first, second;
  Tensors x, labels;
};

template <class Net>
Net placed(Net net, TensorOptions options) {
  net.to(options.dtype);
  net.to(options.device);
  return net;
}

struct Lecture20 : Training {
  Lecture20(TensorOptions options, bool record)
      : Training(StepGraph([this](const Tensor& x) { return autoencoder_step(net, adam, x, {}); }, record),
                 StepGraph([this](const Tensor& x,
                                  const Tensor& y) { return lecture20::classifier_step(classifier, x, y, 0.1); },
                           record),
                 make_batches({images, 784}, options), make_labels(images, options.device)),
        net(placed(lecture20::Autoencoder(), options)),
        adam(net.parameters(), {.lr = 1e-3}),
        classifier(lecture20::make_classifier(net)) {}
  Tensors parameters() const override {
    Tensors all = net.parameters();
    for (const Tensor& p : classifier.parameters()) all.push_back(p);
    return all;
  }

  lecture20::Autoencoder net;
  Adam adam;
  Sequential classifier;
};

struct Lecture32 : Training {
  Lecture32(TensorOptions options, bool record)
      : Training(
            StepGraph([this](const Tensor& x) { return autoencoder_step(net, adam, x); }, record),
            StepGraph([this](const Tensor& x, const Tensor& y) { return classifier_step(classifier, other, x, y); },
                      record),
            make_batches({photos, 3, 32, 32}, options), make_labels(photos, options.device)),
        net(placed(lecture32::Autoencoder(photo_sizes), options)),
        classifier(net),
        adam(net.parameters(), {.lr = 1e-3}),
        other(classifier.parameters(), {.lr = 1e-3}) {}
  Tensors parameters() const override {
    Tensors all = net.parameters();
    for (const Tensor& p : classifier.fc2.parameters()) all.push_back(p);
    return all;
  }

  lecture32::Autoencoder net;
  lecture32::Classifier classifier;
  Adam adam, other;
};

// The three phases in one graph, which draws within it; with a wide code also lecture 55's classifier.
struct Adversarial : Training {
  Adversarial(TensorOptions options, bool record, const lecture54::Sizes& sizes)
      : Training(StepGraph(
                     [this, z = sizes.z](const Tensor& x) {
                       reconstruction_step(net, optimizers, x);
                       discriminator_step(net, optimizers, x, randn({x.size(0), z}, x.options()));
                       return generator_step(net, optimizers, x);
                     },
                     record),
                 StepGraph([this](const Tensor& x, const Tensor& y) { return classifier_step(classifier, adam, x, y); },
                           record),
                 make_batches({digits, sizes.pixels}, options), make_labels(digits, options.device)),
        net(placed(lecture54::AdversarialAutoencoder(sizes), options)),
        optimizers(net),
        classifier(net.Q),
        adam(classifier.parameters(), {.lr = 1e-4}) {}
  Tensors parameters() const override {
    Tensors all = net.parameters();
    for (const Tensor& p : classifier.l2.parameters()) all.push_back(p);
    return all;
  }

  lecture54::AdversarialAutoencoder net;
  lecture54::Optimizers optimizers;
  lecture55::Classifier classifier;
  Adam adam;
};

struct Lecture {
  const char* name;
  std::function<std::unique_ptr<Training>(TensorOptions, bool record)> make;
};
const Lecture lectures[] = {
    {"20", [](TensorOptions o, bool record) { return std::make_unique<Lecture20>(o, record); }},
    {"32", [](TensorOptions o, bool record) { return std::make_unique<Lecture32>(o, record); }},
    {"54", [](TensorOptions o, bool record) { return std::make_unique<Adversarial>(o, record, digit_sizes); }},
    {"55", [](TensorOptions o, bool record) { return std::make_unique<Adversarial>(o, record, wide_sizes); }}};

// The parameters after so many steps of each phase.
Tensors trained(const Lecture& lecture, TensorOptions options, bool record) {
  manual_seed(1);
  const auto training = lecture.make(options, record);
  training->run(steps);
  return training->parameters();
}

template <class T>
bool equal_bits(const Tensors& a, const Tensors& b) {
  REQUIRE(a.size() == b.size());
  return std::equal(a.begin(), a.end(), b.begin(), [](const Tensor& p, const Tensor& q) {
    return p.to(cpu).to_vector<T>() == q.to(cpu).to_vector<T>();
  });
}

}  // namespace

// A step's rounding shrinks or grows in the next ones, and Adam divides by the root of a small number. What that makes
// of rounding alone is known from the CPU. Lecture 20 on the same batch with its rows in another order, so that every
// sum is: parameters that differ by 6e-14 of their largest after 50 steps. Lecture 32 on 20 photos, 54 and 55 on 100
// digits, with first weights changed by up to a unit in the last place: by 7e-13, 9e-14 and 6e-14 after 50 steps of
// each phase. So 1e-10 holds for 50 steps as for one.
TEST_CASE("many steps of every lecture in float64 agree with the CPU's") {
  for (const Lecture& lecture : lectures) {
    const Tensors here = trained(lecture, float64, false);
    kernels::reset_kernel_launches();
    const Tensors there = trained(lecture, {float64, gpu}, true);
    CHECK(kernels::kernel_launches("graph") == (kernels::waits_for_each_kernel() ? 0 : 2 * (steps - 1)));
    CHECK(kernels::kernel_launches("matmul_kernel") + kernels::kernel_launches("cublaslt_matmul") > 0);
    REQUIRE(here.size() == there.size());
    for (std::size_t i = 0; i < here.size(); ++i) {
      REQUIRE(there[i].device() == gpu);
      const std::vector<double> want = here[i].to_vector<double>(), got = there[i].to(cpu).to_vector<double>();
      const double worst = kernels::largest_error(got, want), largest = kernels::largest_magnitude(want);
      CAPTURE(lecture.name, i, worst, largest);
      CHECK(worst <= 1e-10 * largest);
    }
  }
}

TEST_CASE("plain steps are the GPU's own, product by product") {
  const Lecture& lecture = lectures[0];  // five products a step of its autoencoder
  kernels::reset_kernel_launches();
  trained(lecture, {float64, gpu}, false);
  CHECK(kernels::kernel_launches("matmul_kernel") + kernels::kernel_launches("cublaslt_matmul") >= steps * 5);
}

TEST_CASE("recorded steps give the plain ones' bits, and the same again") {
  for (const Lecture& lecture : lectures) {
    CAPTURE(lecture.name);
    const Tensors single = trained(lecture, {float32, gpu}, false), exact = trained(lecture, {float64, gpu}, false);
    for (int run = 0; run < 2; ++run) {
      CHECK(equal_bits<float>(single, trained(lecture, {float32, gpu}, true)));
      CHECK(equal_bits<double>(exact, trained(lecture, {float64, gpu}, true)));
    }
    CHECK(equal_bits<float>(single, trained(lecture, {float32, gpu}, false)));
  }
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
  for (const Lecture& lecture : lectures) {
    for (const bool record : {false, true}) {
      CAPTURE(lecture.name, record);
      manual_seed(1);
      empty_cache(gpu);  // what earlier tests left would hide what this one takes
      reset_peak_memory(gpu);
      const auto training = lecture.make({float32, gpu}, record);
      // Twice: the first phase's steps take more memory once the second's gradients are there.
      for (int round = 0; round < 2; ++round) training->run(5);
      kernels::synchronize({});
      const MemoryStats before = memory_stats(gpu);
      const std::size_t free = kernels::device_memory().free;
      training->run(flat_steps);
      kernels::synchronize({});
      const MemoryStats after = memory_stats(gpu);
      CHECK(after.active == before.active);
      CHECK(after.peak == before.peak);
      CHECK(after.cached == before.cached);
      CHECK(after.system_allocations == before.system_allocations);
      CHECK(kernels::device_memory().free + unsteady >= free);
    }
  }
}
