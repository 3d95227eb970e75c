#include <gradus/data/shapes.h>

#include <algorithm>
#include <array>
#include <cmath>

#include <gradus/core/error.h>
#include <gradus/core/random.h>
#include <gradus/data/outlines.h>
#include <gradus/kernels/parallel.h>

namespace gradus {
namespace {

constexpr int side = 32;
constexpr float turn = 6.2831853f;

using Colour = std::array<float, 3>;

// The usual double cone: hue around it in [0, 1), or beyond, where it goes on around.
Colour from_hsv(float hue, float saturation, float value) {
  Colour c;
  for (int i = 0; i < 3; ++i) {
    const float h = hue + float(3 - i) / 3, distance = std::abs(6 * (h - std::floor(h)) - 3);
    c[std::size_t(i)] = value * (1 - saturation * (1 - std::clamp(distance - 1, 0.f, 1.f)));
  }
  return c;
}

Colour mix(const Colour& a, const Colour& b, float t) {
  return {a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])};
}

// From 1 at `edge` pixels inside an outline to 0 at as many outside.
float cover(float outside, float edge) {
  const float t = std::clamp(.5f - outside / (2 * edge), 0.f, 1.f);
  return t * t * (3 - 2 * t);
}

// Waves along one direction, and a gradient along another.
struct Background {
  Colour from, to;
  float gx, gy, wx, wy, phase, height;

  // A light one or a dark one.
  Background(std::span<const float> u, bool light) {
    const float value = light ? .7f + .25f * u[2] : .12f + .25f * u[2];
    from = from_hsv(u[0], .1f + .4f * u[1], value);
    to = from_hsv(u[0] + .25f * (u[3] - .5f), .1f + .4f * u[1], value * (light ? .72f : 1.7f));
    gx = std::cos(turn * u[4]) / side, gy = std::sin(turn * u[4]) / side;
    const float length = 4 + 9 * u[6];
    wx = turn / length * std::cos(turn * u[5]), wy = turn / length * std::sin(turn * u[5]);
    phase = turn * u[7];
    height = .09f * u[8];
  }

  Colour at(float x, float y) const {
    const float t = .5f + gx * x + gy * y, wave = 1 + height * std::sin(wx * x + wy * y + phase);
    const Colour c = mix(from, to, t);
    return {wave * c[0], wave * c[1], wave * c[2]};
  }
};

// Where a shape stands, how large and how turned; lengths in pixels.
struct Pose {
  float x, y, size, c, s;

  explicit Pose(std::span<const float> u) {
    size = 8.5f + 4.5f * u[0];
    const float room = side / 2.f - size;
    x = room * (2 * u[1] - 1), y = room * (2 * u[2] - 1);
    const float angle = 1.1f * (u[3] - .5f);
    c = std::cos(angle) / size, s = std::sin(angle) / size;
  }

  // Far away any number that is larger than every edge will do.
  float outside(const Outline& outline, float px, float py) const {
    const float dx = px - x, dy = py - y, far = 1.1f * size + 3;
    if (dx * dx + dy * dy > far * far) return 3;
    return size * outline.outside(c * dx + s * dy, c * dy - s * dx);
  }
};

Dataset draw(Index n, Generator from) {
  constexpr Index pixels = 3 * side * side;
  Dataset set{empty({n, 3, side, side}), empty({n}, int64), shape_classes()};
  const Tensor order = randperm(n, from), random = rand({n, numbers_per_shape}, float32, from);
  const auto u = random.data<float>(), images = set.images.data<float>();
  const auto places = order.data<Index>(), labels = set.labels.data<Index>();
  kernels::parallel_ranges(n, 64, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      labels[i] = places[i] % 10;
      draw_shape(int(labels[i]), u.subspan(i * numbers_per_shape, numbers_per_shape),
                 images.subspan(i * pixels, pixels));
    }
  });
  return set;
}

}  // namespace

void draw_shape(int label, std::span<const float> random, std::span<float> pixels) {
  check(label >= 0 && label < 10, "draw_shape", "label is ", label, ", expected 0 to 9");
  const Outline& outline = outlines()[std::size_t(label)];
  const bool light = random[0] < .5f;
  const Background background(random.subspan(1, 9), light);
  const Pose pose(random.subspan(10, 4));
  const Colour colour = from_hsv(random[14], .65f + .35f * random[15], (light ? .45f : .75f) + .25f * random[16]);
  const float shine = .15f + .25f * random[17], rim = .3f * random[18], shadow = light ? .35f : .6f;
  for (int row = 0; row < side; ++row) {
    for (int column = 0; column < side; ++column) {
      const float x = float(column) - (side - 1) / 2.f, y = float(row) - (side - 1) / 2.f;
      const float outside = pose.outside(outline, x, y);
      Colour c = background.at(x, y);
      const float dark = shadow * cover(pose.outside(outline, x - 1.2f, y - 1.6f), 1.8f);
      c = mix(c, {0, 0, 0}, dark);
      // Light falls from the upper left; the rim is a little darker than the rest.
      const float lit = 1 - shine * ((x - pose.x) + (y - pose.y)) / (2 * pose.size) - rim * cover(-outside - 1.6f, .8f);
      c = mix(c, {lit * colour[0], lit * colour[1], lit * colour[2]}, cover(outside, .8f));
      for (std::size_t channel = 0; channel < 3; ++channel) {
        pixels[(channel * side + std::size_t(row)) * side + std::size_t(column)] =
            std::round(255 * std::clamp(c[channel], 0.f, 1.f)) / 255;
      }
    }
  }
}

const std::vector<std::string>& shape_classes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Outline& outline : outlines()) all.emplace_back(outline.name);
    return all;
  }();
  return names;
}

Datasets shapes(std::uint64_t seed, Index train, Index test) {
  // See Note [Streams] in digits.cpp.
  Generator training(seed), testing(seed);
  training.offset = std::uint64_t(1) << 62;
  testing.offset = training.offset + (std::uint64_t(1) << 61);
  return {draw(train, training), draw(test, testing)};
}

}  // namespace gradus
