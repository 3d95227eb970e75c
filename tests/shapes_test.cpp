// The built-in pictures: what is promised of them.
#include "catch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <gradus/core/ops.h>
#include <gradus/data/outlines.h>
#include <gradus/data/shapes.h>

#include "drawn_data.h"

using namespace gradus;

namespace {

constexpr std::size_t pixels = 3 * 32 * 32;

std::vector<float> drawn(int label, const std::vector<float>& random) {
  std::vector<float> image(pixels);
  draw_shape(label, random, image);
  return image;
}

// The share of the numbers in which two pictures differ by more than a tenth.
double difference(const std::vector<float>& a, const std::vector<float>& b) {
  int different = 0;
  for (std::size_t i = 0; i < pixels; ++i) different += std::abs(a[i] - b[i]) > 0.1f;
  return double(different) / pixels;
}

// How much each picture changes from pixel to pixel, [n, 32 * 32]: all colours together, moved so that the changes'
// centre is the picture's, and of norm 1. What is left is the outline.
Tensor edges(const Tensor& images) {
  Tensor result = zeros({images.size(0), 32 * 32});
  const auto all = images.data<float>(), out = result.data<float>();
  for (std::size_t i = 0; i < std::size_t(images.size(0)); ++i) {
    const auto image = all.subspan(i * pixels, pixels);
    std::array<double, 31 * 31> change{};
    double sum = 0, squares = 0, x = 0, y = 0;
    for (std::size_t k = 0; k < change.size(); ++k) {
      const std::size_t at = k / 31 * 32 + k % 31;
      for (std::size_t c = 0; c < pixels; c += 32 * 32) {
        change[k] += std::abs(image[c + at + 1] - image[c + at]) + std::abs(image[c + at + 32] - image[c + at]);
      }
      change[k] = std::max(change[k] - .3, 0.);  // stripes
      sum += change[k], squares += change[k] * change[k];
      x += change[k] * double(k % 31), y += change[k] * double(k / 31);
    }
    const int right = 15 - int(std::lround(x / sum)), down = 15 - int(std::lround(y / sum));
    for (int k = 0; k < 31 * 31; ++k) {
      const int column = k % 31 + right, row = k / 31 + down;
      if (column < 0 || column > 31 || row < 0 || row > 31) continue;
      out[i * 32 * 32 + std::size_t(row * 32 + column)] = float(change[std::size_t(k)] / std::sqrt(squares));
    }
  }
  return result;
}

}  // namespace

TEST_CASE("pictures of shapes are distinct, balanced, shuffled, and bytes over 255", "[shapes]") {
  const Datasets data = shapes(0, 6000, 2000);
  REQUIRE(data.train.images.shape() == Shape{6000, 3, 32, 32});
  REQUIRE(data.test.images.shape() == Shape{2000, 3, 32, 32});
  REQUIRE(data.train.labels.shape() == Shape{6000});
  REQUIRE(data.test.labels.dtype() == int64);
  REQUIRE(data.train.classes == shape_classes());
  REQUIRE(shape_classes().size() == 10);

  std::vector<std::string_view> images;
  for (const Dataset* set : {&data.train, &data.test}) {
    const auto all = set->images.data<float>();
    for (std::size_t at = 0; at < all.size(); at += pixels) {
      images.emplace_back(reinterpret_cast<const char*>(&all[at]), pixels * sizeof(float));
    }
    std::array<Index, 10> counts{};
    for (const Index label : set->labels.data<Index>()) ++counts.at(std::size_t(label));
    for (const Index n : counts) REQUIRE(n == set->size() / 10);
    REQUIRE(std::ranges::all_of(all, [](float p) { return p >= 0 && p <= 1 && std::round(p * 255) / 255 == p; }));
  }
  std::ranges::sort(images);
  REQUIRE(std::ranges::adjacent_find(images) == images.end());

  const auto labels = data.train.labels.data<Index>();
  Index repeats = 0;  // a tenth of all neighbours where the order is random
  for (std::size_t i = 1; i < labels.size(); ++i) repeats += labels[i] == labels[i - 1];
  REQUIRE(repeats > 480);
  REQUIRE(repeats < 720);
}

TEST_CASE("pictures of shapes depend on the seed, not on the threads", "[shapes]") {
  check_seed_alone_decides(shapes, 300);
}

TEST_CASE("any two shapes differ, and stand within the picture", "[shapes]") {
  std::vector<float> random(numbers_per_shape, .5f);
  std::vector<std::vector<float>> drawings;
  for (int label = 0; label < 10; ++label) drawings.push_back(drawn(label, random));
  for (std::size_t a = 0; a < 10; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      INFO(shape_classes()[a] << " and " << shape_classes()[b]);
      CHECK(difference(drawings[a], drawings[b]) > 0.04);
    }
  }
  for (const Outline& outline : outlines()) {
    INFO(outline.name);
    for (int i = 0; i < 360; ++i) {
      const float angle = float(i) / 180 * 3.14159265f;
      CHECK(outline.outside(1.1f * std::cos(angle), 1.1f * std::sin(angle)) > 0);
    }
  }
  REQUIRE(message_of([&] { drawn(10, random); }) == "draw_shape: label is 10, expected 0 to 9");
  REQUIRE(message_of([&] { drawn(-1, random); }) == "draw_shape: label is -1, expected 0 to 9");
}

TEST_CASE("what outlines say of known points", "[shapes]") {
  const auto at = [](std::string_view name, float x, float y) {
    for (const Outline& outline : outlines()) {
      if (outline.name == name) return outline.outside(x, y);
    }
    throw std::invalid_argument("no such shape");
  };
  CHECK(at("circle", .85f, 0) == Approx(0).margin(1e-6));
  CHECK(at("circle", 0, 0) == Approx(-.85));
  CHECK(at("ring", 0, 0) == Approx(.52));  // a hole
  CHECK(at("ring", 0, .72f) == Approx(-.2));
  CHECK(at("square", .94f, .1f) == Approx(.2));
  CHECK(at("triangle", 0, .9f) == Approx(.3));
  CHECK(at("triangle", 0, -.92f) == Approx(0).margin(1e-6));  // its tip is up
  CHECK(at("cross", .6f, .6f) == Approx(.31));
  CHECK(at("cross", .9f, 0) < 0);
  CHECK(at("star", 0, -1.05f) == Approx(0).margin(1e-6));
  CHECK(at("star", 0, .6f) > 0);  // between its legs
  CHECK(at("heart", 0, -.68f) > 0);
  CHECK(at("heart", .4f, -.4f) < 0);
  CHECK(at("moon", .5f, 0) > 0);
  CHECK(at("moon", -.8f, 0) < 0);
  CHECK(at("arrow", 0, .9f) < 0);
  CHECK(at("arrow", .6f, .5f) > 0);
  CHECK(at("flower", 0, -.56f) < 0);
  CHECK(at("flower", 0, 0) == Approx(.17));
}

TEST_CASE("shapes can be told apart by their edges", "[shapes]") {
  const Datasets data = shapes(1, 4000, 500);
  const Tensor nearest = argmax(matmul(edges(data.test.images), edges(data.train.images).t()), 1);
  const auto neighbours = nearest.data<Index>(), labels = data.train.labels.data<Index>();
  const auto truth = data.test.labels.data<Index>();
  std::array<int, 10> right{};
  for (std::size_t i = 0; i < truth.size(); ++i) {
    right[std::size_t(truth[i])] += labels[std::size_t(neighbours[i])] == truth[i];
  }
  for (std::size_t label = 0; label < 10; ++label) {
    INFO(shape_classes()[label]);
    CHECK(right[label] >= 35);  // of 50; by chance it would be 5
  }
}
