// Seconds of one training step of each phase of the lectures: the step functions that the programs run (models/), on
// inputs made before the clock starts. Noise, zeroing, forward, loss, backward and optimiser are all within it.
//
//   bench_lectures [--device cpu|cuda] [--plain] [--precision float32|tf32] [--threads N] [--only PHASE] [--repeat N]
//
// On a GPU a step is a StepGraph's call, as in the programs; --plain times plain steps, launch by launch. There the
// first line says which libraries compute, and how exactly (core/libraries.h).
// It prints a line `PHASE SECONDS` for each phase, the median over N steps; --only takes a part of a phase's name. The
// names are those of PyTorch's and JAX's programs in bench/peers, whose compare.py runs this one beside them.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gradus/bench/command_line.h>
#include <gradus/core/error.h>
#include <gradus/core/libraries.h>
#include <gradus/core/random.h>
#include <gradus/core/step_graph.h>
#include <gradus/examples/program.h>
#include <gradus/kernels/parallel.h>
#include <gradus/models/lecture20.h>
#include <gradus/models/lecture32.h>
#include <gradus/models/lecture54.h>
#include <gradus/models/lecture55.h>
#include <gradus/optim/adam.h>

using namespace gradus;

namespace {

using Step = std::function<Tensor()>;  // one training step; returns its loss

struct Phase {
  const char* name;
  Step (*make)(Device, bool plain);
};

// The phase's function as a step on these inputs, which a StepGraph copies into its own in each call.
template <class F, class... Inputs>
Step step_of(F f, bool plain, const Inputs&... inputs) {
  const auto step = std::make_shared<StepGraph>(std::move(f), !plain);
  return [=] { return (*step)(inputs...); };
}

Step lecture20_autoencoder(Device device, bool plain) {
  lecture20::Autoencoder net;
  net.to(float64);
  net.to(device);
  const auto optimizer = std::make_shared<Adam>(net.parameters());
  const Tensor images = rand({1000, 784}, {float64, device});
  return step_of([=](const Tensor& x) { return lecture20::autoencoder_step(net, *optimizer, x, {}); }, plain, images);
}

Step lecture20_classifier(Device device, bool plain) {
  lecture20::Autoencoder net;
  net.to(float64);
  net.to(device);
  const Sequential classifier = lecture20::make_classifier(net);
  const Tensor images = rand({1000, 784}, {float64, device}), labels = randint(0, 10, {1000}).to(device);
  return step_of([=](const Tensor& x, const Tensor& y) { return lecture20::classifier_step(classifier, x, y, 0.1); },
                 plain, images, labels);
}

Step lecture32_autoencoder(Device device, bool plain) {
  lecture32::Autoencoder net;
  net.to(device);
  const auto optimizer = std::make_shared<Adam>(net.parameters());
  const Tensor images = rand({2000, 3, 32, 32}, {float32, device});
  return step_of([=](const Tensor& x) { return lecture32::autoencoder_step(net, *optimizer, x); }, plain, images);
}

Step lecture32_classifier(Device device, bool plain) {
  lecture32::Autoencoder net;
  net.to(device);
  const lecture32::Classifier classifier(net);
  const auto optimizer = std::make_shared<Adam>(classifier.parameters());
  const Tensor images = rand({2000, 3, 32, 32}, {float32, device}), labels = randint(0, 10, {2000}).to(device);
  return step_of(
      [=](const Tensor& x, const Tensor& y) { return lecture32::classifier_step(classifier, *optimizer, x, y); }, plain,
      images, labels);
}

// The three phases of a step; the discriminator's numbers from N(0, 1) are drawn within it.
Step adversarial(Device device, bool plain, const lecture54::Sizes& sizes) {
  const auto net = std::make_shared<lecture54::AdversarialAutoencoder>(sizes);
  net->to(device);
  const auto optimizers = std::make_shared<lecture54::Optimizers>(*net);
  const Tensor images = rand({100, 784}, {float32, device});
  const auto step = [=](const Tensor& x) {
    lecture54::reconstruction_step(*net, *optimizers, x);
    lecture54::discriminator_step(*net, *optimizers, x, randn({x.size(0), sizes.z}, x.options()));
    return lecture54::generator_step(*net, *optimizers, x);
  };
  return step_of(step, plain, images);
}

Step lecture54_adversarial(Device device, bool plain) { return adversarial(device, plain, {}); }
Step lecture55_adversarial(Device device, bool plain) { return adversarial(device, plain, {.z = lecture55::code}); }

Step lecture55_classifier(Device device, bool plain) {
  lecture55::Classifier net(lecture54::QNet({.z = lecture55::code}));
  net.to(device);
  const auto optimizer = std::make_shared<Adam>(net.parameters(), AdamOptions{.lr = 1e-4});
  const Tensor images = rand({100, 784}, {float32, device}), labels = randint(0, 10, {100}).to(device);
  return step_of([=](const Tensor& x, const Tensor& y) { return lecture55::classifier_step(net, *optimizer, x, y); },
                 plain, images, labels);
}

constexpr Phase phases[] = {
    {"lecture20.autoencoder", lecture20_autoencoder}, {"lecture20.classifier", lecture20_classifier},
    {"lecture32.autoencoder", lecture32_autoencoder}, {"lecture32.classifier", lecture32_classifier},
    {"lecture54.adversarial", lecture54_adversarial}, {"lecture55.adversarial", lecture55_adversarial},
    {"lecture55.classifier", lecture55_classifier}};

// The median time of one step. Asking for a loss waits for the device, so a GPU is asked once in ten steps. A GPU that
// was idle first needs half a second to reach its clock, as in the peers' programs.
double seconds_a_step(const Step& step, Device device, int repeat) {
  const int together = device.is_cpu() ? 1 : 10;
  const double warm_up = device.is_cpu() ? 0 : 0.5;
  const auto run = [&] {
    Tensor loss;
    for (int i = 0; i < together; ++i) loss = step();
    loss.item();
  };
  run();  // the first prepares
  const Stopwatch warming;
  for (int i = 1; i < std::min(5, repeat) || warming.seconds() < warm_up; ++i) run();
  std::vector<double> seconds;
  for (int i = 0; i < repeat; ++i) {
    const Stopwatch watch;
    run();
    seconds.push_back(watch.seconds() / together);
  }
  std::nth_element(seconds.begin(), seconds.begin() + repeat / 2, seconds.end());
  return seconds[repeat / 2];
}

void run(const std::string& device_name, bool plain, const std::string& precision_name, int threads,
         const std::string& only, int repeat) {
  const Device device = parse_device(device_name);
  set_precision(kernels::parse_precision("--precision", precision_name));
  if (!device.is_cpu()) std::printf("On %s, %s\n", device.str().c_str(), libraries_line().c_str());
  if (threads > 0) kernels::set_num_threads(threads);
  bool found = false;
  std::string names;
  for (const Phase& phase : phases) {
    names += std::string(names.empty() ? "" : ", ") + phase.name;
    if (std::string(phase.name).find(only) == std::string::npos) continue;
    found = true;
    manual_seed(0);
    std::printf("%s %.6f\n", phase.name, seconds_a_step(phase.make(device, plain), device, repeat));
    std::fflush(stdout);
  }
  check(found, "--only", "no phase has '", only, "' in its name; there are ", names);
}

}  // namespace

int main(int argc, char** argv) {
  std::string device = "cpu", precision_name = "float32", only;
  int threads = 0, repeat = 15;
  bool plain = false;
  CLI::App app("Times one training step of each phase of the lectures: PHASE SECONDS, the median.", "bench_lectures");
  app.add_option("--device", device, "cpu, cuda, cuda:1");
  app.add_flag("--plain", plain, "on a GPU, launch a step's kernels one by one instead of as a StepGraph");
  app.add_option("--precision", precision_name, "float32, or tf32: NVIDIA's libraries may round float32 factors")
      ->check(CLI::IsMember({"float32", "tf32"}));
  app.add_option("--threads", threads, "0: as many as there are CPUs")->check(at_least(0));
  app.add_option("--only", only, "phases with this in their name");
  app.add_option("--repeat", repeat, "timed steps; a GPU takes ten for each")->check(at_least(1));
  return run_bench(app, argc, argv, [&] { run(device, plain, precision_name, threads, only, repeat); });
}
