// Optimisers, schedules and clipping against PyTorch (tests/parity/optim_values.py), and what they promise besides.
#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <sstream>

#include <gradus/core/autograd.h>
#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/kernels/optimizers.h>
#include <gradus/kernels/parallel.h>
#include <gradus/optim/adam.h>
#include <gradus/optim/clip_grad.h>
#include <gradus/optim/lr_scheduler.h>
#include <gradus/optim/sgd.h>

#include "catch.h"

using namespace gradus;

namespace {

const std::vector<Shape> shapes = {{3, 4}, {5}, {2, 3, 2}};

Tensor pattern(const Shape& shape, Index k) {
  Tensor t = zeros(shape, float64);
  const auto values = t.data<double>();
  for (Index i = 0; i < t.numel(); ++i) {
    values[static_cast<std::size_t>(i)] = static_cast<double>((i * 7919 + k * 1237 + 911) % 2003 - 1001) / 1024;
  }
  return t;
}

Tensors weights() {
  Tensors ws;
  for (std::size_t j = 0; j < shapes.size(); ++j)
    ws.push_back(pattern(shapes[j], static_cast<Index>(j)).requires_grad_());
  return ws;
}

using Numbers = std::vector<std::vector<double>>;

// The lines of a case in tests/data/optim_values.txt.
Numbers reference(const std::string& name) {
  std::ifstream file(GRADUS_SOURCE_DIR "/tests/data/optim_values.txt");
  Numbers lines;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("=== ")) {
      inside = line == "=== " + name;
    } else if (inside) {
      std::istringstream text(line);
      lines.emplace_back(std::istream_iterator<double>(text), std::istream_iterator<double>());
    }
  }
  if (lines.empty()) throw Error("no case '" + name + "' in tests/data/optim_values.txt");
  return lines;
}

void check_equal(const Numbers& expected, const Numbers& got) {
  REQUIRE(expected.size() == got.size());
  for (std::size_t j = 0; j < expected.size(); ++j) {
    REQUIRE(expected[j].size() == got[j].size());
    for (std::size_t i = 0; i < expected[j].size(); ++i) {
      INFO("line " << j << ", element " << i << ": expected " << expected[j][i] << ", got " << got[j][i]);
      CHECK(std::abs(expected[j][i] - got[j][i]) <= 1e-12 * std::max(1.0, std::abs(expected[j][i])));
    }
  }
}

Numbers numbers(const Tensors& tensors) {
  Numbers out;
  for (const Tensor& t : tensors) out.push_back(t.to_vector<double>());
  return out;
}

// Five steps on three tensors; with skip, the second one has no gradient in the first and the third.
void check_steps(const std::string& name, const std::function<std::unique_ptr<Optimizer>(const Tensors&)>& make,
                 bool skip = false) {
  INFO(name);
  Tensors ws = weights();
  const auto optimizer = make(ws);
  for (Index t = 0; t < 5; ++t) {
    optimizer->zero_grad();
    for (std::size_t j = 0; j < ws.size(); ++j) {
      if (skip && j == 1 && (t == 0 || t == 2)) continue;
      ws[j].set_grad(pattern(shapes[j], 10 * (t + 1) + static_cast<Index>(j)));
    }
    optimizer->step();
  }
  check_equal(reference(name), numbers(ws));
}

std::vector<ParamGroup> groups(const Tensors& ws) {
  return {{.params = {ws[0]}, .lr = 0.5, .weight_decay = 0.2}, {.params = {ws[1], ws[2]}}};
}

void check_schedule(const std::string& name, const std::function<std::unique_ptr<LRScheduler>(Optimizer&)>& make) {
  INFO(name);
  const Tensors ws = weights();
  Sgd optimizer({{.params = {ws[0]}, .lr = 0.5}, {.params = {ws[1], ws[2]}}}, {.lr = 0.1});
  const auto schedule = make(optimizer);
  Numbers rates(2);
  for (Index epoch = 0; epoch < 10; ++epoch) {
    CHECK(schedule->epoch() == epoch);
    for (std::size_t i = 0; i < 2; ++i) rates[i].push_back(optimizer.groups()[i].lr);
    schedule->step();
  }
  check_equal(reference(name), rates);
}

template <class O, class... Arguments>
auto make(const Arguments&... arguments) {
  return [=](auto&& first) { return std::make_unique<O>(first, arguments...); };
}

}  // namespace

TEST_CASE("Sgd is PyTorch's over five steps", "[optim]") {
  check_steps("sgd", make<Sgd>(SgdOptions{.lr = 0.1}));
  check_steps("sgd weight_decay", make<Sgd>(SgdOptions{.lr = 0.1, .weight_decay = 0.05}));
  check_steps("sgd momentum", make<Sgd>(SgdOptions{.lr = 0.1, .momentum = 0.9}));
  check_steps("sgd momentum weight_decay", make<Sgd>(SgdOptions{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.05}));
  check_steps("sgd dampening", make<Sgd>(SgdOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.3}));
  check_steps("sgd nesterov",
              make<Sgd>(SgdOptions{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.05, .nesterov = true}));
}

TEST_CASE("Adam is PyTorch's over five steps", "[optim]") {
  check_steps("adam", make<Adam>());
  check_steps("adam options", make<Adam>(AdamOptions{.lr = 0.02, .beta1 = 0.5, .beta2 = 0.9, .eps = 1e-4}));
  check_steps("adam weight_decay", make<Adam>(AdamOptions{.lr = 0.02, .weight_decay = 0.1}));
}

TEST_CASE("AdamW is PyTorch's over five steps", "[optim]") {
  check_steps("adamw", make<AdamW>());
  check_steps("adamw weight_decay", make<AdamW>(AdamWOptions{.lr = 0.02, .weight_decay = 0.3}));
}

TEST_CASE("groups have their own learning rate and weight decay", "[optim]") {
  check_steps("sgd groups", [](const Tensors& ws) { return std::make_unique<Sgd>(groups(ws), SgdOptions{.lr = 0.1}); });
  check_steps("adam groups",
              [](const Tensors& ws) { return std::make_unique<Adam>(groups(ws), AdamOptions{.lr = 0.02}); });
  check_steps("adamw groups",
              [](const Tensors& ws) { return std::make_unique<AdamW>(groups(ws), AdamWOptions{.lr = 0.02}); });
}

TEST_CASE("a parameter without a gradient is skipped, and its own steps are counted", "[optim]") {
  check_steps("sgd skip", make<Sgd>(SgdOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.3}), true);
  check_steps("adam skip", make<Adam>(AdamOptions{.lr = 0.02}), true);
}

TEST_CASE("a frozen parameter stays as it is, weight decay and momentum or not", "[optim]") {
  Tensor a = ones({2}, float64).requires_grad_(), b = ones({2}, float64).requires_grad_();
  Sgd optimizer({a, b}, {.lr = 0.5, .momentum = 0.9, .weight_decay = 0.1});
  sum(a + b).backward();
  optimizer.step();
  const auto before = b.to_vector<double>();
  b.requires_grad_(false);
  optimizer.zero_grad();
  sum(a + b).backward();
  optimizer.step();
  CHECK(b.to_vector<double>() == before);
  CHECK(a.to_vector<double>() != before);
}

TEST_CASE("two optimisers on one parameter keep a state each", "[optim]") {
  Tensor shared = ones({2}, float64).requires_grad_(), alone = ones({2}, float64).requires_grad_();
  Adam first({shared}), second({shared}), other({alone});
  for (Tensor* t : {&shared, &alone}) t->set_grad(ones({2}, float64));
  first.step();
  other.step();
  CHECK(shared.to_vector<double>() == alone.to_vector<double>());
  {
    NoGrad guard;
    shared.fill_(1);
  }
  second.step();  // its first step, though the parameter's second
  CHECK(shared.to_vector<double>() == alone.to_vector<double>());
}

TEST_CASE("step() is an in-place change that autograd notices, and records nothing", "[optim]") {
  Tensor w = ones({2}, float64).requires_grad_();
  Sgd optimizer({w}, {.lr = 0.1});
  const Tensor loss = sum(w * w);
  loss.backward({}, true);
  optimizer.step();
  CHECK(w.is_leaf());
  CHECK(w.requires_grad());
  CHECK(message_of([&] { loss.backward(); }).find("changed in place") != std::string::npos);
  optimizer.zero_grad();
  CHECK_FALSE(w.grad().defined());
}

TEST_CASE("float32 trains, and the number of threads changes no bit", "[optim]") {
  const int before = kernels::num_threads();
  const auto trained = [](int threads) {
    kernels::set_num_threads(threads);
    manual_seed(5);
    Tensor a = randn({100003}).requires_grad_(), b = a.detach().clone().requires_grad_();
    Adam adam({a});
    Sgd sgd({b}, {.lr = 0.1, .momentum = 0.9});
    for (int step = 0; step < 3; ++step) {
      a.set_grad(randn({100003}));
      b.set_grad(a.grad());
      adam.step();
      sgd.step();
    }
    auto values = a.to_vector<float>();
    const auto more = b.to_vector<float>();
    values.insert(values.end(), more.begin(), more.end());
    return values;
  };
  const auto one = trained(1);
  CHECK(one == trained(3));
  kernels::set_num_threads(before);
  for (const float w : one) REQUIRE(std::isfinite(w));
}

TEST_CASE("moments below 1e-30 become zero, others do not", "[optim]") {
  const auto run = [](auto tiny) {
    using T = decltype(tiny);
    const kernels::AdamStep<T> step{.step_size = T(1e-3),
                                    .take1 = T(0.1),
                                    .beta2 = T(0.999),
                                    .take2 = T(0.001),
                                    .root_correction = 1,
                                    .eps = T(1e-8)};
    T w = 1, m = tiny, v = tiny;
    const T g = 0;
    const kernels::AdamArrays<T> moments{1, &w, &g, &m, &v};
    kernels::adam_step<T>(kernels::Cpu{}, step, {&moments, 1});
    const kernels::SgdStep<T> descent{.lr = 1, .weight_decay = 0, .momentum = T(0.9), .decay = T(0.9), .take = 1};
    T b = -tiny;
    const kernels::SgdArrays<T> momentum{1, &w, &g, &b};
    kernels::sgd_step<T>(kernels::Cpu{}, descent, {&momentum, 1});
    return std::vector<bool>{m == 0, v == 0, b == 0};
  };
  CHECK(run(0.5e-30F) == std::vector<bool>{true, true, true});
  CHECK(run(2e-30F) == std::vector<bool>{false, false, false});
  CHECK(run(0.5e-30) == std::vector<bool>{true, true, true});
  CHECK(run(2e-30) == std::vector<bool>{false, false, false});
}

TEST_CASE("an optimiser refuses parameters and options that make no sense", "[optim]") {
  const Tensor w = ones({2, 3}).requires_grad_();
  CHECK(message_of([] { Sgd o(Tensors{}); }) == "Sgd: there are no parameters to optimise");
  CHECK(message_of([] { Adam o(Tensors{Tensor()}); }) == "Adam: a parameter is an undefined tensor");
  CHECK(message_of([] { Adam o({ones({2}, int64)}); }) ==
        "Adam: a parameter of shape [2] is int64, expected float32 or float64");
  CHECK(message_of([&] { AdamW o({w * 2}); }) ==
        "AdamW: a parameter of shape [2, 3] is the result of an op; only leaves are optimised");
  CHECK(message_of([&] { Sgd o({w, w}); }) == "Sgd: a parameter of shape [2, 3] is given twice");
  CHECK(message_of([&] {
          Sgd o({{.params = {w}}, {.params = {w}}}, {});
        }) == "Sgd: a parameter of shape [2, 3] is given twice");
  CHECK(message_of([&] { Sgd o({w}, {.lr = -1}); }) ==
        "Sgd: the learning rate is -1, expected a finite number, 0 or more");
  CHECK(message_of([&] { Sgd o({w}, {.lr = NAN}); }) ==
        "Sgd: the learning rate is nan, expected a finite number, 0 or more");
  CHECK(message_of([&] { Adam o({w}, {.lr = INFINITY}); }) ==
        "Adam: the learning rate is inf, expected a finite number, 0 or more");
  CHECK(message_of([&] { Sgd o({w}, {.weight_decay = -1}); }) == "Sgd: the weight decay is -1, expected 0 or more");
  CHECK(message_of([&] { Sgd o({w}, {.momentum = -1}); }) == "Sgd: the momentum is -1, expected 0 or more");
  CHECK(message_of([&] { Sgd o({w}, {.dampening = 2}); }) == "Sgd: the dampening is 2, expected 0 to 1");
  CHECK(message_of([&] { Sgd o({w}, {.nesterov = true}); }) ==
        "Sgd: Nesterov's form needs a momentum and no dampening");
  CHECK(message_of([&] { Adam o({w}, {.beta1 = 1}); }) == "Adam: a beta is 1, expected 0 or more and less than 1");
  CHECK(message_of([&] { AdamW o({w}, {.beta2 = -0.5}); }) ==
        "AdamW: a beta is -0.5, expected 0 or more and less than 1");
  CHECK(message_of([&] { Adam o({w}, {.eps = 0}); }) ==
        "Adam: eps is 0, expected at least 1e-12: smaller moments count as zero");
}

TEST_CASE("a parameter that was converted after its first step is refused, and nothing changes", "[optim]") {
  Tensor a = ones({2}).requires_grad_(), b = ones({3}).requires_grad_();
  Adam optimizer({a, b});
  a.set_grad(ones({2}));
  b.set_grad(ones({3}));
  optimizer.step();
  const auto before = a.to_vector<float>();
  {
    NoGrad guard;
    b.set_data(b.detach().to(float64));
  }
  CHECK(message_of([&] { optimizer.step(); }) ==
        "Adam: a parameter was float32 [3] on cpu and is now float64 [3] on cpu; make the optimiser after to()");
  CHECK(a.to_vector<float>() == before);
  optimizer.groups()[0].lr = -1;
  CHECK(message_of([&] { optimizer.step(); }) == "Adam: the learning rate is -1, expected a finite number, 0 or more");
}

TEST_CASE("the schedules are PyTorch's over ten epochs", "[optim]") {
  check_schedule("step_lr", [](Optimizer& o) { return std::make_unique<StepLR>(o, 3, 0.2); });
  check_schedule("cosine", [](Optimizer& o) { return std::make_unique<CosineAnnealingLR>(o, 6, 0.01); });
  const Tensors ws = weights();
  Sgd optimizer(ws);
  CHECK(message_of([&] { StepLR s(optimizer, 0); }) == "StepLR: expected a positive step_size, got 0");
  CHECK(message_of([&] { CosineAnnealingLR s(optimizer, 0); }) ==
        "CosineAnnealingLR: expected a positive t_max, got 0");
}

TEST_CASE("clip_grad_norm is PyTorch's", "[optim]") {
  for (const auto& [name, max_norm] : std::map<std::string, double>{{"clip", 1.5}, {"clip not needed", 1e3}}) {
    INFO(name);
    Tensors ws = weights();
    for (std::size_t j = 0; j < ws.size(); ++j) ws[j].set_grad(pattern(shapes[j], 10 + static_cast<Index>(j)));
    Numbers got = {{clip_grad_norm(ws, max_norm)}};
    for (const Tensor& w : ws) got.push_back(w.grad().to_vector<double>());
    check_equal(reference(name), got);
  }
}

TEST_CASE("clip_grad_norm scales each gradient once, shared or given twice", "[optim]") {
  Tensor a = zeros({1}, float64).requires_grad_(), b = zeros({1}, float64).requires_grad_(), c = zeros({1}, float64);
  const Tensor shared = tensor({3}, float64);
  a.set_grad(shared);
  b.set_grad(shared);
  CHECK(clip_grad_norm({a, a, b, c}, 1) == Approx(std::sqrt(18.0)).epsilon(1e-14));
  CHECK(a.grad().item() == Approx(std::sqrt(0.5)).epsilon(1e-6));
  CHECK(b.grad().item() == Approx(std::sqrt(0.5)).epsilon(1e-6));
  CHECK(shared.item() == 3);  // not ours to change
  CHECK_FALSE(c.grad().defined());
  CHECK(clip_grad_norm({c}, 1) == 0);
  CHECK(clip_grad_norm({}, 1) == 0);
  a.set_grad(full({1}, INFINITY, float64));
  CHECK(clip_grad_norm({a, b}, 1) == INFINITY);
  CHECK(message_of([&] { clip_grad_norm({a}, -1); }) == "clip_grad_norm: expected a max_norm of 0 or more, got -1");
}
