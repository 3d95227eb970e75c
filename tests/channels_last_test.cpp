// Tensors whose channels lie last in memory (Note [Channels last] in core/channels_last.h): nobody sees a difference.
// Every op of the table is run on such images, and with such gradients coming back.
#include <gradus/core/channels_last.h>

#include <cmath>
#include <sstream>

#include <gradus/core/autograd.h>
#include <gradus/core/random.h>

#include "op_cases.h"
#include "catch.h"

using namespace gradus;

namespace {

struct Last {  // the identity, with its channels last
  Tensor forward(Saved&, const Tensor& x) const { return arranged(x, true); }
  Tensors backward(const Saved&, const Tensor& dy) const { return {dy}; }
};
struct LastBack {  // the identity, whose gradient's channels lie last
  Tensor forward(Saved&, const Tensor& x) const { return x; }
  Tensors backward(const Saved&, const Tensor& dy) const { return {arranged(dy, true)}; }
};

Tensor images(Index k = 0) { return pattern({2, 3, 4, 5}, k); }
Tensor last(const Tensor& t) { return arranged(t, true); }

// A result and the gradients of what it was made from.
struct Outcome {
  Tensor y;
  Tensors grads;
  bool last = false;  // whether the channels of the result lay last
};

// `which`: the images among the inputs whose channels lie last, as bits; `back`: those of the result's gradient.
Outcome outcome(const OpCase& c, unsigned which, bool back) {
  Tensors leaves, inputs;
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    leaves.push_back(c.inputs[i].clone().requires_grad_(c.gradient != Gradient::none));
    inputs.push_back(which >> i & 1 && leaves[i].dim() == 4 ? apply(Last{}, leaves[i]) : leaves[i]);
  }
  const Tensor y = c.call(inputs);
  Outcome o{y.detach(), {}, channels_last(y)};
  if (c.gradient == Gradient::none || !y.requires_grad()) return o;
  const Tensor end = back && y.dim() == 4 ? apply(LastBack{}, y) : y;
  end.backward(pattern(y.shape(), 7).to(y.dtype()));
  for (const Tensor& leaf : leaves) o.grads.push_back(leaf.grad());
  return o;
}

// To what the vectors of one loop and the single steps of another may differ by.
bool equal(const Tensor& a, const Tensor& b) {
  if (a.defined() != b.defined()) return false;
  if (!a.defined()) return true;
  if (!(a.shape() == b.shape()) || a.dtype() != b.dtype()) return false;
  const auto x = a.detach().to(float64).to_vector<double>(), y = b.detach().to(float64).to_vector<double>();
  double largest = 0;
  for (double v : x) largest = std::isfinite(v) ? std::max(largest, std::abs(v)) : largest;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool same = x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]));
    if (!same && !(std::abs(x[i] - y[i]) <= 1e-14 * largest)) return false;
  }
  return true;
}

bool has_images(const OpCase& c) {
  return std::any_of(c.inputs.begin(), c.inputs.end(), [](const Tensor& t) { return channels_last(last(t)); });
}

// The case of an elementwise op of one argument, on images: its numbers, several times over.
OpCase lifted(const OpCase& c) {
  const Tensor x = c.inputs[0];
  OpCase on_images = c;
  on_images.inputs = {cat({x, x, x}).rows(0, 120).reshape({2, 3, 4, 5})};
  return on_images;
}

void check_case(const OpCase& c) {
  INFO(c.name);
  const Outcome plain = outcome(c, 0, false);
  for (unsigned which = 0; which < 1u << c.inputs.size(); ++which) {
    for (bool back : {false, true}) {
      INFO("inputs " << which << ", gradient " << back);
      const Outcome other = outcome(c, which, back);
      CHECK(equal(plain.y, other.y));
      REQUIRE(plain.grads.size() == other.grads.size());
      for (std::size_t i = 0; i < plain.grads.size(); ++i) CHECK(equal(plain.grads[i], other.grads[i]));
    }
  }
}

}  // namespace

TEST_CASE("every op gives the same on images whose channels lie last, and so do its gradients", "[channels_last]") {
  for (const OpEntry& e : op_table()) {
    int checked = 0;
    for (const OpCase& c : e.cases) {
      const bool lift = c.from_row && c.inputs.size() == 1 && c.name.find("over its range") != std::string::npos;
      if (!lift && !has_images(c)) continue;
      check_case(lift ? lifted(c) : c);
      ++checked;
    }
    INFO(e.functions);
    const bool takes_images = e.functions != "matmul" && !e.functions.starts_with("linear") &&
                              e.functions != "nll_loss" && e.functions != "cross_entropy";
    CHECK((checked > 0) == takes_images);
  }
}

TEST_CASE("images whose channels lie last broadcast against every shape", "[channels_last]") {
  const std::vector<Shape> shapes = {
      {},           {5},          {4, 5},       {4, 1},          {3, 1, 1},      {3, 4, 5},
      {3, 1, 5},    {1, 4, 5},    {1, 3, 4, 5}, {2, 1, 4, 5},    {2, 3, 1, 1},   {2, 3, 4, 1},
      {2, 3, 4, 5}, {2, 3, 1, 5}, {1, 1, 1, 1}, {6, 1, 3, 4, 5}, {6, 2, 3, 4, 5}};
  for (const Shape& a : shapes)
    for (const Shape& b : shapes) {
      const Tensors inputs = {pattern(a, 0), positive(b, 2)};
      if (!channels_last(last(inputs[0])) && !channels_last(last(inputs[1]))) continue;
      check_case({"add " + a.str() + " and " + b.str(), inputs, [](const Tensors& in) { return in[0] + in[1]; }});
      check_case({"div " + a.str() + " and " + b.str(), inputs, [](const Tensors& in) { return in[0] / in[1]; }});
    }
}

TEST_CASE("l1_penalty_backward takes either order of the channels", "[channels_last]") {
  const Tensor dy = images(), x = images(1), expected = l1_penalty_backward(dy, x, 0.5);
  CHECK(equal(l1_penalty_backward(last(dy), x, 0.5), expected));
  CHECK(equal(l1_penalty_backward(dy, last(x), 0.5), expected));
  CHECK(equal(l1_penalty_backward(last(dy), last(x), 0.5), expected));
}

TEST_CASE("convolution, upsampling, pooling and elementwise ops keep the channels last", "[channels_last]") {
  const Tensor x = images(), w = pattern({6, 3, 3, 3}, 1);
  const Tensor y = leaky_relu(conv2d(x, w, {}, 1, 1), 0.1);
  CHECK(channels_last(y));
  CHECK(channels_last(upsample_bilinear2d(y, {.scale_factor = 2})));
  CHECK(channels_last(upsample_nearest2d(y, {.scale_factor = 2})));
  CHECK(channels_last(max_pool2d(y, 2)));
  CHECK(channels_last(2 * y + pattern({6, 1, 1}, 3)));
  CHECK(channels_last(y + arranged(y, false)));
  CHECK(channels_last(y.clone()));
  CHECK(channels_last(y.to(float32)));
  CHECK(channels_last(y.rows(1, 2)));
  CHECK(channels_last(y.detach()));
  CHECK_FALSE(channels_last(upsample_nearest2d(x, {.scale_factor = 2})));
  CHECK_FALSE(channels_last(last(pattern({2, 1, 4, 5}, 0))));  // one channel, or one pixel: both orders are the same
  CHECK_FALSE(channels_last(last(pattern({2, 3, 1, 1}, 0))));
  CHECK_FALSE(channels_last(last(pattern({2, 3, 4}, 0))));
}

TEST_CASE("whoever asks for the numbers gets them in the order of the shape", "[channels_last]") {
  const Tensor x = images();
  const std::vector<double> numbers = x.to_vector<double>();
  const auto in_order = [&](const Tensor& t) {
    const auto span = t.data<double>();
    return std::vector<double>(span.begin(), span.end()) == numbers;
  };
  Tensor t = last(x);
  CHECK(t.to_vector<double>() == numbers);
  CHECK(channels_last(t));  // reading a copy changed nothing
  std::ostringstream a, b;
  a << x;
  b << t;
  CHECK(a.str() == b.str());
  CHECK(in_order(t));
  CHECK_FALSE(channels_last(t));  // now it lies so

  t = last(x);
  const Tensor alias = t.detach(), pixels = t.reshape({2, 60});
  CHECK(in_order(pixels));
  CHECK(pixels.storage() == t.storage());  // reshape still shares
  CHECK(in_order(alias));
  CHECK(last(x).rows(1, 2).to_vector<double>() == x.rows(1, 2).to_vector<double>());
  CHECK(last(x).rows(1, 2).data<double>()[0] == numbers[60]);
  CHECK(last(x)[1].to_vector<double>() == x[1].to_vector<double>());
  CHECK(view(last(x), {1, 3, 4, 5}, 60).to_vector<double>() == x.rows(1, 2).to_vector<double>());
  CHECK(view(last(x), {1, 3, 4, 5}, 20).data<double>()[0] == numbers[20]);
}

TEST_CASE("in-place changes of images whose channels lie last reach who shares their storage", "[channels_last]") {
  NoGrad guard;
  const Tensor x = images(), y = positive({2, 3, 4, 5}, 1), per_channel = pattern({3, 1, 1}, 2);
  const auto changed = [&](const std::function<void(Tensor&)>& change) {
    Tensor plain = x.clone(), t = last(x);
    const Tensor alias = t.detach(), part = t.rows(1, 2);
    change(plain);
    change(t);
    CHECK(channels_last(t));
    CHECK(equal(t, plain));
    CHECK(equal(alias, plain));
    CHECK(equal(part, plain.rows(1, 2)));
    CHECK(t.storage()->version() == plain.storage()->version());
  };
  changed([](Tensor& t) { t.fill_(3); });
  changed([&](Tensor& t) { t.copy_(y); });
  changed([&](Tensor& t) { t.copy_(last(y)); });
  changed([&](Tensor& t) { t.copy_(per_channel); });
  changed([&](Tensor& t) { t.add_(y, 0.5); });
  changed([&](Tensor& t) { t.add_(last(y), 0.5); });
  changed([&](Tensor& t) { t.mul_(per_channel); });
  changed([&](Tensor& t) { t.mul_(pattern({3, 4, 5}, 3)); });
  changed([&](Tensor& t) { t.mul_(t); });
  changed([&](Tensor& t) { t.rows(0, 1).add_(t.rows(1, 2)); });
  Tensor plain = x.clone();
  plain.add_(last(y), 2).mul_(last(y));
  CHECK(equal(plain, (x + 2 * y) * y));
  Tensor drawn = last(x), expected = x.clone();
  Generator g(3), h(3);
  uniform_(drawn, -1, 1, g);
  uniform_(expected, -1, 1, h);
  CHECK(equal(drawn, expected));
}

TEST_CASE("a row of images whose channels lie last is theirs, and assigning to it does not compile",
          "[channels_last]") {
  NoGrad guard;
  const Tensor t = last(images());
  t[0].fill_(1);
  CHECK(sum(t[0]).item() == 60);
  t[1].copy_(t[0]);
  CHECK(sum(t).item() == 120);
  static_assert(!std::is_assignable_v<Tensor, Tensor>, "x[0] = y");
  static_assert(std::is_assignable_v<Tensor&, Tensor>);
}

TEST_CASE("a kept image is still the one of its version after it was rearranged", "[channels_last]") {
  struct TwiceRead {
    Tensor forward(Saved& keep, const Tensor& x) const {
      const Tensor t = arranged(x, true);
      {
        NoGrad guard;
        t.detach().mul_(1);  // its storage is at version 1
      }
      keep(t);
      return x * 1;
    }
    Tensors backward(const Saved& kept, const Tensor& dy) const {
      const double first = kept[0].data<double>()[1];
      return {dy * (first + kept[0].data<double>()[1])};
    }
  };
  const Tensor x = images().clone().requires_grad_();
  sum(apply(TwiceRead{}, x)).backward();
  CHECK(x.grad().to_vector<double>()[5] == 2 * x.to_vector<double>()[1]);
}

TEST_CASE("leaves that require a gradient lie in the order of their shape", "[channels_last]") {
  Tensor leaf = last(images());
  leaf.requires_grad_();
  CHECK_FALSE(channels_last(leaf));
  Tensor other = zeros({1}, float64);
  const Tensor from = last(images(1));
  other.set_data(from);
  CHECK_FALSE(channels_last(other));
  CHECK(other.storage() == from.storage());
  CHECK(equal(other, images(1)));
}
