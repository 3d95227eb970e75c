#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <vector>

#include <gradus/kernels/parallel.h>
#include <gradus/kernels/philox.h>
#include <gradus/kernels/philox_block.h>
#include <gradus/kernels/random.h>

#include "catch.h"

using namespace gradus::kernels;

namespace {

// A seed and an offset with digits in both halves; the counters pass from the lower word to the upper one.
constexpr std::uint64_t seed = 0x123456789abcdef, offset = 0xfffffffe;

template <class T>
std::vector<T> uniform(Index n, std::uint64_t from = offset, T low = 0, T high = 1, std::uint64_t key = seed) {
  std::vector<T> y(static_cast<size_t>(n));
  fill_uniform<T>(Cpu{}, {key, from}, n, low, high, y.data());
  return y;
}

template <class T>
std::vector<T> normal(Index n, std::uint64_t from = offset, T mean = 0, T std = 1, std::uint64_t key = seed) {
  std::vector<T> y(static_cast<size_t>(n));
  fill_normal<T>(Cpu{}, {key, from}, n, mean, std, y.data());
  return y;
}

std::vector<Index> integers(Index n, Index low, Index high, std::uint64_t from = offset) {
  std::vector<Index> y(static_cast<size_t>(n));
  fill_integers(Cpu{}, {seed, from}, n, low, high, y.data());
  return y;
}

template <class T>
std::vector<T> part(const std::vector<T>& all, Index begin, Index count) {
  return {all.begin() + begin, all.begin() + begin + count};
}

bool equal(const PhiloxWords& a, std::vector<std::uint32_t> b) { return std::equal(b.begin(), b.end(), a.word); }

// The largest distance between the empirical distribution and cdf, times sqrt(n): above 1.95 once in a thousand draws.
template <class T, class Cdf>
double kolmogorov_smirnov(std::vector<T> y, Cdf cdf) {
  std::sort(y.begin(), y.end());
  const double n = static_cast<double>(y.size());
  double distance = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    const double p = cdf(static_cast<double>(y[i])), below = static_cast<double>(i) / n;
    distance = std::max({distance, p - below, below + 1 / n - p});
  }
  return distance * std::sqrt(n);
}

template <class T>
double moment(const std::vector<T>& y, double about, int power) {
  double sum = 0;
  for (T value : y) sum += std::pow(static_cast<double>(value) - about, power);
  return sum / static_cast<double>(y.size());
}

}  // namespace

// The vectors that the authors publish with their library (Random123, kat_vectors).
TEST_CASE("Philox4x32-10 gives the published words", "[random_kernels]") {
  const std::uint32_t ones = 0xffffffff;
  REQUIRE(equal(philox4x32({{0, 0, 0, 0}}, 0, 0), {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  REQUIRE(equal(philox4x32({{ones, ones, ones, ones}}, ones, ones), {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  REQUIRE(equal(philox4x32({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0xa4093822, 0x299f31d0),
                {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST_CASE("seed and offset are the key and the lower counter words", "[random_kernels]") {
  const PhiloxWords words = philox4x32({{0x89abcdef, 0x01234567, 0, 0}}, 0x76543210, 0xfedcba98);
  REQUIRE(equal(philox(0xfedcba9876543210u, 0x0123456789abcdefu),
                {words.word[0], words.word[1], words.word[2], words.word[3]}));
}

TEST_CASE("a block holds the words of its counters", "[random_kernels]") {
  for (std::uint64_t first : {std::uint64_t{0}, std::uint64_t{0xfffffff0}, ~std::uint64_t{0} - 5}) {
    PhiloxBlock plain, fast;
    philox_block_plain(seed, first, plain);
    philox_block(seed, first, fast);
    for (int c = 0; c < PhiloxBlock::counters; ++c) {
      const PhiloxWords words = philox(seed, first + static_cast<std::uint64_t>(c));
      for (int w = 0; w < 4; ++w) {
        REQUIRE(plain.word[w][c] == words.word[w]);
        REQUIRE(fast.word[w][c] == words.word[w]);
      }
    }
  }
}

// The numbers below come from a separate program in Python: its integers, and its math module for the normal numbers.
TEST_CASE("uniform numbers and integers of a known seed", "[random_kernels]") {
  REQUIRE(uniform<float>(6) == std::vector<float>{0.9558591246604919f, 0.6614824533462524f, 0.6947248578071594f,
                                                  0.3527334928512573f, 0.02813732624053955f, 0.591632068157196f});
  REQUIRE(uniform<double>(8) == std::vector<double>{0.6614824656759991, 0.3527335335255425, 0.5916320751486666,
                                                    0.19653735598402577, 0.3510322218874121, 0.3638895660672241,
                                                    0.3746204849536565, 0.3621335723876393});
  REQUIRE(integers(8, -10, 11) == std::vector<Index>{3, -3, 2, -6, -3, -3, -3, -3});
}

TEST_CASE("normal numbers of a known seed", "[random_kernels]") {
  const std::vector<double> expected = {-0.54693491351122026, 0.72622710343840435, 0.33773244502573013,
                                        0.96730422285420026,  -0.9493097107086802, 1.09204651554567,
                                        -0.90762556209424994, 1.0676607374163802};
  const std::vector<float> expected_single = {
      -0.158636136f, -0.255193894f, -0.513465209f, 0.681785969f, -2.24151531f, -1.45496438f, 0.450083687f, 1.28908994f,
      -0.339741273f, 0.461292538f,  -0.647593941f, 0.744965687f, -1.11363765f, 1.1189621f,   -1.18311804f, 1.39172902f};
  const auto z = normal<double>(8);
  for (size_t i = 0; i < z.size(); ++i) CHECK(z[i] == Approx(expected[i]).epsilon(1e-15).margin(0));
  const auto single = normal<float>(16);
  for (size_t i = 0; i < single.size(); ++i) {
    CHECK(single[i] == Approx(expected_single[i]).epsilon(4e-7).margin(0));
  }
}

TEST_CASE("normal numbers keep their bits from one build to the next", "[random_kernels]") {
  REQUIRE(part(normal<double>(8), 0, 4) ==
          std::vector<double>{-0.54693491351122037, 0.72622710343840424, 0.33773244502573008, 0.96730422285420037});
  REQUIRE(part(normal<float>(8), 0, 6) ==
          std::vector<float>{-0.158636138f, -0.255193889f, -0.513465226f, 0.681785941f, -2.2415154f, -1.45496452f});
}

TEMPLATE_TEST_CASE("an element depends on its index alone, not on how much is drawn", "[random_kernels]", float,
                   double) {
  const auto u = uniform<TestType>(2000), z = normal<TestType>(2000);
  for (Index n : {0, 1, 2, 3, 4, 5, 33, 127, 128, 129, 255, 256, 257, 1999}) {
    REQUIRE(uniform<TestType>(n) == part(u, 0, n));
    REQUIRE(normal<TestType>(n) == part(z, 0, n));
  }
  const auto k = integers(2000, -5, 1000);
  for (Index n : {0, 1, 3, 4, 5, 33, 129}) REQUIRE(integers(n, -5, 1000) == part(k, 0, n));
}

TEMPLATE_TEST_CASE("a draw cut at whole counters, the offset advanced, is the same draw", "[random_kernels]", float,
                   double) {
  const auto u = uniform<TestType>(3000), z = normal<TestType>(3000);
  for (Index cut : {4, 36, 256, 1004, 2996}) {
    const std::uint64_t later = offset + counters_used<TestType>(cut);
    REQUIRE(uniform<TestType>(3000 - cut, later) == part(u, cut, 3000 - cut));
    REQUIRE(normal<TestType>(3000 - cut, later) == part(z, cut, 3000 - cut));
  }
  REQUIRE(integers(100, 0, 77, offset + counters_used<Index>(20)) == part(integers(120, 0, 77), 20, 100));
}

TEST_CASE("a draw uses four floats a counter, two doubles or integers", "[random_kernels]") {
  for (Index n : {0, 1, 2, 3, 4, 5, 33}) {
    REQUIRE(counters_used<float>(n) == static_cast<std::uint64_t>((n + 3) / 4));
    REQUIRE(counters_used<double>(n) == static_cast<std::uint64_t>((n + 1) / 2));
    REQUIRE(counters_used<Index>(n) == static_cast<std::uint64_t>((n + 1) / 2));
  }
}

TEMPLATE_TEST_CASE("two draws in a row share no number", "[random_kernels]", float, double) {
  auto first = uniform<TestType>(333);
  auto second = uniform<TestType>(333, offset + counters_used<TestType>(333));
  std::vector<TestType> both;
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  std::set_intersection(first.begin(), first.end(), second.begin(), second.end(), std::back_inserter(both));
  REQUIRE(both.empty());
  REQUIRE(uniform<TestType>(8) != uniform<TestType>(8, offset, 0, 1, seed + 1));
  REQUIRE(uniform<TestType>(8) != uniform<TestType>(8, offset, 0, 1, seed + (std::uint64_t{1} << 32)));
}

TEMPLATE_TEST_CASE("fills write n elements and no more", "[random_kernels]", float, double) {
  for (Index n : {0, 1, 3, 4, 5, 33, 257}) {
    std::vector<TestType> y(static_cast<size_t>(n + 1), TestType{77});
    fill_uniform<TestType>(Cpu{}, {seed, offset}, n, 0, 1, y.data());
    fill_normal<TestType>(Cpu{}, {seed, offset}, n, 0, 1, y.data());
    REQUIRE(y.back() == 77);
    REQUIRE(std::count(y.begin(), y.end(), TestType{77}) == 1);
  }
}

TEMPLATE_TEST_CASE("fills do not depend on the number of threads", "[random_kernels]", float, double) {
  const int before = num_threads();
  const Index n = 100001;
  set_num_threads(1);
  const auto u = uniform<TestType>(n), z = normal<TestType>(n);
  const auto k = integers(n, -100, 100);
  for (int threads : {2, 3, 7}) {
    set_num_threads(threads);
    CHECK(uniform<TestType>(n) == u);
    CHECK(normal<TestType>(n) == z);
    CHECK(integers(n, -100, 100) == k);
  }
  set_num_threads(before);
}

TEMPLATE_TEST_CASE("uniform numbers are uniform in [low, high)", "[random_kernels]", float, double) {
  using T = TestType;
  const auto y = uniform<T>(200000, 0, T(-3), T(5), 42);
  REQUIRE(*std::min_element(y.begin(), y.end()) >= -3);
  REQUIRE(*std::max_element(y.begin(), y.end()) < 5);
  REQUIRE(kolmogorov_smirnov(y, [](double x) { return (x + 3) / 8; }) < 1.95);
  REQUIRE(moment(y, 1, 1) == Approx(0).margin(4 * 8 / std::sqrt(12 * 200000.0)));
  REQUIRE(moment(y, 1, 2) == Approx(64 / 12.0).epsilon(0.01));
}

TEMPLATE_TEST_CASE("uniform numbers never reach high", "[random_kernels]", float, double) {
  using T = TestType;
  const T last_unit = 1 - std::numeric_limits<T>::epsilon() / 2;  // the largest that the bits give
  REQUIRE(UniformRange<T>(0, 1)(last_unit) == last_unit);
  REQUIRE(UniformRange<T>(1000, 1001)(last_unit) < 1001);  // here low + u rounds to high
  REQUIRE(UniformRange<T>(-1001, -1000)(last_unit) < -1000);
  REQUIRE(UniformRange<T>(2, 2)(last_unit) == 2);
  REQUIRE(UniformRange<T>(7, 9)(0) == 7);
  REQUIRE(uniform<T>(500, 0, 1, std::nextafter(T{1}, T{2})) == std::vector<T>(500, T{1}));
}

TEST_CASE("bits become uniform numbers exactly", "[random_kernels]") {
  REQUIRE(unit_uniform(0u) == 0);
  REQUIRE(unit_uniform(0xffu) == 0);
  REQUIRE(unit_uniform(0x100u) == 0x1p-24f);
  REQUIRE(unit_uniform(0xffffffffu) == 1 - 0x1p-24f);
  REQUIRE(unit_uniform(0x7ffu, 0u) == 0);
  REQUIRE(unit_uniform(0x800u, 0u) == 0x1p-53);
  REQUIRE(unit_uniform(0u, 1u) == 0x1p-32);
  REQUIRE(unit_uniform(0xffffffffu, 0xffffffffu) == 1 - 0x1p-53);
  REQUIRE(unit_uniform<float>({{1u << 31, 2u << 28, 3u << 28, 4u << 28}}, 3) == 0.25f);
  REQUIRE(unit_uniform<double>({{0, 0, 0, 1u << 31}}, 1) == 0.5);
}

TEMPLATE_TEST_CASE("normal numbers have the moments and the distribution of the normal", "[random_kernels]", float,
                   double) {
  const auto z = normal<TestType>(1000000, 0, 0, 1, 2024);
  const double n = 1e6;
  REQUIRE(moment(z, 0, 1) == Approx(0).margin(4 / std::sqrt(n)));
  REQUIRE(moment(z, 0, 2) == Approx(1).margin(4 * std::sqrt(2 / n)));
  REQUIRE(moment(z, 0, 3) == Approx(0).margin(4 * std::sqrt(15 / n)));
  REQUIRE(moment(z, 0, 4) == Approx(3).margin(4 * std::sqrt(96 / n)));
  REQUIRE(kolmogorov_smirnov(z, [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }) < 1.95);
  double together = 0, squares = 0;  // of the two numbers of a pair: no correlation, nor of their squares
  for (size_t i = 0; i < z.size(); i += 2) {
    const double a = static_cast<double>(z[i]), b = static_cast<double>(z[i + 1]);
    together += a * b;
    squares += (a * a - 1) * (b * b - 1);
  }
  REQUIRE(together / (n / 2) == Approx(0).margin(4 / std::sqrt(n / 2)));
  REQUIRE(squares / (n / 2) == Approx(0).margin(4 * 2 / std::sqrt(n / 2)));
}

TEMPLATE_TEST_CASE("a normal number is scaled by std and moved by mean", "[random_kernels]", float, double) {
  using T = TestType;
  const auto z = normal<T>(101), y = normal<T>(101, offset, T(0.1), T(0.2));
  for (size_t i = 0; i < z.size(); ++i) REQUIRE(y[i] == std::fma(z[i], T(0.2), T(0.1)));
  REQUIRE(normal<T>(9, offset, T(3), T(0)) == std::vector<T>(9, T(3)));
}

TEMPLATE_TEST_CASE("a normal pair is finite at the ends of the uniform range", "[random_kernels]", float, double) {
  using T = TestType;
  const T last_unit = 1 - std::numeric_limits<T>::epsilon() / 2;
  for (T u0 : {T{0}, last_unit}) {
    for (T u1 : {T{0}, T(0.5), last_unit}) {
      T a, b;
      normal_pair(u0, u1, a, b);
      REQUIRE(std::isfinite(a));
      REQUIRE(std::isfinite(b));
    }
  }
  T a, b;
  normal_pair(T{0}, T{0}, a, b);  // the farthest that there is
  REQUIRE(a == Approx(std::sqrt(2 * std::log(2.0) * (sizeof(T) == 4 ? 24 : 53))));
  normal_pair(last_unit, T(0.3), a, b);
  REQUIRE(a == 0);
  REQUIRE(b == 0);
}

TEST_CASE("integers fill their range, whatever it is", "[random_kernels]") {
  const Index least = std::numeric_limits<Index>::min(), largest = std::numeric_limits<Index>::max();
  std::vector<double> count(10);
  for (Index k : integers(100000, -4, 6)) {
    REQUIRE((-4 <= k && k < 6));
    ++count[static_cast<size_t>(k + 4)];
  }
  double chi_squared = 0;
  for (double c : count) chi_squared += (c - 10000) * (c - 10000) / 10000;
  REQUIRE(chi_squared < 27.9);  // once in a thousand draws, with 9 degrees of freedom

  REQUIRE(integers(50, 7, 8) == std::vector<Index>(50, 7));
  REQUIRE(integers(50, largest - 1, largest) == std::vector<Index>(50, largest - 1));
  REQUIRE(integers(50, least, least + 1) == std::vector<Index>(50, least));
  int negative = 0, large = 0;
  for (Index k : integers(10000, least, largest)) {
    negative += k < 0;
    large += k > largest / 2 || k < least / 2;
  }
  REQUIRE(negative == Approx(5000).margin(200));
  REQUIRE(large == Approx(5000).margin(200));
  REQUIRE(uniform_integer(0, 0, least, largest) == least);
  REQUIRE(uniform_integer(0xffffffff, 0xffffffff, least, largest) == largest - 1);
}
