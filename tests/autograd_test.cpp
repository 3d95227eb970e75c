#include "catch.h"

#include <chrono>
#include <thread>

#include <gradus/core/autograd.h>
#include <gradus/core/ops.h>
#include <gradus/core/tensor.h>

using namespace gradus;
using Doubles = std::vector<double>;

namespace {

Tensor leaf(double value) { return scalar(value, float64).requires_grad_(); }
Tensor leaf(std::initializer_list<double> values) { return tensor(values, float64).requires_grad_(); }

struct Twice {  // a user's own function
  Tensor forward(Saved&, const Tensor& x) const { return 2 * x; }
  Tensors backward(const Saved&, const Tensor& dy) const { return {2 * dy}; }
};

struct Keeper {  // keeps its input
  Tensor forward(Saved& keep, const Tensor& x) const {
    keep(x);
    return x.clone();
  }
  Tensors backward(const Saved& kept, const Tensor& dy) const { return {kept[0] * dy}; }
};

struct Same {  // returns its input itself
  Tensor forward(Saved&, const Tensor& x) const { return x; }
  Tensors backward(const Saved&, const Tensor& dy) const { return {dy + 100}; }
};

struct Constant {  // returns a tensor of its own
  Tensor c;
  Tensor forward(Saved&, const Tensor&) const { return c; }
  Tensors backward(const Saved&, const Tensor& dy) const { return {dy}; }
};

struct Wrong {  // returns too few gradients, or gradients of another shape or dtype
  int how;
  Tensor forward(Saved&, const Tensor& a, const Tensor& b) const { return a + b; }
  Tensors backward(const Saved&, const Tensor& dy) const {
    if (how == 0) return {dy};
    if (how == 1) return {dy, ones({7}, float64)};
    return {dy, dy.to(float32)};
  }
};

}  // namespace

TEST_CASE("gradients add up along every path") {
  const Tensor x = leaf(3);
  const Tensor a = x * x, b = a + x;  // a diamond: x reaches the loss through a and by itself
  (a * b).backward();                 // x^4 + x^3
  CHECK(x.grad().item() == 4 * 27 + 3 * 9);
}

TEST_CASE("a leaf's gradients add up until they are cleared") {
  Tensor x = leaf(2);
  (3 * x).backward();
  (x * x).backward();
  CHECK(x.grad().item() == 7);
  x.zero_grad();
  CHECK_FALSE(x.grad().defined());
  (5 * x).backward();
  CHECK(x.grad().item() == 5);
}

TEST_CASE("backward from a leaf gives the gradient to the leaf") {
  const Tensor x = leaf(2);
  x.backward();
  CHECK(x.grad().item() == 1);
}

TEST_CASE("a graph is used once, unless it is retained") {
  const Tensor x = leaf(3);
  const Tensor y = x * x;
  y.backward({}, true);
  y.backward();
  CHECK(x.grad().item() == 12);
  const std::string message = message_of([&] { y.backward(); });
  CHECK(message ==
        "backward: the graph of 'mul' was already used, and what it kept is freed; compute the loss again, or pass "
        "retain_graph = true to the first backward()");
  CHECK(x.grad().item() == 12);  // the refusal changed nothing
}

TEST_CASE("two losses may share a part of the graph") {
  const Tensor x = leaf(2);
  const Tensor shared = exp(x);
  (3 * shared).backward({}, true);
  (4 * shared).backward();
  CHECK(x.grad().item() == Approx(7 * std::exp(2)));
}

TEST_CASE("broadcast operands get gradients of their own shape") {
  const Tensor row = leaf({1, 2, 3});
  const Tensor column = tensor({10, 20}, {2, 1}, float64).requires_grad_();
  sum(row * column).backward();
  CHECK(row.grad().to_vector<double>() == Doubles{30, 30, 30});
  CHECK(column.grad().shape() == Shape{2, 1});
  CHECK(column.grad().to_vector<double>() == Doubles{6, 6});
}

TEST_CASE("nothing is recorded under NoGrad, after detach, or for frozen leaves") {
  const Tensor x = leaf(2), frozen = scalar(5, float64);
  {
    NoGrad guard;
    CHECK_FALSE((x * x).requires_grad());
    CHECK_FALSE(grad_enabled());
    { NoGrad inner; }
    CHECK_FALSE(grad_enabled());
  }
  CHECK(grad_enabled());
  CHECK_FALSE(x.detach().requires_grad());
  CHECK(x.detach().storage() == x.storage());
  (x * frozen + x.detach() * x).backward();
  CHECK(x.grad().item() == 7);
  CHECK_FALSE(frozen.grad().defined());
  CHECK_FALSE((frozen * 2).requires_grad());
}

TEST_CASE("NoGrad belongs to its thread") {
  NoGrad guard;
  bool other = false;
  std::thread([&] { other = grad_enabled(); }).join();
  CHECK(other);
}

TEST_CASE("a kept tensor that was changed in place is noticed") {
  Tensor x = leaf({1, 2});
  const Tensor y = sum(x * x);
  {
    NoGrad guard;
    x.fill_(7);
  }
  const std::string message = message_of([&] { y.backward(); });
  CHECK(message ==
        "backward: a tensor of shape [2] that 'mul' kept for its gradient was changed in place: it is at version 1, "
        "expected version 0; change a clone(), or call backward() before the change");
}

TEST_CASE("a change through a view is noticed, too") {
  const Tensor x = leaf({1, 2, 3, 4});
  const Tensor y = sum(square(x));
  {
    NoGrad guard;
    x.detach().rows(0, 1).fill_(7);
  }
  CHECK(message_of([&] { y.backward(); }).find("'square'") != std::string::npos);
}

TEST_CASE("a user's function is recorded like any op") {
  const Tensor x = leaf(3);
  const Tensor y = apply(Twice{}, x);
  CHECK(y.item() == 6);
  CHECK(y.grad_fn()->name() == "Twice");
  y.backward();
  CHECK(x.grad().item() == 2);
}

TEST_CASE("a forward that returns its input is recorded all the same") {
  const Tensor x = leaf(3);
  const Tensor y = apply(Same{}, x);
  CHECK(x.is_leaf());
  CHECK_FALSE(y.is_leaf());
  CHECK(y.item() == 3);
  y.backward();
  CHECK(x.grad().item() == 101);
}

TEST_CASE("a forward may return a tensor that the function object holds") {
  const Tensor x = leaf(3), c = leaf(5);
  const Tensor y = apply(Constant{c}, x);
  CHECK(c.is_leaf());
  CHECK_FALSE(y.same(c));
  y.backward();
  CHECK(x.grad().item() == 1);
}

TEST_CASE("a wrong backward is told apart") {
  const Tensor a = leaf({1, 2}), b = leaf({3, 4});
  CHECK(message_of([&] { sum(apply(Wrong{0}, a, b)).backward(); }) ==
        "backward: 'Wrong' returned 1 gradients for 2 inputs");
  CHECK(message_of([&] { sum(apply(Wrong{1}, a, b)).backward(); }) ==
        "backward: 'Wrong' returned a gradient of shape [7] for input 1 of shape [2]");
  CHECK(message_of([&] { sum(apply(Wrong{2}, a, b)).backward(); }) ==
        "backward: 'Wrong' returned a float32 gradient for input 1, which is float64");
}

TEST_CASE("backward asks for what it needs") {
  const Tensor x = leaf({1, 2});
  CHECK(message_of([&] { (x * x).backward(); }) ==
        "backward: a gradient is needed for a tensor of shape [2]; pass one of that shape, or reduce the tensor with "
        "sum() or mean()");
  CHECK(message_of([&] { (x * x).backward(ones({3}, float64)); }) ==
        "backward: the gradient is float64 of shape [3], the tensor float64 of shape [2]");
  CHECK(message_of([] { scalar(1).backward(); }).find("does not require a gradient") != std::string::npos);
  CHECK(message_of([&] { (x * x).requires_grad_(); }) ==
        "requires_grad_: this tensor is the result of 'mul'; use detach() to take it out of the graph");
  CHECK(message_of([] { zeros({2}, int64).requires_grad_(); }).find("this one is int64") != std::string::npos);
  Tensor t = leaf(1);
  CHECK(message_of([&] { t.set_grad(ones({2}, float64)); }) ==
        "set_grad: expected float64 of shape [], got float64 of shape [2]");
  (x * x).backward(tensor({1, 10}, float64));
  CHECK(x.grad().to_vector<double>() == Doubles{2, 40});
}

TEST_CASE("two leaves never share a gradient's numbers") {
  const Tensor a = leaf({1, 2}), b = leaf({3, 4});
  sum(a + b).backward();  // both gradients are the same tensor inside the engine
  {
    NoGrad guard;
    a.grad().mul_(10);
  }
  CHECK(b.grad().to_vector<double>() == Doubles{1, 1});

  const Tensor given = ones({2}, float64), c = leaf({5, 6});
  (c + 0).backward(given);
  {
    NoGrad guard;
    c.grad().mul_(10);
  }
  CHECK(given.to_vector<double>() == Doubles{1, 1});
}

TEST_CASE("what forward kept is freed as it is used") {
  const Tensor x = leaf({1, 2});
  const Tensor y = apply(Keeper{}, x);
  const long before = x.storage().use_count();
  sum(y).backward();
  CHECK(x.storage().use_count() < before);
}

TEST_CASE("a chain of a million nodes goes backward and is destroyed") {
  const Tensor x = leaf(1);
  {
    Tensor y = x;
    for (int i = 0; i < 1'000'000; ++i) y = y + x;  // every node has two ways on
    y.backward();
    CHECK(x.grad().item() == 1'000'001);
    Tensor z = x;
    for (int i = 0; i < 1'000'000; ++i) z = z * 1.0;
  }  // both are destroyed here, one of them with all that it kept
  CHECK(x.grad().item() == 1'000'001);
}
