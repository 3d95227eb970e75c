// The fused layers: each row of layers/fused.h against its parts, to the bit, and that nothing of it shows.
#include "catch.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <utility>

#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/kernels/map.h>
#include <gradus/kernels/matmul.h>
#include <gradus/kernels/parallel.h>
#include <gradus/layers/activations.h>
#include <gradus/layers/conv2d.h>
#include <gradus/layers/dropout.h>
#include <gradus/layers/fused.h>
#include <gradus/layers/images.h>
#include <gradus/layers/linear.h>
#include <gradus/layers/sequential.h>

using namespace gradus;

namespace {

struct Fusing {  // fuses, or does not, for a scope
  explicit Fusing(bool on) : before(fusing()) { set_fusing(on); }
  ~Fusing() { set_fusing(before); }
  bool before;
};

std::vector<double> numbers(const Tensor& t) { return t.detach().to(float64).to_vector<double>(); }

struct Run {
  std::string last_op;
  std::vector<std::vector<double>> values;  // the output, all gradients, the input's first, and how much was drawn
};

Run run(const Sequential& net, const Tensor& x, bool fuse) {
  const Fusing scope(fuse);
  const Generator before = std::exchange(default_generator(), Generator(9));
  net.zero_grad();
  Tensor input = x.clone().requires_grad_();
  const Tensor y = net(input);
  const Generator after = std::exchange(default_generator(), before);
  Generator g(5);
  y.backward(randn(y.shape(), y.dtype(), g));
  Run out{y.grad_fn()->name(), {numbers(y), numbers(input.grad())}};
  for (const Tensor& p : net.parameters()) {
    if (p.grad().defined()) out.values.push_back(numbers(p.grad()));
  }
  out.values.push_back({static_cast<double>(after.offset)});  // what was drawn
  return out;
}

// Every row of the table, and by what names the parts go.
std::vector<Sequential> rows(Index in, Index out, bool bias) {
  return {Sequential(Linear(in, out, bias), Tanh()),
          Sequential(Linear(in, out, bias), Sigmoid()),
          Sequential(Linear(in, out, bias), ReLU()),
          Sequential(Linear(in, out, bias), LeakyReLU(0.1)),
          Sequential(Linear(in, out, bias), LeakyReLU(0)),
          Sequential(Linear(in, out, bias), Dropout(0.25)),
          Sequential(Linear(in, out, bias), Dropout(0.25), ReLU()),
          Sequential(Linear(in, out, bias), Dropout(1), ReLU())};
}

// "" where both runs have the same bits, NaN and the sign of zero included; else the first place where they differ.
std::string difference(const Run& a, const Run& b) {
  if (a.values.size() != b.values.size()) return "another number of gradients";
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    if (a.values[i].size() != b.values[i].size()) return "another number of elements";
    for (std::size_t j = 0; j < a.values[i].size(); ++j) {
      const double x = a.values[i][j], y = b.values[i][j];
      if (std::isnan(x) && std::isnan(y)) continue;
      if (x == y && std::signbit(x) == std::signbit(y)) continue;
      std::ostringstream text;
      text << "value " << i << ", element " << j << ": " << x << " and " << y;
      return text.str();
    }
  }
  return "";
}

template <class M>
std::string printed(const M& module) {
  std::ostringstream out;
  out << module;
  return out.str();
}

// The status of this program when it runs the hidden case below with GRADUS_FUSE set to `value`.
int status_with(const char* value) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("GRADUS_FUSE", value, 1);
    execl("/proc/self/exe", "unit_tests", "[read_gradus_fuse]", static_cast<char*>(nullptr));
    std::_Exit(99);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("reports by an exit status what a Sequential runs", "[.][read_gradus_fuse]") {
  int status = 98;
  try {
    const std::string op = Sequential(Linear(1, 1), Tanh())(ones({1, 1}).requires_grad_()).grad_fn()->name();
    status = op == "linear_activation" ? 1 : op == "tanh" ? 0 : 95;
  } catch (const Error& error) {
    status = error.what() == std::string("GRADUS_FUSE: expected 0 or 1, got 'no'") ? 97 : 96;
  }
  std::_Exit(status);
}

TEST_CASE("GRADUS_FUSE=0 runs the parts, and what is neither 0 nor 1 is refused") {
  CHECK(status_with("0") == 0);
  CHECK(status_with("1") == 1);
  CHECK(status_with("") == 1);
  CHECK(status_with("no") == 97);
}

TEST_CASE("Upsample and Conv2d run as one op, and give what they give one by one, to rounding") {
  manual_seed(1);
  const Sequential doubled(Upsample({.scale_factor = 2, .mode = UpsampleMode::bilinear}),
                           Conv2d(3, 5, 3, {.padding = 1}), LeakyReLU(0.1));
  const Sequential aligned(Upsample({.size = {7, 9}, .mode = UpsampleMode::bilinear, .align_corners = true}),
                           Conv2d(3, 4, {2, 3}, {.stride = {1, 2}, .padding = {0, 1}, .bias = false}));
  const Sequential nearest(Upsample({.scale_factor = 2}), Conv2d(3, 4, 3));
  const Tensor x = randn({2, 3, 4, 6}, float64);
  for (Sequential net : {doubled, aligned, nearest}) {
    net.to(float64);
    const Run fused = run(net, x, true), parts = run(net, x, false);
    REQUIRE(fused.values.size() == parts.values.size());
    for (std::size_t i = 0; i < parts.values.size(); ++i) {
      REQUIRE(fused.values[i].size() == parts.values[i].size());
      double largest = 0, worst = 0;
      for (std::size_t j = 0; j < parts.values[i].size(); ++j) {
        largest = std::max(largest, std::abs(parts.values[i][j]));
        worst = std::max(worst, std::abs(parts.values[i][j] - fused.values[i][j]));
      }
      CHECK(worst <= 1e-14 * largest);
    }
  }
  CHECK(run(Sequential(aligned), x.to(float64), true).last_op == "upsample_conv2d");
  CHECK(run(Sequential(aligned), x.to(float64), false).last_op == "conv2d");
  CHECK(run(Sequential(nearest), x.to(float64), true).last_op == "conv2d");
}

TEST_CASE("each fused pair gives its parts' output and gradients, to the bit") {
  manual_seed(1);
  for (const DType dtype : {float32, float64}) {
    for (const auto& [n, in, out] : {std::array<Index, 3>{3, 4, 5},
                                     {1, 300, 70},  // dot products
                                     {130, 7, 33},
                                     {60, 1030, 37},  // three blocks of k
                                     {2, 1, 1}}) {
      for (const bool bias : {true, false}) {
        for (Sequential& net : rows(in, out, bias)) {
          net.to(dtype);
          const Tensor x = randn({n, in}, dtype);
          const Run one = run(net, x, true), parts = run(net, x, false);
          INFO(printed(net) << x.shape() << dtype);
          CHECK(one.last_op == "linear_activation");
          CHECK(parts.last_op != "linear_activation");
          CHECK(difference(one, parts) == "");
        }
      }
    }
  }
}

TEST_CASE("a fused pair treats NaN, infinities, zeros and large numbers as its parts do") {
  const double inf = INFINITY;
  Tensor x = tensor({NAN, inf, -inf, 0.0, -0.0, 1e300, -1e300, 1e-310, -1e-310, 40.0, -40.0}, float64).unsqueeze(1);
  for (Sequential& net : rows(1, 2, false)) {
    net.to(float64);
    net.load_state_dict({{"0.weight", tensor({1, -1}, {2, 1}, float64)}});
    const Run one = run(net, x, true), parts = run(net, x, false);
    INFO(printed(net));
    CHECK(difference(one, parts) == "");
  }
}

TEST_CASE("fused layers do not depend on the number of threads") {
  manual_seed(2);
  const Tensor x = randn({130, 40});
  const int before = kernels::num_threads();
  for (const Sequential& net : rows(40, 70, true)) {
    const Run reference = run(net, x, true);
    for (const int threads : {1, 3, 7}) {
      kernels::set_num_threads(threads);
      CHECK(difference(run(net, x, true), reference) == "");
    }
    kernels::set_num_threads(before);
  }
}

TEST_CASE("fused dropout is the identity in eval mode, and for p = 0") {
  const Fusing scope(true);
  manual_seed(7);
  const Tensor x = randn({5, 4});
  for (const double p : {0.5, 0.0}) {
    Sequential plain(Linear(4, 6), Dropout(p)), with_relu(Linear(4, 6), Dropout(p), ReLU());
    if (p > 0) plain.eval(), with_relu.eval();
    for (const Sequential& net : {plain, with_relu}) {
      const Run one = run(net, x, true);
      CHECK(difference(one, run(net, x, false)) == "");
      CHECK(one.values.back()[0] == 0);
    }
    CHECK(run(plain, x, true).last_op == "linear");
    CHECK(run(with_relu, x, true).last_op == "linear_activation");
  }
  Sequential net(Linear(4, 6), Dropout(0.5), ReLU());
  const Run training = run(net, x, true);
  CHECK(training.values.back()[0] == 8);  // 30 elements, four a counter
  net.eval();
  CHECK(run(net, x, true).values[0] != training.values[0]);
}

TEST_CASE("a slope below 0 cannot be told from the output, and is computed by the parts") {
  manual_seed(3);
  const Sequential net(Linear(4, 5), LeakyReLU(-0.5));
  const Tensor x = randn({30, 4});
  const Run one = run(net, x, true);
  CHECK(one.last_op == "leaky_relu");
  CHECK(difference(one, run(net, x, false)) == "");
}

TEST_CASE("only neighbours of the table's types are fused") {
  const Fusing scope(true);
  const Tensor x = ones({2, 3}).requires_grad_();
  const auto last = [&](const Sequential& net) { return net(x).grad_fn()->name(); };
  struct MyLinear : Linear {
    using Linear::Linear;
  };
  CHECK(last(Sequential(Linear(3, 4), Tanh())) == "linear_activation");
  CHECK(last(Sequential(Layer(Linear(3, 4)), Layer(Tanh()))) == "linear_activation");
  CHECK(last(Sequential(Tanh(), Linear(3, 4))) == "linear");
  CHECK(last(Sequential(Linear(3, 4), Softmax(1))) == "softmax");
  CHECK(last(Sequential(MyLinear(3, 4), Tanh())) == "tanh");
  CHECK(last(Sequential(
            Linear(3, 4), [](const Tensor& t) { return t * 2; }, Tanh())) == "tanh");
  const Sequential inner(Linear(3, 4));
  Sequential outer;
  outer.add_module("inner", inner).add_module("tanh", Tanh());
  CHECK(last(outer) == "tanh");
  CHECK(last(Sequential(Linear(3, 4), Tanh(), Linear(4, 2), ReLU(), Tanh())) == "tanh");
  CHECK(numbers(Sequential()(x)) == numbers(x));
}

TEST_CASE("names, the printed tree and children are the parts'") {
  const Fusing scope(true);
  const Sequential net(Linear(3, 4), Tanh());
  CHECK(printed(net) ==
        "Sequential(\n"
        "  (0): Linear(in_features=3, out_features=4, bias=True)\n"
        "  (1): Tanh()\n"
        ")");
  CHECK(net.named_parameters()[0].first == "0.weight");
  CHECK(net.named_parameters()[1].first == "0.bias");
  CHECK(net.size() == 2);
  CHECK(net[0].as<Linear>().weight.same(net.parameters()[0]));
  CHECK(net[1].as<Tanh>()(ones({1})).numel() == 1);
}

TEST_CASE("a layer that is added, or taken away, is seen by every holder") {
  const Fusing scope(true);
  manual_seed(4);
  const Tensor x = randn({2, 3});
  Sequential net(Linear(3, 4));
  const Sequential holder = net;
  const Tensor z = net(x);
  net.add_module("act", Tanh());
  CHECK(numbers(holder(x)) == numbers(tanh(z)));
  CHECK(holder(x).grad_fn()->name() == "linear_activation");
  std::vector<Layer> parts = net.children();
  parts.pop_back();
  CHECK(numbers(Sequential(parts)(x)) == numbers(z));
  parts.push_back(Sigmoid());
  CHECK(numbers(Sequential(parts)(x)) == numbers(sigmoid(z)));
}

TEST_CASE("a clone computes, fused, with parameters of its own") {
  const Fusing scope(true);
  manual_seed(5);
  const Tensor x = randn({2, 3});
  const Sequential net(Linear(3, 4), Tanh());
  const std::vector<double> y = numbers(net(x));
  Sequential copy = clone(net);
  CHECK(numbers(copy(x)) == y);
  {
    NoGrad guard;
    for (Tensor& p : copy.parameters()) p.fill_(0);
  }
  CHECK(numbers(copy(x)) == std::vector<double>(8, 0.0));
  CHECK(numbers(net(x)) == y);
  copy.to(float64);
  CHECK(copy(x.to(float64)).dtype() == float64);
}

TEST_CASE("a frozen layer gets no gradient, and passes it on") {
  const Fusing scope(true);
  manual_seed(6);
  Sequential net(Linear(3, 4), Tanh(), Linear(4, 2), ReLU());
  net[2].as<Linear>().weight.requires_grad_(false);
  const Tensor x = randn({5, 3});
  sum(net(x)).backward();
  CHECK_FALSE(net.get_parameter("2.weight").grad().defined());
  CHECK(net.get_parameter("2.bias").grad().defined());
  CHECK(net.get_parameter("0.weight").grad().defined());
  net.requires_grad_(false);
  CHECK_FALSE(net(x).requires_grad());
  CHECK(difference(run(net, x, true), run(net, x, false)) == "");  // the input's gradient
}

TEST_CASE("a change in place between forward and backward is noticed") {
  const Fusing scope(true);
  const Sequential net(Linear(3, 4), Tanh());
  const Tensor y = sum(net(ones({2, 3}).requires_grad_()));
  {
    NoGrad guard;
    net[0].as<Linear>().weight.fill_(0);
  }
  CHECK(message_of([&] { y.backward(); }).find("that 'linear_activation' kept for its gradient was changed in place") !=
        std::string::npos);
}
