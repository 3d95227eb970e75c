#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include <gradus/kernels/math.h>

#include "catch.h"

namespace math = gradus::kernels::math;

namespace {

constexpr double allowed_ulps = 2;

// What a function is compared with: <cmath> in the next wider type.
template <class T>
using Wide = std::conditional_t<std::is_same_v<T, float>, double, long double>;

template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();
template <class T>
constexpr T nan_of = std::numeric_limits<T>::quiet_NaN();

// The distance from the exact result, in units of the last place that a T of its size has.
template <class T>
double ulps(T got, Wide<T> exact) {
  if (std::isnan(exact)) return std::isnan(got) ? 0 : 1e9;
  const T nearest = static_cast<T>(exact);
  if (got == nearest) return std::isinf(nearest) ? 0 : static_cast<double>(std::abs(got - exact)) > 0 ? 0.5 : 0;
  if (!std::isfinite(got) || !std::isfinite(nearest)) return 1e9;
  const T size = std::abs(nearest), unit = std::nextafter(size, infinity<T>) - size;
  return static_cast<double>(std::abs((static_cast<Wide<T>>(got) - exact) / unit));
}

struct Worst {
  double ulps = 0, at = 0;
  template <class T>
  void add(T x, T got, Wide<T> exact) {
    const double distance = ::ulps(got, exact);
    if (distance > ulps) {
      ulps = distance;
      at = static_cast<double>(x);
    }
  }
};

// Arguments everywhere: all exponents and signs, denormals, infinities and NaN among them, and densely where the
// functions bend, where the formulas change over and where results overflow and underflow.
template <class T>
std::vector<T> arguments() {
  using Bits = math::Bits<T>;
  std::mt19937_64 random(7);
  std::vector<T> x;
  if constexpr (std::is_same_v<T, float>) {
    for (std::uint64_t bits = 0; bits < (1ull << 32); bits += 2999)
      x.push_back(math::from_bits(static_cast<Bits>(bits)));
  } else {
    for (int i = 0; i < 300000; ++i) x.push_back(math::from_bits(static_cast<Bits>(random())));
  }
  const bool single = std::is_same_v<T, float>;
  for (double span : {0.01, 1.0, 6.0, 40.0, single ? 105.0 : 750.0}) {
    std::uniform_real_distribution<double> uniform(-span, span);
    for (int i = 0; i < 100000; ++i) x.push_back(static_cast<T>(uniform(random)));
  }
  std::uniform_real_distribution<double> near_one(0.65, 1.5), tiny(-2, 2);
  for (int i = 0; i < 100000; ++i) {
    x.push_back(static_cast<T>(near_one(random)));
    x.push_back(static_cast<T>(tiny(random)) * std::numeric_limits<T>::min());
  }
  const double corners[] = {
      0.0,        1.0,   0.5,  0.70710678118654752, 1.41421356237309505, 9.01, 19.06, 20.0, 40.0, 88.7, 709.7, 87.33654,
      708.396418, 103.9, 745.1};
  for (double corner : corners) {
    T up = static_cast<T>(corner), down = up;
    for (int i = 0; i < 300; ++i, up = std::nextafter(up, infinity<T>), down = std::nextafter(down, -infinity<T>)) {
      for (T value : {up, down, -up, -down}) x.push_back(value);
    }
  }
  for (int k = -1075; k <= 1075; ++k) {  // where the reduction of exp changes from one k to the next
    T value = static_cast<T>((k + 0.5) * 0.693147180559945309);
    x.push_back(value);
    x.push_back(std::nextafter(value, infinity<T>));
  }
  return x;
}

template <class T>
struct Function {
  const char* name;
  T (*ours)(T);
  Wide<T> (*exact)(Wide<T>);
};

template <class T>
Wide<T> exact_sine(Wide<T> turns, Wide<T> quarters_ahead) {
  const Wide<T> pi_half = static_cast<Wide<T>>(1.57079632679489661923132169163975144L);
  if (!std::isfinite(turns)) return std::numeric_limits<Wide<T>>::quiet_NaN();
  const Wide<T> part = turns - std::rint(turns), quarter = std::rint(4 * part), x = (4 * part - quarter) * pi_half;
  switch ((static_cast<int>(quarter + quarters_ahead) + 8) % 4) {
    case 0:
      return std::sin(x);
    case 1:
      return std::cos(x);
    case 2:
      return -std::sin(x);
    default:
      return -std::cos(x);
  }
}

template <class T>
T sine(T turns) {
  T s, c;
  math::sincos_turns(turns, s, c);
  return s;
}

template <class T>
T cosine(T turns) {
  T s, c;
  math::sincos_turns(turns, s, c);
  return c;
}

template <class T>
std::vector<Function<T>> functions() {
  using W = Wide<T>;
  return {{"exp", [](T x) { return math::exp(x); }, [](W x) { return std::exp(x); }},
          {"log", [](T x) { return math::log(x); }, [](W x) { return std::log(x); }},
          {"log1p", [](T x) { return math::log1p(x); }, [](W x) { return std::log1p(x); }},
          {"tanh", [](T x) { return math::tanh(x); }, [](W x) { return std::tanh(x); }},
          {"sigmoid", [](T x) { return math::sigmoid(x); },
           [](W x) {
             const W y = 1 / (1 + std::exp(-x));
             return y < std::numeric_limits<T>::min() ? W{0} : y;
           }},
          {"sine", sine<T>, [](W x) { return exact_sine<T>(x, 0); }},
          {"cosine", cosine<T>, [](W x) { return exact_sine<T>(x, 1); }}};
}

// As kernels call them: in a loop that becomes vector code.
template <class T, class F>
std::vector<T> in_a_loop(const std::vector<T>& x, F f) {
  std::vector<T> y(x.size());
  const T* in = x.data();
  T* out = y.data();
  const std::int64_t n = static_cast<std::int64_t>(x.size());
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = f(in[i]);
  return y;
}

template <class T>
bool same_bits(T a, T b) {
  return math::to_bits(a) == math::to_bits(b) || (std::isnan(a) && std::isnan(b));
}

}  // namespace

TEMPLATE_TEST_CASE("the functions are within 2 units in the last place everywhere", "[math]", float, double) {
  const auto x = arguments<TestType>();
  for (const auto& function : functions<TestType>()) {
    Worst worst;
    for (TestType value : x) worst.add(value, function.ours(value), function.exact(value));
    INFO(function.name << " at " << worst.at);
    CHECK(worst.ulps <= allowed_ulps);
  }
}

TEMPLATE_TEST_CASE("a vector loop gives the bits of single calls", "[math]", float, double) {
  using T = TestType;
  auto x = arguments<T>();
  const auto all = functions<T>();
  const auto compare = [&](const Function<T>& function, const std::vector<T>& y) {
    int different = 0;
    for (size_t i = 0; i < x.size(); ++i) different += !same_bits(y[i], function.ours(x[i]));
    INFO(function.name);
    CHECK(different == 0);
  };
  compare(all[0], in_a_loop(x, [](T v) { return math::exp(v); }));
  compare(all[1], in_a_loop(x, [](T v) { return math::log(v); }));
  compare(all[2], in_a_loop(x, [](T v) { return math::log1p(v); }));
  compare(all[3], in_a_loop(x, [](T v) { return math::tanh(v); }));
  compare(all[4], in_a_loop(x, [](T v) { return math::sigmoid(v); }));
  compare(all[5], in_a_loop(x, [](T v) { return sine(v); }));
  compare(all[6], in_a_loop(x, [](T v) { return cosine(v); }));
}

TEMPLATE_TEST_CASE("limits: zeros, infinities, NaN, overflow", "[math]", float, double) {
  using T = TestType;
  const T inf = infinity<T>, nan = nan_of<T>, zero = 0, largest = std::numeric_limits<T>::max();
  const T smallest = std::numeric_limits<T>::denorm_min();
  for (const auto& function : functions<T>()) {
    INFO(function.name);
    CHECK(std::isnan(function.ours(nan)));
    CHECK(std::isnan(function.ours(-nan)));
  }
  CHECK(math::exp(zero) == 1);
  CHECK(math::exp(-zero) == 1);
  CHECK(math::exp(inf) == inf);
  CHECK(math::exp(largest) == inf);
  CHECK(same_bits(math::exp(-inf), zero));
  CHECK(same_bits(math::exp(-largest), zero));
  CHECK(math::log(T{1}) == 0);
  CHECK(math::log(zero) == -inf);
  CHECK(math::log(-zero) == -inf);
  CHECK(math::log(inf) == inf);
  for (T negative : {-smallest, T{-1}, -largest, -inf}) CHECK(std::isnan(math::log(negative)));
  CHECK(math::log1p(zero) == 0);
  CHECK(math::log1p(T{-1}) == -inf);
  CHECK(math::log1p(inf) == inf);
  CHECK(math::log1p(smallest) == smallest);
  for (T below : {std::nextafter(T{-1}, T{-2}), T{-2}, -largest, -inf}) CHECK(std::isnan(math::log1p(below)));
  CHECK(same_bits(math::tanh(zero), zero));
  CHECK(same_bits(math::tanh(-zero), -zero));
  CHECK(same_bits(math::tanh(smallest), smallest));
  CHECK(math::tanh(inf) == 1);
  CHECK(math::tanh(-inf) == -1);
  CHECK(math::tanh(largest) == 1);
  CHECK(math::tanh(-largest) == -1);
  CHECK(math::sigmoid(zero) == T(0.5));
  CHECK(math::sigmoid(-zero) == T(0.5));
  CHECK(math::sigmoid(inf) == 1);
  CHECK(math::sigmoid(largest) == 1);
  CHECK(same_bits(math::sigmoid(-inf), zero));
  CHECK(same_bits(math::sigmoid(-largest), zero));
}

TEMPLATE_TEST_CASE("quarter turns are exact", "[math]", float, double) {
  using T = TestType;
  for (int turn : {-3, -1, 0, 1, 2, 1000}) {
    const T t = static_cast<T>(turn);
    CHECK(sine(t) == 0);
    CHECK(cosine(t) == 1);
    CHECK(sine(t + T(0.25)) == 1);
    CHECK(cosine(t + T(0.25)) == 0);
    CHECK(sine(t + T(0.5)) == 0);
    CHECK(cosine(t + T(0.5)) == -1);
    CHECK(sine(t + T(0.75)) == -1);
    CHECK(cosine(t + T(0.75)) == 0);
  }
  CHECK(same_bits(sine(T{0}), T{0}));
  CHECK(same_bits(sine(-T{0}), -T{0}));
  CHECK(sine(std::numeric_limits<T>::max()) == 0);  // a whole number of turns
  CHECK(cosine(std::numeric_limits<T>::max()) == 1);
  CHECK(std::isnan(sine(infinity<T>)));
  CHECK(std::isnan(cosine(-infinity<T>)));
}

TEST_CASE("denormal results and arguments keep what digits they have", "[math]") {
  CHECK(math::exp(-744.0) == 1e-323);            // 2 denormal steps of 4.94e-324: e^-744 is 9.84e-324
  CHECK(math::exp(-746.0) == 0);                 // 2.0e-324 is nearer to zero
  CHECK(math::exp(-100.0f) == 3.78350585e-44f);  // 27 steps of 1.4e-45: e^-100 is 3.72e-44
  CHECK(math::log(4.9406564584124654e-324) == -744.4400719213812);
  CHECK(math::log(1.401298464324817e-45f) == -103.278929903431851f);
}
