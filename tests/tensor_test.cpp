#include "catch.h"

#include <gradus/core/autograd.h>
#include <gradus/core/cuda.h>
#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/core/tensor.h>

using namespace gradus;
using Doubles = std::vector<double>;

TEST_CASE("new tensors hold what they are made of") {
  CHECK(zeros({2, 2}, float64).to_vector<double>() == Doubles{0, 0, 0, 0});
  CHECK(ones({3}).to_vector<float>() == std::vector<float>{1, 1, 1});
  CHECK(full({2}, 7, int64).to_vector<Index>() == std::vector<Index>{7, 7});
  CHECK(arange(1, 2, 0.25, float64).to_vector<double>() == Doubles{1, 1.25, 1.5, 1.75});
  CHECK(arange(0, 5, 2, int64).to_vector<Index>() == std::vector<Index>{0, 2, 4});
  CHECK(arange(3, 0, -1, float64).to_vector<double>() == Doubles{3, 2, 1});
  CHECK(tensor({1, 2, 3, 4, 5, 6}, {2, 3}, float64)[1].to_vector<double>() == Doubles{4, 5, 6});
  CHECK(tensor({0.1}, float64).item() == 0.1);  // not rounded through float32
  CHECK(zeros({2}).dtype() == float32);
  CHECK(scalar(3).dim() == 0);
  CHECK(zeros_like(ones({2, 3}, float64)).options().dtype == float64);
  CHECK(message_of([] {
          tensor({1, 2, 3}, {2, 2});
        }) == "tensor: 3 values don't fill shape [2, 2], which has 4 elements");
  CHECK(message_of([] { arange(0, 1, 0); }).starts_with("arange: expected finite ends and a step other than 0"));
  CHECK(message_of([] { arange(0, 1, -1); }) == "arange: a step of -1 does not lead from 0 to 1");
}

TEST_CASE("foreign memory is shared, both ways") {
  Doubles mine{1, 2, 3, 4};
  Tensor t = from_blob(mine.data(), {2, 2});
  mine[3] = 9;
  CHECK(t[1].to_vector<double>() == Doubles{3, 9});
  {
    NoGrad guard;
    t.fill_(5);
  }
  CHECK(mine == Doubles{5, 5, 5, 5});
  t.data<double>()[0] = 6;
  CHECK(mine[0] == 6);
  CHECK(message_of([] { from_blob<double>(nullptr, {2}); }) ==
        "from_blob: the memory is null but shape [2] has elements");
}

TEST_CASE("handles are shared, clones are not") {
  const Tensor a = ones({2}, float64), b = a, c = a.clone();
  a.data<double>()[0] = 4;
  CHECK(b.to_vector<double>() == Doubles{4, 1});
  CHECK(c.to_vector<double>() == Doubles{1, 1});
  CHECK(b.same(a));
  CHECK_FALSE(c.same(a));
}

TEST_CASE("reshape and rows share storage, slice and permute copy") {
  const Tensor t = arange(0, 24, 1, float64).reshape({2, 3, 4});
  CHECK(t.reshape({6, -1}).shape() == Shape{6, 4});
  CHECK(t.reshape({-1}).storage() == t.storage());
  CHECK(t.rows(1, 2).storage() == t.storage());
  CHECK(t.rows(1, 2).reshape({-1}).to_vector<double>()[0] == 12);
  CHECK(t.slice(1, 1, 3).storage() != t.storage());
  CHECK(t.slice(-1, 1, 3).shape() == Shape{2, 3, 2});
  CHECK(t.slice(2, 3, 4).flatten().to_vector<double>() == Doubles{3, 7, 11, 15, 19, 23});
  CHECK(t.permute({2, 0, 1}).shape() == Shape{4, 2, 3});
  CHECK(t.permute({2, 0, 1})[1].flatten().to_vector<double>() == Doubles{1, 5, 9, 13, 17, 21});
  CHECK(t[1].t().shape() == Shape{4, 3});
  CHECK(t.transpose(0, -1).shape() == Shape{4, 3, 2});
  CHECK(t.flatten(1).shape() == Shape{2, 12});
  CHECK(t.flatten(0, 1).shape() == Shape{6, 4});
  CHECK(scalar(1).flatten().shape() == Shape{1});
  CHECK(t.unsqueeze(-1).shape() == Shape{2, 3, 4, 1});
  CHECK(t.unsqueeze(0).squeeze(0).shape() == t.shape());
  CHECK(t.squeeze(0).shape() == t.shape());
  CHECK(zeros({0, 3}).transpose(0, 1).shape() == Shape{3, 0});
}

TEST_CASE("dtypes convert") {
  const Tensor t = tensor({1.75, -2.5}, float64);
  CHECK(t.to(int64).to_vector<Index>() == std::vector<Index>{1, -2});
  CHECK(t.to(float32).to_vector<float>() == std::vector<float>{1.75f, -2.5f});
  CHECK(t.to(float64).same(t));
  CHECK(t.to(cpu).same(t));
}

TEST_CASE("in-place changes need NoGrad, broadcast, and count") {
  Tensor t = zeros({2, 2}, float64);
  CHECK(message_of([&] { t.fill_(1); }).starts_with("fill_: tensors are changed in place under NoGrad only"));
  NoGrad guard;
  const auto version = t.storage()->version();
  t.add_(tensor({1, 2}, float64), 10);
  CHECK(t.to_vector<double>() == Doubles{10, 20, 10, 20});
  t.sub_(ones({2, 1}, float64)).mul_(2);
  CHECK(t.to_vector<double>() == Doubles{18, 38, 18, 38});
  t.copy_(tensor({1, 2}, {2, 1}));
  CHECK(t.to_vector<double>() == Doubles{1, 1, 2, 2});
  CHECK(t.storage()->version() == version + 4);
  Tensor counts = ones({2}, int64);
  CHECK(counts.mul_(3).to_vector<Index>() == std::vector<Index>{3, 3});
  CHECK(message_of([&] { counts.mul_(0.5); }) ==
        "mul_: an int64 tensor meets the number 0.5; convert the tensor with .to(float64)");
  CHECK(message_of([&] { t.add_(ones({3}, float64)); }).find("don't broadcast") != std::string::npos);
  CHECK(message_of([&] {
          t.add_(ones({3, 2, 2}, float64));
        }) == "add_: a tensor of shape [3, 2, 2] does not broadcast to shape [2, 2], which is changed in place");
}

TEST_CASE("an in-place operand may lie in the tensor that is changed") {
  NoGrad guard;
  Tensor t = tensor({1, 2, 3, 4, 5, 6}, {3, 2}, float64);
  t.add_(t.rows(0, 1));  // row 0 is changed, too, and the others must not notice
  CHECK(t.to_vector<double>() == Doubles{2, 4, 4, 6, 6, 8});
  t.mul_(t);
  CHECK(t.to_vector<double>() == Doubles{4, 16, 16, 36, 36, 64});
  Tensor u = tensor({1, 2, 3, 4, 5, 6}, {3, 2}, float64);
  u.rows(1, 3).copy_(u.rows(0, 2));
  CHECK(u.to_vector<double>() == Doubles{1, 2, 1, 2, 3, 4});
  u.copy_(u.rows(2, 3));
  CHECK(u.to_vector<double>() == Doubles{3, 4, 3, 4, 3, 4});
  u.copy_(u);
  CHECK(u.to_vector<double>() == Doubles{3, 4, 3, 4, 3, 4});
}

TEST_CASE("int64 tensors take whole numbers that fit") {
  const Tensor t = ones({2}, int64);
  CHECK((t + 2).to_vector<Index>() == std::vector<Index>{3, 3});
  for (const double wrong : {0.5, 1e30, static_cast<double>(INFINITY)}) {
    CHECK(message_of([&] { t == wrong; }).starts_with("eq: an int64 tensor meets the number "));
    CHECK(message_of([&] { full({2}, wrong, int64); }).starts_with("full: an int64 tensor meets the number "));
    NoGrad guard;
    Tensor u = t.clone();
    CHECK(message_of([&] { u.fill_(wrong); }).starts_with("fill_: "));
    CHECK(message_of([&] { u.add_(t, wrong); }).starts_with("add_: "));
  }
}

TEST_CASE("reading and shaping mistakes are told") {
  const Tensor t = zeros({2, 3});
  CHECK(message_of([] { Tensor().shape(); }) ==
        "tensor: this tensor is undefined: it was declared, but never given a value");
  CHECK(message_of([&] { t.data<double>(); }) ==
        "data: this tensor is float32, float64 asked for; convert it with .to(float64)");
  CHECK(message_of([&] { t.item(); }) == "item: expected a tensor of one element, got shape [2, 3]; use to_vector()");
  CHECK(message_of([&] { t.reshape({4, 2}); }) == "reshape: [2, 3] has 6 elements, [4, 2] has 8");
  CHECK(message_of([&] { t.reshape({-1, 4}); }).find("not a multiple of 4") != std::string::npos);
  CHECK(message_of([&] { t.rows(1, 3); }) == "rows: rows 1 to 3 asked for, the tensor has 2");
  CHECK(message_of([&] { t[2]; }) == "operator[]: row 2 asked for, the tensor has 2");
  CHECK(message_of([&] { t.slice(1, 2, 4); }) == "slice: the range 2 to 4 does not lie in dimension 1 of shape [2, 3]");
  CHECK(message_of([&] {
          t.permute({0, 0});
        }) == "permute: expected each of the 2 dimensions of shape [2, 3] once, got [0, 0]");
  CHECK(message_of([&] { t[0].t(); }) == "t: expected a matrix, got shape [3]; use transpose(a, b)");
  CHECK(message_of([&] { t.size(2); }).starts_with("size: dimension 2 is out of range"));
#ifndef GRADUS_HAS_CUDA
  CHECK(message_of([] {
          ones({3}, Device{Device::Type::cuda, 0});
        }) == "empty: cuda:0 asked for, but this gradus was built without CUDA; use cpu");
  CHECK(message_of([&] { t.to(Device{Device::Type::cuda, 0}); }).find("built without CUDA") != std::string::npos);
#endif
  CHECK(message_of([] { parse_device("gpu"); }) == "device: expected cpu, cuda or cuda:N, got 'gpu'");
#ifndef GRADUS_HAS_CUDA
  CHECK(message_of([] { parse_device("cuda:1"); }).find("built without CUDA") != std::string::npos);
#endif
  CHECK(parse_device("cpu") == cpu);
}

#ifndef GRADUS_HAS_CUDA
TEST_CASE("without CUDA, what asks about a GPU says that there is none, and why") {
  CHECK(cuda::device_count() == 0);
  CHECK_FALSE(cuda::is_available());
  CHECK(cuda::why_unavailable() == "this gradus was built without CUDA");
  CHECK(message_of([] { cuda::device_name(); }) ==
        "device_name: there is no cuda:0: this gradus was built without CUDA");
  CHECK(message_of([] { cuda::synchronize(); }) ==
        "synchronize: there is no cuda:0: this gradus was built without CUDA");
  CHECK(message_of([] { cuda::memory_summary(); }) ==
        "memory_summary: there is no cuda:0: this gradus was built without CUDA");
  CHECK(message_of([] { cuda::memory_summary(cpu); }) == "memory_summary: expected a GPU such as cuda:0, got cpu");
}
#endif

TEST_CASE("draws follow their generator") {
  manual_seed(3);
  const Tensor a = rand({5}, float64), b = rand({5}, float64);
  manual_seed(3);
  CHECK(rand({5}, float64).to_vector<double>() == a.to_vector<double>());
  CHECK(default_generator().offset == 3);  // five float64 elements take ceil(5 / 2) counters
  CHECK(a.to_vector<double>() != b.to_vector<double>());
  Generator mine(3);
  CHECK(rand({5}, float64, mine).to_vector<double>() == a.to_vector<double>());

  Tensor t = zeros({1000}, float64);
  NoGrad guard;
  normal_(t, 5, 0.1, mine);
  CHECK(mean(t).item() == Approx(5).margin(0.02));
  uniform_(t, -2, -1, mine);
  CHECK(max(t).item() < -1);
  CHECK(-max(-t).item() >= -2);
  CHECK(message_of([&] { normal_(t, 0, -1); }) == "normal_: expected a deviation of at least 0, got -1");
  CHECK(message_of([&] { uniform_(t, 0, INFINITY); }).starts_with("uniform_: expected finite bounds"));
  Tensor narrow = zeros({2});
  CHECK(message_of([&] { uniform_(narrow, -3e38, 3e38); }).starts_with("uniform_: expected finite bounds"));
  CHECK(message_of([&] { uniform_(t, 1, 0); }) == "uniform_: expected finite bounds, low <= high, got 1 and 0");
  CHECK(message_of([] { randint(2, 2, {1}); }) == "randint: expected low < high, got 2 and 2");
  CHECK(message_of([] { randn({2}, int64); }).find("got int64") != std::string::npos);
}

TEST_CASE("permutations hold each number once, and every order is as likely") {
  Generator g(1);
  std::vector<Index> order = randperm(1000, g).to_vector<Index>();
  CHECK(order != randperm(1000, g).to_vector<Index>());
  std::sort(order.begin(), order.end());
  for (Index i = 0; i < 1000; ++i) REQUIRE(order[i] == i);
  std::vector<int> counts(6);
  for (int draw = 0; draw < 6000; ++draw) {
    const std::vector<Index> p = randperm(3, g).to_vector<Index>();
    ++counts[p[0] * 2 + (p[1] > p[2])];
  }
  for (int c : counts) CHECK(std::abs(c - 1000) < 150);  // five deviations
  CHECK(randperm(0, g).numel() == 0);
  CHECK(randint(-3, 4, {2000}, g).to_vector<Index>().size() == 2000);
}
