// dropout and its layer: which elements are dropped, how many, and what does not depend on what.
#include "catch.h"

#include <cmath>
#include <sstream>

#include <gradus/core/autograd.h>
#include <gradus/core/channels_last.h>
#include <gradus/core/gradcheck.h>
#include <gradus/core/ops.h>
#include <gradus/kernels/dropout.h>
#include <gradus/kernels/parallel.h>
#include <gradus/layers/dropout.h>
#include <gradus/layers/linear.h>
#include <gradus/layers/sequential.h>

using namespace gradus;

namespace {

std::vector<double> numbers(const Tensor& t) { return t.detach().to(float64).to_vector<double>(); }

std::vector<double> drawn(Index n, double p, std::uint64_t seed, std::uint64_t offset = 0, DType dtype = float64) {
  Generator from(seed);
  from.offset = offset;
  return numbers(dropout(ones({n}, dtype), p, true, from));
}

std::vector<double> part(const std::vector<double>& all, Index begin, Index end) {
  return {all.begin() + begin, all.begin() + end};
}

// Whether a count of independent draws of probability p lies within 4.5 standard deviations: one in 150,000 does not.
bool plausible(double count, double n, double p) { return std::abs(count - n * p) <= 4.5 * std::sqrt(n * p * (1 - p)); }

}  // namespace

TEST_CASE("what is dropped follows from the words of Philox") {
  // The known answer for counter 0 under key 0 is 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
  CHECK(drawn(4, 0.5, 0) == std::vector<double>{0, 2, 2, 2});
  CHECK(drawn(4, double(0xbc57ac4c) / 0x1p32, 0)[2] > 0);   // a word at the threshold is kept
  CHECK(drawn(4, double(0xbc57ac4d) / 0x1p32, 0)[2] == 0);  // and one below is dropped
  CHECK(drawn(4, double(0x6627e8d5) / 0x1p32, 0)[0] == 1 / (1 - double(0x6627e8d5) / 0x1p32));
  CHECK(drawn(4, 0.75, 0) == std::vector<double>{0, 4, 0, 0});
}

TEST_CASE("float32 and float64 drop the same elements, and each counter serves four") {
  CHECK(drawn(1001, 0.5, 7) == drawn(1001, 0.5, 7, 0, float32));
  const std::vector<double> all = drawn(1000, 0.3, 7, 0xfffffff0);
  for (const Index first : {4, 12, 100, 256, 996}) {
    CHECK(drawn(1000 - first, 0.3, 7, 0xfffffff0 + first / 4) == part(all, first, 1000));
  }
  for (const Index n : {0, 1, 3, 5, 255, 257, 999}) CHECK(drawn(n, 0.3, 7, 0xfffffff0) == part(all, 0, n));
}

TEST_CASE("a part of an array drops what the whole drops, wherever it begins") {
  const kernels::Dropout mask(0.3, {5, 77});
  const std::vector<float> x(2000, 1.0f);
  std::vector<float> all(2000), y(2000);
  kernels::dropout(kernels::Cpu{}, mask, 2000, x.data(), all.data());
  for (const Index first : {0, 1, 2, 3, 4, 5, 255, 1023}) {
    for (const Index n : {0, 1, 2, 4, 7, 61, 64, 253, 256, 300, 900}) {
      CAPTURE(first, n);
      std::copy_n(x.begin(), n, y.begin());
      kernels::dropout_part(mask, first, n, y.data(), y.data());  // in place
      CHECK(std::equal(y.begin(), y.begin() + n, all.begin() + first));
    }
  }
}

TEST_CASE("no two draws overlap") {
  Generator from(3);
  const Tensor x = ones({5}, float64);
  const std::vector<double> first = numbers(dropout(x, 0.5, true, from));
  CHECK(from.offset == 2);
  const std::vector<double> second = numbers(dropout(x, 0.5, true, from));
  CHECK(from.offset == 4);
  const std::vector<double> all = drawn(13, 0.5, 3);
  CHECK(first == part(all, 0, 5));
  CHECK(second == part(all, 8, 13));
  dropout(x, 0, true, from);
  dropout(x, 0.5, false, from);
  dropout(zeros({0}, float64), 0.5, true, from);
  CHECK(from.offset == 4);  // nothing was drawn
}

TEST_CASE("the share of kept elements, and of kept pairs, is that of independent draws") {
  const Index n = 1 << 20;
  for (const double p : {0.2, 0.25, 0.5, 0.9}) {
    CAPTURE(p);
    const std::vector<double> y = drawn(n, p, 11);
    double kept = 0, other = 0;
    for (const double v : y) {
      kept += v == 1 / (1 - p);
      other += v != 0 && v != 1 / (1 - p);
    }
    CHECK(other == 0);
    CHECK(plausible(kept, double(n), 1 - p));
    CHECK(std::abs(kept / (1 - p) / double(n) - 1) <= 4.5 * std::sqrt(p / (1 - p) / double(n)));  // the mean
    for (const Index lag : {1, 2, 3, 4, 64, 1000}) {  // pairs that share no element
      double both = 0, pairs = 0;
      for (Index i = 0; i + lag < n; i += i % (2 * lag) == lag - 1 ? lag + 1 : 1) {
        both += y[i] != 0 && y[i + lag] != 0;
        ++pairs;
      }
      CHECK(plausible(both, pairs, (1 - p) * (1 - p)));
    }
  }
}

TEST_CASE("p of 0, of 1 and near them") {
  const Tensor x = tensor({1, -2, 3}, float64).requires_grad_();
  CHECK(dropout(x, 0).same(x));
  CHECK(dropout(x, 0.5, false).same(x));
  const Tensor y = dropout(x, 1);
  CHECK(numbers(y) == std::vector<double>{0, 0, 0});
  sum(y).backward();
  CHECK(numbers(x.grad()) == std::vector<double>{0, 0, 0});
  CHECK(drawn(1000, 1e-12, 1) == std::vector<double>(1000, 1 / (1 - 1e-12)));
  CHECK(drawn(1000, 1 - 0x1p-53, 1) == std::vector<double>(1000, 0.0));
}

TEST_CASE("NaN and infinities are not hidden by dropping them") {
  const std::vector<double> y = numbers(dropout(tensor({NAN, NAN, NAN, NAN, INFINITY, -INFINITY}, float64), 1));
  for (const double v : y) CHECK(std::isnan(v));
}

TEST_CASE("dropout and its gradient do not depend on the number of threads") {
  const Index n = 70001;
  const auto run = [&] {
    Generator from(9);
    Tensor x = arange(1, n + 1, 1).requires_grad_();
    const Tensor y = dropout(x, 0.25, true, from);
    y.backward(arange(1, n + 1, 1));
    CHECK(numbers(y) == numbers(x.grad()));  // of the same numbers the same mask makes the same
    return numbers(y);
  };
  const int before = kernels::num_threads();
  const std::vector<double> reference = run();
  for (const int threads : {1, 3, 7}) {
    kernels::set_num_threads(threads);
    CHECK(run() == reference);
  }
  kernels::set_num_threads(before);
}

TEST_CASE("the backward draws its own forward's mask, whatever was drawn in between") {
  manual_seed(4);
  const Tensor x = ones({100}, float64).requires_grad_();
  const Tensor y = dropout(x, 0.5);
  dropout(x, 0.5);
  manual_seed(5);
  sum(y).backward(Tensor(), true);
  CHECK(numbers(x.grad()) == numbers(y));
  Tensor(x).zero_grad();
  sum(y).backward();
  CHECK(numbers(x.grad()) == numbers(y));
}

TEST_CASE("gradcheck takes dropout from the default generator", "[gradcheck]") {
  manual_seed(6);
  Generator g(1);
  const auto report = gradcheck([](const Tensors& in) { return dropout(dropout(in[0], 0.25) * in[0], 0.5); },
                                {rand({6, 7}, float64, g) + 1});
  INFO(report);
  CHECK(report.ok);
}

TEST_CASE("images whose channels lie last keep lying so, and lose what others lose") {
  Generator g(1), one(2), two(2);
  const Tensor first = rand({2, 3, 4, 5}, float32, g), last = arranged(first, true);
  const Tensor y = dropout(last, 0.5, true, one);
  CHECK(channels_last(y));
  CHECK(channels_last(last));
  CHECK(numbers(y) == numbers(dropout(first, 0.5, true, two)));
  Tensor leaf = first.clone().requires_grad_();
  Generator three(2);
  const Tensor z = dropout(leaf, 0.5, true, three);
  z.backward(last);
  CHECK(numbers(leaf.grad()) == numbers(y));
}

TEST_CASE("the layer drops in training and is the identity in eval mode, through which gradients flow") {
  Sequential net(Linear(4, 50), Dropout(0.5));
  net.to(float64);
  const Tensor x = ones({3, 4}, float64).requires_grad_();
  manual_seed(1);
  const Tensor h = net(x);
  double zeros = 0;
  for (const double v : numbers(h)) zeros += v == 0;
  CHECK(plausible(zeros, 150, 0.5));
  net.eval();
  const std::uint64_t offset = default_generator().offset;
  const Tensor y = net(x);
  CHECK(default_generator().offset == offset);
  CHECK(numbers(y) == numbers(net[0](x)));
  sum(y).backward();
  CHECK(x.grad().defined());
  net.train();
  CHECK(numbers(net(x)) != numbers(y));
}

TEST_CASE("the layer is printed with its p, and refuses what is no probability") {
  std::ostringstream out;
  out << Dropout(0.25);
  CHECK(out.str() == "Dropout(p=0.25)");
  CHECK(message_of([] { Dropout(1.01); }) == "Dropout: expected a probability p from 0 to 1, got 1.01");
  CHECK(message_of([] { Dropout(NAN); }) == "Dropout: expected a probability p from 0 to 1, got nan");
}
