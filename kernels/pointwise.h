// The elementwise ops: every scalar formula of gradus, and the tables that make ops of them.
//
// To add one, write a struct and its row, here and nowhere else. The row yields the public function (core/ops.h), the
// CPU and CUDA kernels, the autograd, the value and gradient tests, and the line in docs/ops.md.
//
// A unary op has value(x) and one of
//   slope_from_x(x)   dy/dx from the input, which is then kept for backward
//   slope_from_y(y)   dy/dx from the output, likewise
//   constant_slope    dy/dx is this number, and nothing is kept
// A binary op has value(a, b) and slope_a(a, b), slope_b(a, b), or constant_slope_a and constant_slope_b, or neither:
// then it has no gradient. `integers = true` says that it is offered for int64 as well. Members are the op's
// parameters.
#pragma once
#include <cmath>
#include <limits>
#include <type_traits>

#include <gradus/kernels/exec.h>
#include <gradus/kernels/math.h>

// name, struct, formula, parameters to test with, (low, high, kinks...) to probe, (x, y, ...) three pairs known from
// elsewhere
#define GRADUS_UNARY_OPS(X)                                                                                        \
  X(neg, Neg, "-x", (), (-2, 2), (1.5, -1.5, 0, 0, -2, 2))                                                         \
  X(exp, Exp, "exp(x)", (), (-3, 3), (0, 1, 1, 2.7182818284590452, -1, 0.36787944117144233))                       \
  X(log, Log, "log(x)", (), (0.2, 4), (1, 0, 2, 0.69314718055994531, 10, 2.302585092994046))                       \
  X(sqrt, Sqrt, "sqrt(x)", (), (0.1, 4), (4, 2, 2, 1.4142135623730951, 0.25, 0.5))                                 \
  X(square, Square, "x * x", (), (-2, 2), (3, 9, -1.5, 2.25, 0, 0))                                                \
  X(abs, Abs, "|x|", (), (-2, 2, 0), (1.5, 1.5, -2, 2, 0, 0))                                                      \
  X(sign, Sign, "1, 0 or -1, as x is above, at or below 0", (), (-2, 2, 0), (1.5, 1, -2, -1, 0, 0))                \
  X(tanh, Tanh, "(exp(x) - exp(-x)) / (exp(x) + exp(-x))", (), (-3, 3),                                            \
    (0, 0, 1, 0.76159415595576489, -0.5, -0.46211715726000976))                                                    \
  X(sigmoid, Sigmoid, "1 / (1 + exp(-x))", (), (-6, 6), (0, 0.5, 2, 0.88079707797788244, -1, 0.26894142136999513)) \
  X(relu, Relu, "max(x, 0)", (), (-2, 2, 0), (1.5, 1.5, -2, 0, 0, 0))                                              \
  X(leaky_relu, LeakyRelu, "x > 0 ? x : negative_slope * x", (0.1), (-2, 2, 0), (1.5, 1.5, -2, -0.2, 0, 0))        \
  X(clamp, Clamp, "min(max(x, low), high)", (-0.5, 0.75), (-2, 2, -0.5, 0.75), (0.25, 0.25, 3, 0.75, -1, -0.5))    \
  X(pow, Pow, "x to the power of exponent", (2.5), (0.2, 3), (4, 32, 1, 1, 0.25, 0.03125))

// name, struct, formula, (a, b, y, ...) three triples known from elsewhere
#define GRADUS_BINARY_OPS(X)                                           \
  X(add, Add, "a + b", (1.5, 2, 3.5, -1, 1, 0, 0.25, -2, -1.75))       \
  X(sub, Sub, "a - b", (1.5, 2, -0.5, -1, 1, -2, 0.25, -2, 2.25))      \
  X(mul, Mul, "a * b", (1.5, 2, 3, -1, 1, -1, 0.25, -2, -0.5))         \
  X(div, Div, "a / b", (1.5, 2, 0.75, -1, 4, -0.25, 0.25, -2, -0.125)) \
  X(maximum, Maximum, "max(a, b)", (1.5, 2, 2, -1, -4, -1, 3, 3, 3))   \
  X(minimum, Minimum, "min(a, b)", (1.5, 2, 1.5, -1, -4, -4, 3, 3, 3)) \
  X(eq, Equal, "a == b", (1, 1, 1, 1, 2, 0, 2, 1, 0))                  \
  X(ne, NotEqual, "a != b", (1, 1, 0, 1, 2, 1, 2, 1, 1))               \
  X(lt, Less, "a < b", (1, 1, 0, 1, 2, 1, 2, 1, 0))                    \
  X(le, LessEqual, "a <= b", (1, 1, 1, 1, 2, 1, 2, 1, 0))              \
  X(gt, Greater, "a > b", (1, 1, 0, 1, 2, 0, 2, 1, 1))                 \
  X(ge, GreaterEqual, "a >= b", (1, 1, 1, 1, 2, 0, 2, 1, 1))

#define GRADUS_UNPACK(...) __VA_ARGS__

namespace gradus::kernels {

// --- unary ---

struct Neg {
  static constexpr bool integers = true;
  static constexpr double constant_slope = -1;
  template <class T>
  GRADUS_HD T value(T x) const {
    return -x;
  }
};

struct Exp {
  template <class T>
  GRADUS_HD T value(T x) const {
    return math::exp(x);
  }
  template <class T>
  GRADUS_HD T slope_from_y(T y) const {
    return y;
  }
};

struct Log {
  template <class T>
  GRADUS_HD T value(T x) const {
    return math::log(x);
  }
  template <class T>
  GRADUS_HD T slope_from_x(T x) const {
    return 1 / x;
  }
};

struct Sqrt {
  template <class T>
  GRADUS_HD T value(T x) const {
    return std::sqrt(x);
  }
  template <class T>
  GRADUS_HD T slope_from_y(T y) const {
    return T(0.5) / y;
  }
};

struct Square {
  static constexpr bool integers = true;
  template <class T>
  GRADUS_HD T value(T x) const {
    return x * x;
  }
  template <class T>
  GRADUS_HD T slope_from_x(T x) const {
    return 2 * x;
  }
};

struct Sign {  // its slope is 0 wherever it has one; NaN has the sign 0, as in PyTorch
  static constexpr bool integers = true;
  static constexpr double constant_slope = 0;
  template <class T>
  GRADUS_HD T value(T x) const {
    return x > 0 ? T(1) : x < 0 ? T(-1) : T(0);
  }
};

struct Abs {
  static constexpr bool integers = true;
  template <class T>
  GRADUS_HD T value(T x) const {
    return x < 0 ? -x : x + T(0);
  }  // + 0 turns -0 into 0
  template <class T>
  GRADUS_HD T slope_from_x(T x) const {
    return Sign{}.value(x);
  }
};

struct Tanh {
  template <class T>
  GRADUS_HD T value(T x) const {
    return math::tanh(x);
  }
  template <class T>
  GRADUS_HD T slope_from_y(T y) const {
    return 1 - y * y;
  }
};

struct Sigmoid {
  template <class T>
  GRADUS_HD T value(T x) const {
    return math::sigmoid(x);
  }
  template <class T>
  GRADUS_HD T slope_from_y(T y) const {
    return y * (1 - y);
  }
};

// The comparisons in the kinked ops are written so that NaN stays NaN.
struct Relu {
  template <class T>
  GRADUS_HD T value(T x) const {
    return x <= 0 ? T(0) : x;
  }
  template <class T>
  GRADUS_HD T slope_from_y(T y) const {
    return y > 0 ? T(1) : T(0);
  }
};

struct LeakyRelu {
  double negative_slope = 0.01;
  bool keeps_sign() const { return negative_slope >= 0; }  // then slope_from_x gives of y what it gives of x
  template <class T>
  GRADUS_HD T value(T x) const {
    return x > 0 ? x : T(negative_slope) * x;
  }
  template <class T>
  GRADUS_HD T slope_from_x(T x) const {
    return x > 0 ? T(1) : T(negative_slope);
  }
};

struct Clamp {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  template <class T>
  GRADUS_HD T value(T x) const {
    const T lifted = x < T(low) ? T(low) : x;
    return lifted > T(high) ? T(high) : lifted;
  }
  template <class T>
  GRADUS_HD T slope_from_x(T x) const {
    return x > T(low) && x < T(high) ? T(1) : T(0);
  }
};

struct Pow {
  double exponent = 2;
  template <class T>
  GRADUS_HD T value(T x) const {
    return std::pow(x, T(exponent));
  }
  template <class T>
  GRADUS_HD T slope_from_x(T x) const {
    return exponent == 0 ? T(0) : T(exponent) * std::pow(x, T(exponent - 1));
  }
};

// --- binary ---

struct Add {
  static constexpr bool integers = true;
  static constexpr double constant_slope_a = 1, constant_slope_b = 1;
  template <class T>
  GRADUS_HD T value(T a, T b) const {
    return a + b;
  }
};

struct Sub {
  static constexpr bool integers = true;
  static constexpr double constant_slope_a = 1, constant_slope_b = -1;
  template <class T>
  GRADUS_HD T value(T a, T b) const {
    return a - b;
  }
};

struct Mul {
  static constexpr bool integers = true;
  template <class T>
  GRADUS_HD T value(T a, T b) const {
    return a * b;
  }
  template <class T>
  GRADUS_HD T slope_a(T, T b) const {
    return b;
  }
  template <class T>
  GRADUS_HD T slope_b(T a, T) const {
    return a;
  }
};

struct Div {
  template <class T>
  GRADUS_HD T value(T a, T b) const {
    return a / b;
  }
  template <class T>
  GRADUS_HD T slope_a(T, T b) const {
    return 1 / b;
  }
  template <class T>
  GRADUS_HD T slope_b(T a, T b) const {
    return -a / (b * b);
  }
};

// Where a and b tie, each gets half of the gradient.
struct Maximum {
  static constexpr bool integers = true;
  template <class T>
  GRADUS_HD T value(T a, T b) const {
    return a > b || a != a ? a : b;
  }
  template <class T>
  GRADUS_HD T slope_a(T a, T b) const {
    return a > b ? T(1) : a == b ? T(0.5) : T(0);
  }
  template <class T>
  GRADUS_HD T slope_b(T a, T b) const {
    return slope_a(b, a);
  }
};

struct Minimum {
  static constexpr bool integers = true;
  template <class T>
  GRADUS_HD T value(T a, T b) const {
    return a < b || a != a ? a : b;
  }
  template <class T>
  GRADUS_HD T slope_a(T a, T b) const {
    return a < b ? T(1) : a == b ? T(0.5) : T(0);
  }
  template <class T>
  GRADUS_HD T slope_b(T a, T b) const {
    return slope_a(b, a);
  }
};

#define GRADUS_COMPARISON(Op, symbol)      \
  struct Op {                              \
    static constexpr bool integers = true; \
    template <class T>                     \
    GRADUS_HD T value(T a, T b) const {    \
      return a symbol b ? T(1) : T(0);     \
    }                                      \
  };
GRADUS_COMPARISON(Equal, ==)
GRADUS_COMPARISON(NotEqual, !=)
GRADUS_COMPARISON(Less, <)
GRADUS_COMPARISON(LessEqual, <=)
GRADUS_COMPARISON(Greater, >)
GRADUS_COMPARISON(GreaterEqual, >=)
#undef GRADUS_COMPARISON

// --- what the kernels and ops ask of a struct ---

template <class Op>
concept HasIntegers = requires {
  requires Op::integers;
};
template <class Op, class T>
concept Offers = std::is_floating_point_v<T> || HasIntegers<Op>;
template <class Op>
concept KeepsX = requires(const Op& op) {
  op.slope_from_x(1.0);
};
template <class Op>
concept KeepsY = requires(const Op& op) {
  op.slope_from_y(1.0);
};
template <class Op>
concept HasConstantSlopes = requires {
  Op::constant_slope_a;
};
template <class Op>
concept HasSlopes = requires(const Op& op) {
  op.slope_a(1.0, 1.0);
};

}  // namespace gradus::kernels
