// Recorded training steps against plain ones: every number that a training leaves must be the same, to the bit. One
// file, as all of it is one promise, checked by one comparison (check_same) that each case gives another training.
#include "catch.h"

#include <functional>
#include <memory>

#include <gradus/core/allocator.h>
#include <gradus/core/autograd.h>
#include <gradus/core/cuda.h>
#include <gradus/core/libraries.h>
#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/core/step_graph.h>
#include <gradus/examples/program_loss.h>
#include <gradus/kernels/cuda.h>
#include <gradus/kernels/graph.h>
#include <gradus/kernels/vendor/plan_cache.h>
#include <gradus/layers/activations.h>
#include <gradus/layers/dropout.h>
#include <gradus/models/lecture20.h>
#include <gradus/models/lecture32.h>
#include <gradus/models/lecture55.h>
#include <gradus/optim/clip_grad.h>
#include <gradus/optim/lr_scheduler.h>
#include <gradus/optim/sgd.h>

using namespace gradus;

namespace {

const Device gpu{Device::Type::cuda, 0};
using Numbers = std::vector<double>;

void append(Numbers& all, const Tensor& t) {
  const Numbers some = t.detach().to(cpu).to(float64).to_vector<double>();
  all.insert(all.end(), some.begin(), some.end());
}

// The numbers that a training leaves: its losses, read at the end, its parameters, and what is drawn next.
struct Trace {
  Tensors losses;
  void add(const Tensor& loss) { losses.push_back(loss); }
  Numbers numbers(const Tensors& parameters) const {
    Numbers all;
    for (const Tensor& t : losses) append(all, t);
    for (const Tensor& t : parameters) append(all, t);
    append(all, rand({3}, gpu));
    return all;
  }
};

// `run` with plain steps and with recorded ones, of which `graphs` are launches of a graph. GRADUS_SYNC=1 records none.
void check_same(const std::function<Numbers(bool record)>& run, long graphs) {
  manual_seed(1);
  const Numbers plain = run(false);
  kernels::reset_kernel_launches();
  manual_seed(1);
  const Numbers recorded = run(true);
  CHECK(kernels::kernel_launches("graph") == (kernels::waits_for_each_kernel() ? 0 : graphs));
  REQUIRE(plain.size() > 3);
  CHECK(recorded == plain);
}

// Batch number i: its own numbers each time.
Tensor batch(int i, const Shape& shape, DType dtype = float32) {
  Generator from(100 + static_cast<std::uint64_t>(i));
  return rand(shape, dtype, from).to(gpu);
}
Tensor labels(int i, Index n) {
  Generator from(200 + static_cast<std::uint64_t>(i));
  return randint(0, 10, {n}, from).to(gpu);
}

constexpr int steps = 5;

// A small network and its batches, for what has to do with steps and not with lectures.
struct Small {
  Sequential net{Linear(6, 8), Tanh(), Linear(8, 3)};
  Small() { net.to(gpu); }
  Tensor loss(const Tensor& x) const { return mean(square(net(x))); }
  Tensor train(Optimizer& optimizer, const Tensor& x) const {  // a plain step
    optimizer.zero_grad();
    const Tensor loss = this->loss(x);
    loss.backward();
    optimizer.step();
    return loss;
  }
  static Tensor x(int i, Index n = 4) { return batch(i, {n, 6}); }
};

}  // namespace

// --- the lectures ---

TEST_CASE("recorded steps of lecture 20 are plain ones") {
  const auto run = [](bool record) {
    lecture20::Autoencoder net;
    net.to(float64);
    net.to(gpu);
    Adam adam(net.parameters(), {.lr = 1e-3});
    Trace trace;
    StepGraph autoencoder([&](const Tensor& x) { return lecture20::autoencoder_step(net, adam, x, {}); }, record);
    for (int i = 0; i < steps; ++i) trace.add(autoencoder(batch(i, {2, 784}, float64)));
    const Sequential classifier = lecture20::make_classifier(net);
    StepGraph descent(
        [&](const Tensor& x, const Tensor& y) { return lecture20::classifier_step(classifier, x, y, 0.1); }, record);
    for (int i = 0; i < steps; ++i) trace.add(descent(batch(i, {2, 784}, float64), labels(i, 2)));
    Tensors all = net.parameters();
    for (const Tensor& p : classifier.parameters()) all.push_back(p);
    return trace.numbers(all);
  };
  check_same(run, 2 * (steps - 1));
}

TEST_CASE("recorded steps of lecture 32 are plain ones") {
  for (const DType dtype : {float32, float64}) {
    const auto run = [&](bool record) {
      lecture32::Autoencoder net({.narrow = 3, .wide = 4, .code = 5});
      net.to(dtype);
      net.to(gpu);
      Adam adam(net.parameters(), {.lr = 1e-3});
      Trace trace;
      StepGraph autoencoder([&](const Tensor& x) { return lecture32::autoencoder_step(net, adam, x); }, record);
      for (int i = 0; i < steps; ++i) trace.add(autoencoder(batch(i, {2, 3, 32, 32}, dtype)));
      const lecture32::Classifier classifier(net);
      Adam other(classifier.parameters(), {.lr = 1e-3});
      StepGraph second(
          [&](const Tensor& x, const Tensor& y) { return lecture32::classifier_step(classifier, other, x, y); },
          record);
      for (int i = 0; i < steps; ++i) trace.add(second(batch(i, {2, 3, 32, 32}, dtype), labels(i, 2)));
      Tensors all = net.parameters();
      for (const Tensor& p : classifier.fc2.parameters()) all.push_back(p);
      return trace.numbers(all);
    };
    check_same(run, 2 * (steps - 1));
  }
}

// As a graph for each phase, and as one for all three, which draws within the step. The slides' form adds gradients up
// from phase to phase.
TEST_CASE("recorded steps of lectures 54 and 55 are plain ones") {
  using lecture54::Form;
  for (const Form form : {Form::method, Form::slides}) {
    for (const bool together : {false, true}) {
      const auto run = [&](bool record) {
        lecture54::AdversarialAutoencoder net({.pixels = 12, .neurons = 9, .critic_neurons = 7, .z = 3});
        net.to(gpu);
        lecture54::Optimizers optimizers(net);
        const auto first = [&](const Tensor& x) { return reconstruction_step(net, optimizers, x); };
        const auto second = [&](const Tensor& x) {
          return discriminator_step(net, optimizers, x, randn({x.size(0), 3}, x.options()), form);
        };
        const auto third = [&](const Tensor& x) { return generator_step(net, optimizers, x, form); };
        Trace trace;
        StepGraph one(first, record), two(second, record), three(third, record);
        StepGraph all_three([&](const Tensor& x) { return first(x) + second(x) + third(x); }, record);
        for (int i = 0; i < steps; ++i) {
          const Tensor x = batch(i, {6, 12});
          if (together) {
            trace.add(all_three(x));
          } else {
            trace.add(one(x));
            trace.add(two(x));
            trace.add(three(x));
          }
        }
        const lecture55::Classifier classifier(net.Q);
        Adam adam(classifier.parameters(), {.lr = 1e-3});
        StepGraph classify(
            [&](const Tensor& x, const Tensor& y) { return lecture55::classifier_step(classifier, adam, x, y); },
            record);
        for (int i = 0; i < steps; ++i) trace.add(classify(batch(i, {6, 12}), labels(i, 6)));
        Tensors all = net.parameters();
        for (const Tensor& p : classifier.l2.parameters()) all.push_back(p);
        return trace.numbers(all);
      };
      check_same(run, (together ? 2 : 4) * (steps - 1));
    }
  }
}

// --- what changes from call to call ---

TEST_CASE("a recorded step takes the optimisers' rates and steps of each call") {
  const std::function<std::unique_ptr<Optimizer>(const Tensors&)> kinds[] = {
      [](const Tensors& p) { return std::make_unique<Adam>(p, AdamOptions{.lr = 0.1, .weight_decay = 0.01}); },
      [](const Tensors& p) { return std::make_unique<AdamW>(p, AdamWOptions{.lr = 0.1}); },
      [](const Tensors& p) { return std::make_unique<Sgd>(p, SgdOptions{.lr = 0.1}); },
      [](const Tensors& p) {
        return std::make_unique<Sgd>(p, SgdOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.3});
      },
      [](const Tensors& p) {
        return std::make_unique<Sgd>(p, SgdOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true});
      }};
  for (const DType dtype : {float32, float64}) {
    for (const auto& make : kinds) {
      const auto run = [&](bool record) {
        Small s;
        s.net.to(dtype);
        const auto optimizer = make(s.net.parameters());
        StepLR schedule(*optimizer, 2, 0.5);
        StepGraph step(
            [&](const Tensor& x) {
              optimizer->zero_grad();
              const Tensor loss = s.loss(x);
              loss.backward();
              optimizer->step();
              return loss;
            },
            record);
        Trace trace;
        for (int i = 0; i < 8; ++i) {
          trace.add(step(Small::x(i).to(dtype)));
          schedule.step();
          if (i == 5) optimizer->groups()[0].weight_decay = 0.2;
        }
        return trace.numbers(s.net.parameters());
      };
      check_same(run, 7);
    }
  }
}

TEST_CASE("a recorded step refuses a wrong rate, as a plain one does") {
  Small s;
  Adam adam(s.net.parameters());
  StepGraph step([&](const Tensor& x) {
    adam.zero_grad();
    s.loss(x).backward();
    adam.step();
  });
  for (int i = 0; i < 3; ++i) step(Small::x(i));
  const auto before = s.net.parameters()[0].to_vector<float>();
  adam.groups()[0].lr = NAN;
  CHECK(message_of([&] { step(Small::x(4)); }).starts_with("Adam: the learning rate is nan"));
  CHECK(s.net.parameters()[0].to_vector<float>() == before);
}

TEST_CASE("inputs of other shapes are recorded anew, too many are plain steps") {
  const auto train = [](const std::vector<Index>& sizes, bool record) {
    Small s;
    Adam adam(s.net.parameters(), {.lr = 0.05});
    StepGraph step(
        [&](const Tensor& x) {
          adam.zero_grad();
          const Tensor loss = s.loss(dropout(x, 0.3, true));
          loss.backward();
          adam.step();
          return loss;
        },
        record);
    Trace trace;
    for (std::size_t i = 0; i < sizes.size(); ++i) trace.add(step(Small::x(static_cast<int>(i), sizes[i])));
    return trace.numbers(s.net.parameters());
  };
  const std::vector<Index> epochs{4, 4, 3, 4, 4, 3, 4, 4, 3};  // each ends with a smaller batch
  check_same([&](bool record) { return train(epochs, record); }, 7);
  const std::vector<Index> many{1, 2, 3, 4, 5, 1, 2, 3, 4, 5};
  check_same([&](bool record) { return train(many, record); }, 4);
}

TEST_CASE("a recorded step adds to the gradients that are there, and clears those that it clears") {
  enum class Clears { within, between, every_other, never, user };
  for (const Clears clears : {Clears::within, Clears::between, Clears::every_other, Clears::never, Clears::user}) {
    CAPTURE(static_cast<int>(clears));
    const auto run = [&](bool record) {
      Small s;
      Sgd sgd(s.net.parameters(), {.lr = 0.1});
      StepGraph step(
          [&](const Tensor& x) {
            if (clears == Clears::within) sgd.zero_grad();
            const Tensor loss = s.loss(x);
            loss.backward();
            sgd.step();
            return loss;
          },
          record);
      Numbers all;
      for (int i = 0; i < 8; ++i) {
        append(all, step(Small::x(i)));
        for (const Tensor& p : s.net.parameters()) append(all, p.grad());
        if (clears == Clears::between || (clears == Clears::every_other && i % 2 == 1)) sgd.zero_grad();
        if (clears == Clears::user) s.net.parameters()[0].set_grad(batch(i, {8, 6}));
      }
      return all;
    };
    check_same(run, 7);
  }
}

TEST_CASE("steps of two graphs, plain steps between them, and two optimisers on one network") {
  const auto run = [](bool record) {
    Small s;
    Adam adam(s.net.parameters(), {.lr = 0.05}), other(s.net.parameters(), {.lr = 0.01});
    const auto train = [&](Optimizer& optimizer, const Tensor& x) {
      optimizer.zero_grad();
      const Tensor loss = s.loss(dropout(x, 0.5, true));
      loss.backward();
      optimizer.step();
      return loss;
    };
    StepGraph one([&](const Tensor& x) { return train(adam, x); }, record);
    StepGraph two([&](const Tensor& x) { return train(adam, x) + train(other, x); }, record);
    Trace trace;
    for (int i = 0; i < 6; ++i) {
      trace.add(one(Small::x(i)));
      trace.add(two(Small::x(i + 50)));
      if (i % 2 == 1) trace.add(train(adam, Small::x(i + 70, 3)));
    }
    return trace.numbers(s.net.parameters());
  };
  check_same(run, 10);
}

// Otherwise the parameters' steps would differ, and one correction would not do for all.
TEST_CASE("parameters that had different numbers of steps since are no longer what was recorded") {
  const auto run = [](bool record) {
    Small s;
    Adam adam(s.net.parameters(), {.lr = 0.05});
    StepGraph step([&](const Tensor& x) { return s.train(adam, x); }, record);
    Trace trace;
    for (int i = 0; i < 6; ++i) {
      trace.add(step(Small::x(i)));
      if (i != 2) continue;
      adam.zero_grad();
      sum(s.net.parameters()[0]).backward();
      adam.step();
    }
    return trace.numbers(s.net.parameters());
  };
  check_same(run, 5);
}

TEST_CASE("a recorded step is in train or eval mode as its modules are") {
  const auto run = [](bool record) {
    Small s;
    s.net.add_module("dropout", Dropout(0.5));
    Sequential other(Linear(3, 3), Dropout(0.5));  // in eval mode within the step alone
    other.to(gpu);
    StepGraph step(
        [&](const Tensor& x) {
          other.eval();
          const Tensor y = mean(other(s.net(x)));
          other.train();
          return y + mean(other(s.net(x)));
        },
        record);
    Trace trace;
    for (int i = 0; i < 12; ++i) {
      trace.add(step(Small::x(i)));
      if (i % 3 == 2) s.net.train(!s.net.training());
    }
    return trace.numbers({});
  };
  check_same(run, 11);
}

TEST_CASE("a recorded step is of the precision that is asked for when it is called") {
  if (kernels::waits_for_each_kernel()) return;
  Small s;
  StepGraph step([&](const Tensor& x) { return s.loss(x); });
  const auto is_recorded_anew = [&] {
    kernels::reset_kernel_launches();  // which counts what is recorded when it is, and not again when it runs
    step(Small::x(0));
    return kernels::launched_kernels() != "graph 1\n";
  };
  step(Small::x(0));
  CHECK(is_recorded_anew());
  CHECK_FALSE(is_recorded_anew());
  set_precision(Precision::tf32);
  CHECK(is_recorded_anew());
  CHECK_FALSE(is_recorded_anew());
  set_precision(Precision::float32);
  CHECK_FALSE(is_recorded_anew());
}

TEST_CASE("a kind of step for which a library has yet to choose its algorithms is run plainly once") {
  struct Kind {
    bool training;
    unsigned alignment = 256;
    auto operator<=>(const Kind&) const = default;
  };
  const auto run = [](bool record) {
    Small s;
    kernels::PlanCache<Kind, int> plans;
    StepGraph step(
        [&](const Tensor& x) {
          const auto choose = [] { return std::make_unique<int>(1); };
          plans.at({s.net.training()}, kernels::recording(), "product", choose);
          return s.loss(x) * (s.net.training() ? 1 : 2);
        },
        record);
    Trace trace;
    for (int i = 0; i < 9; ++i) {
      trace.add(step(Small::x(i)));
      if (i % 3 == 2) s.net.train(!s.net.training());  // plain, graph, graph; plain, graph, graph; three graphs
    }
    return trace.numbers({});
  };
  check_same(run, 7);
}

TEST_CASE("parameters that are given other numbers between the calls") {
  const auto run = [](bool record) {
    Small s;
    Sgd sgd(s.net.parameters(), {.lr = 0.05, .momentum = 0.9});
    StepGraph step([&](const Tensor& x) { return s.train(sgd, x); }, record);
    Trace trace;
    for (int i = 0; i < 8; ++i) {
      trace.add(step(Small::x(i)));
      NoGrad guard;
      Tensor w = s.net.parameters()[0];
      if (i == 2) w.copy_(batch(80, {8, 6}));
      if (i == 4) w.set_data(batch(81, {8, 6}));  // lies elsewhere now
    }
    return trace.numbers(s.net.parameters());
  };
  check_same(run, 7);
}

TEST_CASE("generators stand where plain steps would have left them") {
  const auto run = [](bool record) {
    Generator own(5);
    StepGraph step(
        [&](const Tensor& x) {
          const Tensor a = randn(x.shape(), x.options(), own), b = rand({3}, {float64, gpu});
          return mean(a) + mean(b).to(float32) + mean(dropout(x, 0.5, true, own)) + mean(rand({5}, gpu));
        },
        record);
    Trace trace;
    for (int i = 0; i < 6; ++i) {
      trace.add(step(Small::x(i)));
      if (i == 1) trace.add(rand({7}, gpu));
      if (i == 2) manual_seed(77);
      if (i == 3) own = Generator(9);
    }
    Numbers all = trace.numbers({});
    all.push_back(static_cast<double>(own.offset));
    all.push_back(static_cast<double>(default_generator().offset));
    return all;
  };
  check_same(run, 5);
}

TEST_CASE("a step without inputs, without a result, within another one") {
  const auto run = [](bool record) {
    const Tensor sum_up = zeros({4}, gpu);
    StepGraph none([&] { return sum(rand({4}, gpu)); }, record);
    StepGraph inner(
        [&](const Tensor& x) {
          NoGrad guard;
          Tensor(sum_up).add_(x);
        },
        record);
    StepGraph outer([&](const Tensor& x) { inner(x * 2); }, record);
    Trace trace;
    for (int i = 0; i < 4; ++i) {
      trace.add(none());
      CHECK_FALSE(inner(batch(i, {4})).defined());
      outer(batch(i, {4}));
    }
    return trace.numbers({sum_up});
  };
  check_same(run, 10);
}

TEST_CASE("what is changed in place by a recorded step is known to be changed") {
  Tensor w = ones({3}, gpu);
  StepGraph step([&](const Tensor& x) {
    NoGrad guard;
    w.add_(x);
  });
  for (int i = 0; i < 3; ++i) step(batch(i, {3}));
  const Tensor leaf = ones({3}, gpu).requires_grad_();
  const Tensor y = sum(leaf * w);
  step(batch(9, {3}));
  CHECK(message_of([&] { y.backward(); }).find("was changed in place") != std::string::npos);
}

TEST_CASE("the losses of recorded steps, read at an epoch's end") {
  const auto run = [](bool record) {
    Small s;
    Adam adam(s.net.parameters(), {.lr = 0.05});
    StepGraph step(
        [&](const Tensor& x) {
          adam.zero_grad();
          const Tensor loss = s.loss(x);
          loss.backward();
          adam.step();
          return loss.detach();
        },
        record);
    Numbers all;
    for (int epoch = 1; epoch <= 2; ++epoch) {
      LossMeter meter("phase", gpu, 4, epoch);
      for (int i = 0; i < 4; ++i) meter.add(step(Small::x(4 * epoch + i, i == 3 ? 2 : 4)), i == 3 ? 2 : 4);
      all.push_back(meter.mean());
    }
    append(all, s.net.parameters()[0]);
    return all;
  };
  check_same(run, 6);
}

TEST_CASE("a position outside is told when a recorded step is waited for") {
  const Tensor scores = zeros({2, 3}, gpu);
  StepGraph step([&](const Tensor& target) { return nll_loss(scores, target); });
  for (int i = 0; i < 3; ++i) CHECK(step(tensor({0, 2}, int64).to(gpu)).item() == 0);
  CHECK(message_of([&] {
          step(tensor({0, 7}, int64).to(gpu)).item();
        }).starts_with("nll_loss: target 7 at position 1 is not one of the 3 classes"));
  CHECK(step(tensor({0, 2}, int64).to(gpu)).item() == 0);
}

// --- memory ---

TEST_CASE("steps and their tensors may end in any order") {
  set_memory_caching(true, gpu);
  empty_cache(gpu);
  const std::size_t active = memory_stats(gpu).active;
  std::vector<float> kept;
  Tensor gradient, loss;
  {
    auto s = std::make_unique<Small>();
    const Tensors parameters = s->net.parameters();
    auto step = std::make_unique<StepGraph>([net = s->net](const Tensor& x) {
      net.zero_grad();
      const Tensor result = mean(square(net(x)));
      result.backward();
      return result;
    });
    for (int i = 0; i < 3; ++i) loss = (*step)(Small::x(i));
    gradient = parameters[0].grad();
    kept = gradient.to_vector<float>();
    const float last = loss.to_vector<float>()[0];
    s.reset();
    (*step)(Small::x(3));
    CHECK(gradient.to_vector<float>() != kept);  // of this call
    kept = gradient.to_vector<float>();
    step.reset();
    CHECK(loss.to_vector<float>()[0] == last);
  }
  Tensors others;  // whatever takes freed memory takes none of this
  for (int i = 0; i < 50; ++i) others.push_back(full({8, 6}, -1, gpu));
  CHECK(gradient.to_vector<float>() == kept);
  others.clear();
  gradient = loss = Tensor();
  CHECK(memory_stats(gpu).active == active);
}

TEST_CASE("a recorded step's memory is nobody else's, and comes back") {
  set_memory_caching(true, gpu);
  Small s;
  StepGraph step([&](const Tensor& x) { return sum(exp(x) * 2) + sum(s.net(x)); });
  const Tensor x = Small::x(0);
  const double want = step(x).item();
  step(x);
  Tensors others;
  for (const Index n : {1, 6, 24, 32, 12, 256}) {
    for (int i = 0; i < 20; ++i) others.push_back(full({n}, 7, gpu));
  }
  CHECK(step(x).item() == want);
  for (const Tensor& t : others) CHECK(sum(t).item() == 7 * static_cast<double>(t.numel()));
  others.clear();
  const std::size_t active = memory_stats(gpu).active;
  step.reset();
  if (!kernels::waits_for_each_kernel()) CHECK(memory_stats(gpu).active < active);
  CHECK(step(x).item() == want);
}

TEST_CASE("a thousand recorded steps take no memory") {
  set_memory_caching(true, gpu);
  Small s;
  Adam adam(s.net.parameters());
  StepGraph step([&](const Tensor& x) {
    adam.zero_grad();
    const Tensor loss = s.loss(dropout(x, 0.5, true));
    loss.backward();
    adam.step();
    return loss;
  });
  const Tensor x = Small::x(0);
  for (int i = 0; i < 5; ++i) step(x);
  const MemoryStats before = memory_stats(gpu);
  for (int i = 0; i < 1000; ++i) step(x);
  const MemoryStats after = memory_stats(gpu);
  CHECK(after.active == before.active);
  CHECK(after.peak == before.peak);
  CHECK(after.cached == before.cached);
  CHECK(after.system_allocations == before.system_allocations);
}

// --- what cannot be recorded ---

TEST_CASE("what cannot be recorded is named, and nothing has happened then") {
  if (kernels::waits_for_each_kernel()) return;  // with GRADUS_SYNC=1 nothing is recorded
  Small s;
  Adam adam(s.net.parameters());
  const Tensor here = ones({4, 6}), unused = ones({2}, gpu).requires_grad_();
  Adam late({unused, s.net.parameters()[0]});
  std::ostringstream out;
  const std::string recorded = " while a step is recorded (StepGraph); ";
  const std::string read = "return the tensor from the step, and read it after the call";
  const struct {
    const char* name;
    std::function<void(const Tensor& x)> step;
    std::string message;
  } cases[] = {
      {"item", [&](const Tensor& x) { sum(x).item(); }, "item: a number is read" + recorded + read},
      {"to_vector", [&](const Tensor& x) { x.to_vector<float>(); }, "to_vector: numbers are read" + recorded + read},
      {"print", [&](const Tensor& x) { out << x; },
       "print: a tensor is printed" + recorded + "return it from the step, and print it after the call"},
      {"to(cpu)", [&](const Tensor& x) { x.to(cpu); },
       "to: a tensor is copied from cuda:0 to cpu" + recorded + "return it from the step, and copy it after the call"},
      {"to(cuda)", [&](const Tensor&) { here.to(gpu); },
       "to: a tensor is copied from cpu to cuda:0" + recorded + "copy it before, and pass it to the step as an input"},
      {"manual_seed", [&](const Tensor&) { manual_seed(3); },
       "manual_seed: the generator is started anew" + recorded + "do it between the calls"},
      {"synchronize", [&](const Tensor&) { cuda::synchronize(); },
       "synchronize: the GPU is waited for" + recorded + "do it after the call"},
      {"randint", [&](const Tensor&) { randint(0, 3, {2}); },
       "randint: numbers are drawn on the CPU" + recorded +
           "draw them on the GPU, or before, and pass them to the step as an input"},
      {"a generator of the step's own",
       [&](const Tensor& x) {
         Generator own(3);
         rand({2}, x.options(), own);
       },
       "Generator: a generator that the step draws from ends with it" + recorded +
           "make the generator before the step, so that the draws go on from call to call"},
      {"a generator that is set",
       [&](const Tensor& x) {
         rand({2}, x.options());
         default_generator().offset = 0;
         rand({2}, x.options());
       },
       "Generator: a generator that the step draws from is set" + recorded + "set it between the calls"},
      {"set_data", [&](const Tensor& x) { Tensor(here).set_data(x); },
       "set_data: a tensor is given other numbers" + recorded + "do it between the calls"},
      {"clip_grad_norm", [&](const Tensor&) { clip_grad_norm(s.net.parameters(), 1); },
       "item: a number is read" + recorded + read},
      {"a first gradient",
       [&, calls = 0](const Tensor& x) mutable {
         if (calls++ > 0) sum(unused * mean(x)).backward();
         late.step();
       },
       "Adam: a parameter of shape [2] gets its first gradient" + recorded +
           "let it have one in the first call, too, which is not recorded"},
      {"an error that is caught",
       [&](const Tensor& x) {
         try {
           sum(x).item();
         } catch (const Error&) {
         }
       },
       "item: a number is read" + recorded + read},
      {"an error of the step's own",
       [&](const Tensor& x) {
         x.reshape({5, 5});
       },
       ""},
  };
  for (const auto& refused : cases) {
    CAPTURE(refused.name);
    bool is_bad = false;
    StepGraph step([&](const Tensor& x) {
      adam.zero_grad();
      const Tensor loss = s.loss(dropout(x, 0.5, true));
      loss.backward();
      adam.step();
      if (is_bad) refused.step(x);
      return loss;
    });
    if (std::string(refused.name) == "a first gradient") refused.step(Small::x(0));
    step(Small::x(0));
    const Tensor w = s.net.parameters()[0], gradient = w.grad();
    const auto before = w.to_vector<float>(), gradient_before = gradient.to_vector<float>();
    const Generator generator = default_generator();
    is_bad = true;
    const std::string message = message_of([&] { step(Small::x(1)); });
    if (!refused.message.empty()) CHECK(message == refused.message);
    CHECK(!message.empty());
    CHECK(default_generator().seed == generator.seed);
    CHECK(default_generator().offset == generator.offset);
    CHECK(w.grad().same(gradient));
    CHECK(w.grad().to_vector<float>() == gradient_before);
    CHECK(w.to_vector<float>() == before);
    is_bad = false;
    kernels::reset_kernel_launches();
    step(Small::x(1));
    step(Small::x(2));
    CHECK(kernels::kernel_launches("graph") == 2);
  }
}

TEST_CASE("a failed recording leaves the optimiser's steps and the memory as they were") {
  if (kernels::waits_for_each_kernel()) return;
  set_memory_caching(true, gpu);
  const auto run = [](bool fail) {
    manual_seed(2);
    Small s;
    Adam adam(s.net.parameters(), {.lr = 0.05});
    bool is_bad = false;
    StepGraph step([&](const Tensor& x) {
      adam.zero_grad();
      const Tensor loss = s.loss(x);
      loss.backward();
      adam.step();
      if (is_bad) loss.item();
      return loss;
    });
    step(Small::x(0));
    const std::size_t active = memory_stats(gpu).active;
    is_bad = fail;
    if (fail) CHECK_THROWS_AS(step(Small::x(1)), Error);
    is_bad = false;
    CHECK(memory_stats(gpu).active == active);
    for (int i = 1; i < 4; ++i) step(Small::x(i));
    Numbers all;
    for (const Tensor& p : s.net.parameters()) append(all, p);
    return all;
  };
  CHECK(run(true) == run(false));
}

TEST_CASE("memory that is not the step's own is refused while it is recorded") {
  if (kernels::waits_for_each_kernel()) return;
  StepGraph step([&, calls = 0](const Tensor&) mutable {
    if (calls++ > 0) kernels::device_free(kernels::device_allocate(100));
  });
  step(Small::x(0));
  CHECK(message_of([&] { step(Small::x(0)); }) ==
        "device_allocate: something asks for memory of its own for the first time while a step is recorded "
        "(StepGraph); do the same in the first call, which is not recorded");
}

TEST_CASE("a recorded step's numbers are sent, though they look like pointers to the host") {
  const Index local = 0;
  const std::vector<std::uint64_t> words{reinterpret_cast<std::uint64_t>(&local), 0x3ff0000000000000};
  const Tensor to = zeros({2}, {int64, gpu});
  kernels::send_words({}, words, static_cast<std::uint64_t*>(to.raw()));
  CHECK(to.to_vector<Index>() == std::vector<Index>(words.begin(), words.end()));
}
