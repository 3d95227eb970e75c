// The built-in digits: distinct, balanced, shuffled and drawn in time.
#include "catch.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string_view>
#include <vector>

#include <gradus/data/digits.h>
#include <gradus/data/pen.h>
#include <gradus/data/strokes.h>

#include "drawn_data.h"

using namespace gradus;

namespace {

constexpr std::size_t pixels = 28 * 28;

// Each image as its bytes.
void add_images(const Dataset& set, std::vector<std::string_view>& to) {
  const auto all = set.images.data<float>();
  for (std::size_t at = 0; at < all.size(); at += pixels) {
    to.emplace_back(reinterpret_cast<const char*>(&all[at]), pixels * sizeof(float));
  }
}

std::array<Index, 10> counts(const Dataset& set) {
  std::array<Index, 10> n{};
  for (const Index label : set.labels.data<Index>()) ++n.at(std::size_t(label));
  return n;
}

// The share of test images that lie nearest to the mean image of their own digit.
double nearest_mean_accuracy(const Datasets& data) {
  std::vector<double> means(10 * pixels);
  const auto n = counts(data.train);
  const auto images = data.train.images.data<float>(), probes = data.test.images.data<float>();
  const auto labels = data.train.labels.data<Index>(), truth = data.test.labels.data<Index>();
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto digit = std::size_t(labels[i / pixels]);
    means[digit * pixels + i % pixels] += images[i] / double(n[digit]);
  }
  Index right = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    std::array<double, 10> distance{};
    for (std::size_t k = 0; k < 10 * pixels; ++k) {
      const double d = probes[i * pixels + k % pixels] - means[k];
      distance[k / pixels] += d * d;
    }
    right += std::ranges::min_element(distance) - distance.begin() == truth[i];
  }
  return double(right) / double(truth.size());
}

}  // namespace

TEST_CASE("70,000 digits are distinct, balanced, shuffled and drawn in time", "[digits]") {
  const auto start = std::chrono::steady_clock::now();
  const Datasets data = digits(0);
  [[maybe_unused]] const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
#ifndef GRADUS_SANITIZED
  CHECK(seconds.count() < 10);
#endif
  REQUIRE(data.train.images.shape() == Shape{60000, 1, 28, 28});
  REQUIRE(data.test.images.shape() == Shape{10000, 1, 28, 28});
  REQUIRE(data.train.labels.shape() == Shape{60000});
  REQUIRE(data.test.labels.shape() == Shape{10000});

  std::vector<std::string_view> images;
  add_images(data.train, images);
  add_images(data.test, images);
  std::ranges::sort(images);
  REQUIRE(std::ranges::adjacent_find(images) == images.end());

  for (const Index n : counts(data.train)) REQUIRE(n == 6000);
  for (const Index n : counts(data.test)) REQUIRE(n == 1000);
  const auto labels = data.train.labels.data<Index>();
  Index repeats = 0;  // a tenth of all neighbours where the order is random
  for (std::size_t i = 1; i < labels.size(); ++i) repeats += labels[i] == labels[i - 1];
  REQUIRE(repeats > 5500);
  REQUIRE(repeats < 6500);
}

TEST_CASE("digits are bytes over 255, lit, and within the image", "[digits]") {
  const Datasets data = digits(3, 2000, 500);
  const auto all = data.train.images.data<float>();
  bool bytes = true;
  double sum = 0;
  for (const float p : all) {
    bytes = bytes && p >= 0 && p <= 1 && std::round(p * 255) / 255 == p;
    sum += p;
  }
  REQUIRE(bytes);
  const double mean = sum / double(all.size());  // MNIST's is 0.1307
  REQUIRE(mean > 0.10);
  REQUIRE(mean < 0.15);
  for (std::size_t at = 0; at < all.size(); at += pixels) {
    const auto image = all.subspan(at, pixels);
    REQUIRE(*std::ranges::max_element(image) > 0.5);
    double edge = 0, ink = 0;
    for (std::size_t i = 0; i < pixels; ++i) {
      const bool outer = i < 28 || i >= pixels - 28 || i % 28 == 0 || i % 28 == 27;
      (outer ? edge : ink) += image[i];
    }
    REQUIRE(edge < 0.1 * ink);
  }
}

TEST_CASE("digits depend on the seed, not on the threads", "[digits]") { check_seed_alone_decides(digits, 600); }

TEST_CASE("digits are neither alike nor chaos", "[digits]") {
  const double accuracy = nearest_mean_accuracy(digits(1, 5000, 1000));
  CAPTURE(accuracy);
  CHECK(accuracy > 0.5);
  CHECK(accuracy < 0.8);  // MNIST's is 0.82: a template must not do
}

TEST_CASE("no skeleton has more points than numbers are drawn for", "[digits]") {
  for (int digit = 0; digit < 10; ++digit) {
    REQUIRE(skeletons(digit).size() >= 3);
    for (const Skeleton& skeleton : skeletons(digit)) {
      std::size_t points = 0;
      for (const Stroke& stroke : skeleton) {
        REQUIRE(stroke.size() >= 2);
        points += stroke.size();
        for (const PenPoint p : stroke) {
          REQUIRE((p.x >= 0 && p.x <= 0.7f));
          REQUIRE((p.y >= 0 && p.y <= 1));
        }
      }
      REQUIRE(points <= std::size_t(max_pen_points));
    }
  }
  REQUIRE(message_of([] { skeletons(10); }) == "skeletons: digit is 10, expected 0 to 9");
  REQUIRE(message_of([] { skeletons(-1); }) == "skeletons: digit is -1, expected 0 to 9");
}

TEST_CASE("a smoothed stroke passes its points and keeps its corners", "[digits]") {
  const Stroke stroke{{0, 0}, {1, 0, true}, {1, 1}, {0, 2}};
  const Stroke way = smoothed(stroke, 4);
  REQUIRE(way.size() == 13);
  for (std::size_t i = 0; i < stroke.size(); ++i) {
    CHECK(way[4 * i].x == Approx(stroke[i].x).margin(1e-6));
    CHECK(way[4 * i].y == Approx(stroke[i].y).margin(1e-6));
  }
  for (std::size_t i = 0; i <= 4; ++i) CHECK(way[i].y == Approx(0).margin(1e-6));  // straight up to the corner
}

TEST_CASE("a pen's line is lit inside, dark outside and has a soft edge", "[digits]") {
  Pen pen;
  pen.line(5, 10, 20, 10, 2);
  std::vector<float> image(pixels);
  pen.develop(1, 0.8f, image);
  auto at = [&](std::size_t x, std::size_t y) { return image[y * 28 + x]; };
  CHECK(at(12, 10) == 204 / 255.f);
  CHECK(at(12, 11) == 204 / 255.f);
  CHECK(at(12, 12) == 102 / 255.f);  // on the border: half
  CHECK(at(12, 13) == 0);
  CHECK(at(3, 10) == 102 / 255.f);  // round ends
  CHECK(at(2, 10) == 0);
  CHECK(at(22, 10) == 102 / 255.f);
  CHECK(at(4, 8) < 102 / 255.f);

  Pen outside;
  outside.line(-50, -50, -40, -60, 3);  // leaves no mark, and touches no memory that is not its own
  outside.develop(1, 1, image);
  CHECK(std::ranges::all_of(image, [](float p) { return p == 0; }));
}
