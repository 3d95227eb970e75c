// The ops: everything that is computed from tensors and has a gradient. The elementwise ones of one argument (exp,
// tanh, relu, clamp ...) come from the table in kernels/pointwise.h; docs/ops.md lists them all with their formulas.
//
// Operands of one op have one dtype and one device; a number on one side takes the tensor's. Comparisons give 0 and 1
// in their inputs' dtype and have no gradient. Every op throws gradus::Error for shapes, dtypes or dims that don't fit.
#pragma once
#include <concepts>
#include <vector>

#include <gradus/core/random.h>
#include <gradus/core/tensor.h>
#include <gradus/kernels/activation.h>
#include <gradus/kernels/pointwise.h>

namespace gradus {

using Dims = std::vector<Index>;  // dimensions to reduce; empty: all of them

// --- elementwise: one function for each row of the tables in kernels/pointwise.h ---
template <class Op>
Tensor map_op(const Op& op, const Tensor& x);  // y[i] = op.value(x[i])
template <class Op>
Tensor zip_op(const Op& op, const Tensor& a, const Tensor& b);  // y[i] = op.value(a[i], b[i]), broadcast

#define GRADUS_DECLARE(fn, Op, ...)                       \
  template <std::convertible_to<double>... Parameters>    \
  Tensor fn(const Tensor& x, Parameters... parameters) {  \
    return map_op(kernels::Op{double(parameters)...}, x); \
  }
GRADUS_UNARY_OPS(GRADUS_DECLARE)
#undef GRADUS_DECLARE

#define GRADUS_DECLARE(fn, Op, ...)                                                          \
  inline Tensor fn(const Tensor& a, const Tensor& b) { return zip_op(kernels::Op{}, a, b); } \
  Tensor fn(const Tensor& a, double b);                                                      \
  Tensor fn(double a, const Tensor& b);
GRADUS_BINARY_OPS(GRADUS_DECLARE)
#undef GRADUS_DECLARE

#define GRADUS_OPERATOR(symbol, fn)                                                    \
  inline Tensor operator symbol(const Tensor& a, const Tensor& b) { return fn(a, b); } \
  inline Tensor operator symbol(const Tensor& a, double b) { return fn(a, b); }        \
  inline Tensor operator symbol(double a, const Tensor& b) { return fn(a, b); }
GRADUS_OPERATOR(+, add)
GRADUS_OPERATOR(-, sub)
GRADUS_OPERATOR(*, mul)
GRADUS_OPERATOR(/, div)
GRADUS_OPERATOR(==, eq)
GRADUS_OPERATOR(!=, ne)
GRADUS_OPERATOR(<, lt)
GRADUS_OPERATOR(<=, le)
GRADUS_OPERATOR(>, gt)
GRADUS_OPERATOR(>=, ge)
#undef GRADUS_OPERATOR
inline Tensor operator-(const Tensor& x) { return neg(x); }

// dy + weight * sign(x) in one pass: the backward of an L1 penalty on x. Not recorded; shapes must be equal.
Tensor l1_penalty_backward(const Tensor& dy, const Tensor& x, double weight);

// --- reductions ---
Tensor sum(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
Tensor mean(const Tensor& x, const Dims& dims = {}, bool keepdim = false);  // throws Error for int64
// The largest element; NaN where there is one. The gradient is shared evenly by elements that tie. No element: Error.
Tensor max(const Tensor& x, const Dims& dims = {}, bool keepdim = false);
Tensor argmax(const Tensor& x);  // of the flattened tensor; the first of those that tie; int64
Tensor argmax(const Tensor& x, Index dim, bool keepdim = false);

// --- matrices ---
// [m, k] x [k, n] -> [m, n]; a vector on the left is a row, on the right a column, and its dimension goes.
Tensor matmul(const Tensor& a, const Tensor& b);
// y = x wT + b; x [n, in], w [out, in], b [out] or undefined -> [n, out]
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});
// activation(x wT + b), with one pass over memory fewer each way, and to the bit the same (a GPU's library may add up
// in another order):
//   linear_activation(x, w, b, kernels::LeakyRelu{0.1})
// Tanh, Sigmoid, Relu or LeakyRelu. Layers that stand so in a Sequential run as this op (layers/fused.h).
Tensor linear_activation(const Tensor& x, const Tensor& weight, const Tensor& bias,
                         const kernels::Activation& activation);

// dropout(x wT + b, p) and relu of that, in the same way.
Tensor linear_dropout(const Tensor& x, const Tensor& weight, const Tensor& bias, double p, bool training = true,
                      Generator& from = default_generator());
Tensor linear_dropout_relu(const Tensor& x, const Tensor& weight, const Tensor& bias, double p, bool training = true,
                           Generator& from = default_generator());

// --- images: [n, channels, height, width] ---
// y[n, o, i, j] = b[o] + the sum over c, p, q of x[n, c, i * stride + p - padding, j * stride + q - padding] *
// w[o, c, p, q], x being 0 outside; w [out, c, kernel_h, kernel_w], b [out] or undefined
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, Size2d stride = 1, Size2d padding = 0);

// To which size: {.size = {24, 32}}, or {.scale_factor = 2}, of which the result is rounded down.
struct Resize {
  Size2d size = 0;
  Scale2d scale_factor = 0.0;
};
// Each pixel is the nearest one above and to the left.
Tensor upsample_nearest2d(const Tensor& x, const Resize& to);
// Each pixel is the mean of up to four, by distance between centres: of pixels that cover the same area, or, with
// align_corners, that have their outermost centres in common.
Tensor upsample_bilinear2d(const Tensor& x, const Resize& to, bool align_corners = false);
// conv2d(upsample_bilinear2d(x, to, align_corners), weight, bias, stride, padding), to rounding: where it is faster,
// the channels are contracted before the images are enlarged. Upsample and Conv2d that stand so in a Sequential run as
// this op (layers/fused.h).
Tensor upsample_conv2d(const Tensor& x, const Resize& to, bool align_corners, const Tensor& weight,
                       const Tensor& bias = {}, Size2d stride = 1, Size2d padding = 0);
// The largest under the kernel; NaN where there is one. stride 0: the kernel's size. The gradient goes to the first of
// those that tie.
Tensor max_pool2d(const Tensor& x, Size2d kernel, Size2d stride = 0, Size2d padding = 0);

// --- pieces ---
Tensor cat(const Tensors& parts, Index dim = 0);
Tensor stack(const Tensors& parts, Index dim = 0);
// The slices of x along dim at the positions `index` (int64, one dimension) names. Throws Error for one out of range.
Tensor index_select(const Tensor& x, Index dim, const Tensor& index);
Tensor expand(const Tensor& x, const Shape& shape);  // broadcast, copied
Tensor sum_to(const Tensor& x, const Shape& shape);  // the reverse: summed over what broadcasting to x repeated

// --- noise ---
// In training each element is 0 with probability p and x / (1 - p) otherwise, so that the mean stays x; else x itself,
// and nothing is drawn, as for p = 0. What is dropped does not depend on the dtype. The generator moves on by ceil(n/4)
// counters. Throws Error unless 0 <= p <= 1.
Tensor dropout(const Tensor& x, double p = 0.5, bool training = true, Generator& from = default_generator());

// --- probabilities and losses ---
Tensor softmax(const Tensor& x, Index dim);      // exp(x) / sum(exp(x)), shifted by the maximum
Tensor log_softmax(const Tensor& x, Index dim);  // x - log(sum(exp(x))), shifted by the maximum

enum class Reduction { mean, sum };
Tensor mse_loss(const Tensor& x, const Tensor& target, Reduction r = Reduction::mean);  // (x - target)^2
Tensor l1_loss(const Tensor& x, const Tensor& target, Reduction r = Reduction::mean);   // |x - target|
// -target log(x) - (1 - target) log(1 - x) for probabilities; both may need a gradient. As in PyTorch the logarithms
// are clamped at -100 and, in x's gradient (x - target) / (x (1 - x)), the denominator at 1e-12. Throws Error for an
// element of either outside [0, 1]; NaN passes.
Tensor binary_cross_entropy(const Tensor& x, const Tensor& target, Reduction r = Reduction::mean);
// binary_cross_entropy(sigmoid(z), target), finite and precise for any finite z, without the clamps
Tensor binary_cross_entropy_with_logits(const Tensor& z, const Tensor& target, Reduction r = Reduction::mean);
// -log_probs[i, target[i]]; log_probs [n, classes], target int64 [n]. Throws Error for a target outside the classes.
Tensor nll_loss(const Tensor& log_probs, const Tensor& target, Reduction r = Reduction::mean);
Tensor cross_entropy(const Tensor& logits, const Tensor& target,
                     Reduction r = Reduction::mean);  // nll_loss(log_softmax(.))

}  // namespace gradus
