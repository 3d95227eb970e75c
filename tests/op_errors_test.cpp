// What the ops say of wrong shapes, dtypes, dimensions and values: each message names the op, what it expected and what
// came.
#include "catch.h"

#include <functional>
#include <vector>

#include <gradus/core/ops.h>

using namespace gradus;

namespace {

struct Mistake {
  std::function<Tensor()> call;
  std::string message;  // its beginning
};

void check_messages(const std::vector<Mistake>& mistakes) {
  for (const Mistake& m : mistakes) {
    INFO(m.message);
    const std::string said = message_of(m.call);
    INFO("said: " << said);
    CHECK(said.substr(0, m.message.size()) == m.message);
  }
}

const Tensor a23 = ones({2, 3}), b34 = ones({3, 4}), c2 = ones({2}), whole = ones({2, 3}, int64),
             nothing = zeros({0, 3});
const Tensor number = scalar(1), wide = ones({2, 3}, float64), classes = tensor({0, 2}, int64);

}  // namespace

TEST_CASE("elementwise ops name operands that don't fit") {
  check_messages({
      {[] { return a23 + c2; }, "add: shapes [2, 3] and [2] don't broadcast: aligned at the last dimension, 3 meets 2"},
      {[] { return maximum(a23, b34); }, "maximum: shapes [2, 3] and [3, 4] don't broadcast"},
      {[] { return a23 < b34; }, "lt: shapes [2, 3] and [3, 4] don't broadcast"},
      {[] { return a23 * wide; },
       "mul: operands have different dtypes, float32 and float64; convert one with .to(float32)"},
      {[] { return a23 - whole; }, "sub: operands have different dtypes, float32 and int64"},
      {[] { return whole / whole; },
       "div: expected a float32 or float64 tensor, got int64; convert it with .to(float64)"},
      {[] { return exp(whole); }, "exp: expected a float32 or float64 tensor, got int64"},
      {[] { return whole * 1.5; }, "mul: an int64 tensor meets the number 1.5"},
      {[] { return 0.5 - whole; }, "sub: an int64 tensor meets the number 0.5"},
      {[] { return a23 + Tensor(); }, "add: an operand is an undefined tensor"},
      {[] { return tanh(Tensor()); }, "tanh: the operand is an undefined tensor"},
  });
}

TEST_CASE("reductions name dimensions that they cannot reduce") {
  check_messages({
      {[] { return sum(a23, {2}); },
       "sum: dimension 2 is out of range for a tensor of 2 dimensions; expected one from -2 to 1"},
      {[] { return mean(a23, {-3}); }, "sum: dimension -3 is out of range for a tensor of 2 dimensions"},
      {[] { return max(a23, {5}); }, "max: dimension 5 is out of range"},
      {[] {
         return sum(a23, {0, -2});
       },
       "sum: dimension -2 is named twice"},
      {[] { return sum(number, {0}); }, "sum: dimension 0 is out of range for a tensor of 0 dimensions"},
      {[] { return mean(whole); }, "mean: expected a float32 or float64 tensor, got int64"},
      {[] { return max(nothing); }, "max: dimension 0 of shape [0, 3] has no elements"},
      {[] { return max(nothing, {0}); }, "max: dimension 0 of shape [0, 3] has no elements"},
      {[] { return argmax(nothing, 0); }, "argmax: dimension 0 of shape [0, 3] has no elements"},
      {[] { return argmax(nothing); }, "argmax: dimension 0 of shape [0] has no elements"},
      {[] { return argmax(a23, 2); }, "argmax: dimension 2 is out of range"},
      {[] { return sum_to(a23, {2}); }, "sum_to: shapes [2] and [2, 3] don't broadcast"},
      {[] {
         return sum_to(c2, {3, 2});
       },
       "sum_to: [3, 2] does not broadcast to [2]"},
  });
}

TEST_CASE("matrix products name extents that don't fit") {
  check_messages({
      {[] { return matmul(a23, a23); }, "matmul: inner extents differ, 3 and 2 (shapes [2, 3] and [2, 3])"},
      {[] {
         return matmul(a23, ones({4, 3}));
       },
       "matmul: inner extents differ, 3 and 4 (shapes [2, 3] and [4, 3]); pass b.t()?"},
      {[] { return matmul(a23, number); }, "matmul: expected matrices or vectors, got shapes [2, 3] and []"},
      {[] {
         return matmul(ones({1, 2, 3}), b34);
       },
       "matmul: expected matrices or vectors, got shapes [1, 2, 3] and [3, 4]"},
      {[] { return matmul(a23, b34.to(float64)); }, "matmul: operands have different dtypes, float32 and float64"},
      {[] { return matmul(whole, b34.to(int64)); }, "matmul: expected a float32 or float64 tensor, got int64"},
      {[] {
         return linear(a23, ones({5, 4}));
       },
       "linear: input has 3 features, weight expects 4 (shapes [2, 3] and [5, 4])"},
      {[] {
         return linear(a23, ones({5, 3}), c2);
       },
       "linear: weight gives 5 features, bias has shape [2]"},
      {[] {
         return linear(ones({2, 1, 3}), ones({5, 3}));
       },
       "linear: expected an input [n, in] and a weight [out, in], got"},
      {[] {
         return linear(a23, ones({5, 3}, float64));
       },
       "linear: operands have different dtypes, float32 and float64"},
      {[] {
         return linear(whole, ones({5, 3}, int64));
       },
       "linear: expected a float32 or float64 tensor, got int64"},
      {[&] {
         return linear_activation(a23, ones({5, 4}), {}, kernels::Tanh{});
       },
       "linear_activation: input has 3 features, weight expects 4 (shapes [2, 3] and [5, 4])"},
      {[&] {
         return linear_activation(a23, ones({5, 3}), c2, kernels::Relu{});
       },
       "linear_activation: weight gives 5 features, bias has shape [2]"},
      {[&] {
         return linear_activation(a23, ones({5, 3}, float64), {}, kernels::Sigmoid{});
       },
       "linear_activation: operands have different dtypes, float32 and float64"},
      {[&] {
         return linear_activation(whole, ones({5, 3}, int64), {}, kernels::LeakyRelu{});
       },
       "linear_activation: expected a float32 or float64 tensor, got int64"},
      {[&] {
         return linear_dropout(a23, ones({5, 4}), {}, 0.5);
       },
       "linear_dropout: input has 3 features, weight expects 4"},
      {[&] {
         return linear_dropout(a23, ones({5, 3}), {}, -1);
       },
       "linear_dropout: expected a probability p from 0 to 1, got -1"},
      {[&] {
         return linear_dropout_relu(a23, ones({5, 4}), {}, 0.5);
       },
       "linear_dropout_relu: input has 3 features, weight expects 4"},
      {[&] {
         return linear_dropout_relu(a23, ones({5, 3}), {}, NAN, false);
       },
       "linear_dropout_relu: expected a probability p from 0 to 1, got nan"},
  });
}

TEST_CASE("ops on images name what does not fit") {
  static const Tensor image = ones({2, 3, 4, 5}), kernel = ones({6, 3, 3, 2});
  check_messages({
      {[] { return conv2d(a23, kernel); },
       "conv2d: expected an input [n, c, h, w] and a weight [out, c, h, w], got shapes [2, 3] and [6, 3, 3, 2]"},
      {[] {
         return conv2d(image, ones({6, 4, 3, 2}));
       },
       "conv2d: input has 3 channels, weight expects 4 (shapes [2, 3, 4, 5] and [6, 4, 3, 2])"},
      {[] { return conv2d(image, kernel, c2); }, "conv2d: weight gives 6 channels, bias has shape [2]"},
      {[] { return conv2d(image, kernel, {}, 0); },
       "conv2d: expected a stride of at least 1 and a padding of at least 0, got 0 x 0 and 0 x 0"},
      {[] {
         return conv2d(image, kernel, {}, {1, 2}, {0, -1});
       },
       "conv2d: expected a stride of at least 1 and a padding of at least 0, got 1 x 2 and 0 x -1"},
      {[] {
         return conv2d(image, ones({6, 3, 7, 2}), {}, 1, 1);
       },
       "conv2d: the kernel, 7 x 2, is larger than the input with its padding, 6 x 7 (shapes [6, 3, 7, 2] and "
       "[2, 3, 4, 5])"},
      {[] {
         return conv2d(image, ones({6, 3, 0, 2}));
       },
       "conv2d: the kernel is 0 x 2, it must have at least one element"},
      {[] { return conv2d(image, kernel.to(float64)); }, "conv2d: operands have different dtypes, float32 and float64"},
      {[] { return conv2d(image.to(int64), kernel.to(int64)); },
       "conv2d: expected a float32 or float64 tensor, got int64"},
      {[] { return upsample_bilinear2d(a23, {.scale_factor = 2}); },
       "upsample_bilinear2d: expected images [n, c, h, w] of at least one pixel, got shape [2, 3]"},
      {[] {
         return upsample_nearest2d(ones({2, 3, 0, 5}), {.scale_factor = 2});
       },
       "upsample_nearest2d: expected images [n, c, h, w] of at least one pixel, got shape [2, 3, 0, 5]"},
      {[] { return upsample_nearest2d(image, {}); },
       "upsample_nearest2d: expected a size or a scale_factor, got neither"},
      {[] { return upsample_bilinear2d(image, {.size = 8, .scale_factor = 2}); },
       "upsample_bilinear2d: expected a size or a scale_factor, got both"},
      {[] {
         return upsample_bilinear2d(image, {.scale_factor = {2, -1}});
       },
       "upsample_bilinear2d: expected a scale_factor above 0, got -1"},
      {[] {
         return upsample_bilinear2d(image, {.scale_factor = {2, 0.1}});
       },
       "upsample_bilinear2d: the result would be empty: 5 pixels become 0"},
      {[] {
         return upsample_nearest2d(image, {.size = {3, 0}});
       },
       "upsample_nearest2d: the result would be empty: 5 pixels become 0"},
      {[] { return upsample_nearest2d(image, {.scale_factor = 1e12}); },
       "upsample_nearest2d: the result would have 4e+12 pixels in one direction"},
      {[] { return upsample_nearest2d(image.to(int64), {.scale_factor = 2}); },
       "upsample_nearest2d: expected a float32 or float64 tensor, got int64"},
      {[] { return upsample_conv2d(a23, {.scale_factor = 2}, false, kernel); },
       "upsample_conv2d: expected images [n, c, h, w] of at least one pixel, got shape [2, 3]"},
      {[] { return upsample_conv2d(image, {}, false, kernel); },
       "upsample_conv2d: expected a size or a scale_factor, got neither"},
      {[] {
         return upsample_conv2d(image, {.scale_factor = 2}, false, ones({6, 4, 3, 2}));
       },
       "upsample_conv2d: input has 3 channels, weight expects 4 (shapes [2, 3, 8, 10] and [6, 4, 3, 2])"},
      {[] {
         return upsample_conv2d(image, {.scale_factor = 2}, false, ones({6, 3, 9, 2}));
       },
       "upsample_conv2d: the kernel, 9 x 2, is larger than the input with its padding, 8 x 10"},
      {[] { return upsample_conv2d(image.to(int64), {.scale_factor = 2}, false, kernel.to(int64)); },
       "upsample_conv2d: expected a float32 or float64 tensor, got int64"},
      {[] { return max_pool2d(b34, 2); },
       "max_pool2d: expected images [n, c, h, w] of at least one pixel, got shape [3, 4]"},
      {[] { return max_pool2d(image, 0); },
       "max_pool2d: expected a kernel and a stride of at least 1, got 0 x 0 and 0 x 0"},
      {[] {
         return max_pool2d(image, 2, {1, -1});
       },
       "max_pool2d: expected a kernel and a stride of at least 1, got 2 x 2 and 1 x -1"},
      {[] { return max_pool2d(image, 3, 1, 2); },
       "max_pool2d: expected a padding from 0 to half of the kernel, 3 x 3, got 2 x 2"},
      {[] { return max_pool2d(image, 5); },
       "max_pool2d: the kernel, 5 x 5, is larger than the input with its padding, "
       "4 x 5"},
      {[] { return max_pool2d(image.to(int64), 2); }, "max_pool2d: expected a float32 or float64 tensor, got int64"},
  });
}

TEST_CASE("ops on shapes name what does not fit") {
  check_messages({
      {[] { return a23.reshape({4}); }, "reshape: [2, 3] has 6 elements, [4] has 4"},
      {[] {
         return a23.reshape({4, -1});
       },
       "reshape: [2, 3] has 6 elements, which are not a multiple of 4"},
      {[] {
         return a23.reshape({-1, -1});
       },
       "reshape: extents are at least 0, and at most one of them is -1; got -1"},
      {[] {
         return a23.reshape({-2, -3});
       },
       "reshape: extents are at least 0, and at most one of them is -1; got -2"},
      {[] { return a23.flatten(1, 0); }, "flatten: the first dimension, 1, comes after the last, 0"},
      {[] { return a23.flatten(2); }, "flatten: dimension 2 is out of range"},
      {[] { return a23.unsqueeze(3); }, "unsqueeze: dimension 3 is out of range"},
      {[] {
         return ones({1, 1, 1, 1, 1, 1}).unsqueeze(0);
       },
       "shape: a tensor has at most 6 dimensions, got 7"},
      {[] { return a23.squeeze(2); }, "squeeze: dimension 2 is out of range"},
      {[] { return a23.rows(1, 3); }, "rows: rows 1 to 3 asked for, the tensor has 2"},
      {[] { return a23.rows(2, 1); }, "rows: rows 2 to 1 asked for"},
      {[] { return number.rows(0, 1); }, "rows: a scalar has no rows"},
      {[] { return a23[2]; }, "operator[]: row 2 asked for, the tensor has 2"},
      {[] { return a23[-3]; }, "operator[]: row -3 asked for, the tensor has 2"},
      {[] { return number[0]; }, "operator[]: a scalar has no rows"},
      {[] { return a23.slice(1, 2, 4); }, "slice: the range 2 to 4 does not lie in dimension 1 of shape [2, 3]"},
      {[] { return a23.slice(2, 0, 1); }, "slice: dimension 2 is out of range"},
      {[] { return a23.transpose(0, 2); }, "transpose: dimension 2 is out of range"},
      {[] {
         return a23.permute({0, 0});
       },
       "permute: expected each of the 2 dimensions of shape [2, 3] once, got [0, 0]"},
      {[] { return a23.permute({0}); }, "permute: expected each of the 2 dimensions of shape [2, 3] once, got [0]"},
      {[] {
         return a23.permute({-1, 1});
       },
       "permute: expected each of the 2 dimensions of shape [2, 3] once"},
      {[] {
         return a23.permute({0, 2});
       },
       "permute: dimension 2 is out of range"},
      {[] { return c2.t(); }, "t: expected a matrix, got shape [2]"},
      {[] {
         return expand(a23, {3, 3});
       },
       "expand: shapes [2, 3] and [3, 3] don't broadcast"},
      {[] { return expand(a23, {3}); }, "expand: [2, 3] does not broadcast to [3]"},
  });
}

TEST_CASE("cat, stack and index_select name the part that does not fit") {
  check_messages({
      {[] { return cat({}); }, "cat: expected at least one tensor"},
      {[] {
         return cat({a23, b34});
       },
       "cat: shapes [2, 3] and [3, 4] differ outside dimension 0"},
      {[] {
         return cat({a23, c2});
       },
       "cat: shapes [2, 3] and [2] differ outside dimension 0"},
      {[] {
         return cat({a23, wide});
       },
       "cat: operands have different dtypes, float32 and float64"},
      {[] {
         return cat({a23, a23}, 2);
       },
       "cat: dimension 2 is out of range"},
      {[] {
         return cat({number, number});
       },
       "cat: dimension 0 is out of range for a tensor of 0 dimensions"},
      {[] { return stack({}); }, "stack: expected at least one tensor"},
      {[] {
         return stack({a23, b34});
       },
       "stack: shapes [2, 3] and [3, 4] differ"},
      {[] {
         return stack({a23, whole});
       },
       "stack: operands have different dtypes, float32 and int64"},
      {[] { return index_select(a23, 2, classes); }, "index_select: dimension 2 is out of range"},
      {[] { return index_select(a23, 0, c2); },
       "index_select: expected an int64 index of one dimension, got float32 of shape [2]"},
      {[] { return index_select(a23, 0, whole); },
       "index_select: expected an int64 index of one dimension, got int64 of shape [2, 3]"},
      {[] { return index_select(a23, 0, classes); },
       "index_select: index 2 at position 1 is outside dimension 0 of shape [2, 3]"},
      {[] { return index_select(a23, 1, tensor({-1}, int64)); },
       "index_select: index -1 at position 0 is outside dimension 1"},
  });
}

TEST_CASE("dropout names what is no probability") {
  check_messages({
      {[] { return dropout(a23, -0.1); }, "dropout: expected a probability p from 0 to 1, got -0.1"},
      {[] { return dropout(a23, 1.5); }, "dropout: expected a probability p from 0 to 1, got 1.5"},
      {[] { return dropout(a23, NAN, false); }, "dropout: expected a probability p from 0 to 1, got nan"},
      {[] { return dropout(whole); }, "dropout: expected a float32 or float64 tensor, got int64"},
      {[] { return dropout(Tensor()); }, "dropout: an operand is an undefined tensor"},
  });
}

TEST_CASE("losses name targets that don't fit") {
  check_messages({
      {[] { return softmax(a23, 2); }, "softmax: dimension 2 is out of range"},
      {[] { return log_softmax(number, 0); }, "log_softmax: dimension 0 is out of range"},
      {[] { return softmax(whole, 0); }, "softmax: expected a float32 or float64 tensor, got int64"},
      {[] {
         return mse_loss(a23, ones({3, 2}));
       },
       "mse_loss: the input has shape [2, 3], the target [3, 2]; they must be equal"},
      {[] {
         return l1_loss(a23, ones({2, 1}));
       },
       "l1_loss: the input has shape [2, 3], the target [2, 1]"},
      {[] { return mse_loss(a23, wide); }, "mse_loss: operands have different dtypes, float32 and float64"},
      {[] { return l1_loss(whole, whole); }, "l1_loss: expected a float32 or float64 tensor, got int64"},
      {[] { return binary_cross_entropy(a23, c2); },
       "binary_cross_entropy: the input has shape [2, 3], the target [2]; they must be equal"},
      {[] { return binary_cross_entropy(whole, whole); },
       "binary_cross_entropy: expected a float32 or float64 tensor, got int64"},
      {[] {
         return binary_cross_entropy(tensor({0, 1, 1.5}), ones({3}));
       },
       "binary_cross_entropy: input 1.5 at position 2 is not a probability, 0 to 1; apply sigmoid first, or pass the "
       "scores to binary_cross_entropy_with_logits"},
      {[] {
         return binary_cross_entropy(tensor({0, -0x1p-149, 2}), ones({3}));
       },
       "binary_cross_entropy: input -1e-45 at position 1 is not a probability"},
      {[] { return binary_cross_entropy(tensor({1 + 0x1p-23}), ones({1})); },
       "binary_cross_entropy: input 1.0000001 at position 0 is not a probability"},
      {[] {
         return binary_cross_entropy(tensor({0.5, 0.5}), tensor({1, 2}));
       },
       "binary_cross_entropy: target 2 at position 1 is not a probability, 0 to 1"},
      {[] { return binary_cross_entropy_with_logits(a23, c2); },
       "binary_cross_entropy_with_logits: the input has shape [2, 3], the target [2]"},
      {[] { return binary_cross_entropy_with_logits(a23, wide); },
       "binary_cross_entropy_with_logits: operands have different dtypes, float32 and float64"},
      {[] { return nll_loss(c2, classes); }, "nll_loss: expected log-probabilities of shape [n, classes], got [2]"},
      {[] { return nll_loss(a23, c2); }, "nll_loss: expected an int64 target of shape [2], got float32 of shape [2]"},
      {[] { return nll_loss(a23, whole); },
       "nll_loss: expected an int64 target of shape [2], got int64 of shape [2, 3]"},
      {[] {
         return nll_loss(ones({2, 2}), classes);
       },
       "nll_loss: target 2 at position 1 is not one of the 2 classes, 0 to 1"},
      {[] {
         return nll_loss(a23, tensor({-100, 0}, int64));
       },
       "nll_loss: target -100 at position 0 is not one of the 3 classes"},
      {[] { return nll_loss(whole, classes); }, "nll_loss: expected a float32 or float64 tensor, got int64"},
      {[] { return cross_entropy(c2, classes); }, "cross_entropy: expected logits of shape [n, classes], got [2]"},
      {[] {
         return cross_entropy(ones({2, 2}), classes);
       },
       "nll_loss: target 2 at position 1 is not one of the 2 classes"},
  });
}
