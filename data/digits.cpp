#include <gradus/data/digits.h>

#include <algorithm>
#include <cmath>

#include <gradus/core/random.h>
#include <gradus/data/pen.h>
#include <gradus/data/strokes.h>
#include <gradus/kernels/parallel.h>

namespace gradus {
namespace {

constexpr int own = 12;  // numbers that are drawn before the two of each point
static_assert(own + 2 * max_pen_points <= numbers_per_digit);

// What one hand does to a skeleton, from the numbers drawn for it. Lengths in pixels; angles as slopes.
struct Hand {
  float slant, turn, height, width, right, down, thickness, taper, blur, ink, wobble;

  explicit Hand(std::span<const float> u) {
    auto between = [&u](std::size_t i, float low, float high) { return low + (high - low) * u[i]; };
    slant = between(1, -.2f, .5f);
    turn = between(2, -.2f, .2f);
    height = between(3, 16.f, 21.5f);
    width = height * between(4, .75f, 1.25f);
    right = between(5, -1.75f, 1.75f);
    down = between(6, -1.75f, 1.75f);
    thickness = between(7, .65f, 1.75f);
    taper = between(8, -.3f, .3f);
    blur = between(9, .5f, 1.1f);
    ink = between(10, .85f, 1.f);
    wobble = between(11, .025f, .085f);
  }
};

struct Box {
  float left = 1e9f, right = -1e9f, top = 1e9f, bottom = -1e9f;

  void add(PenPoint p) {
    left = std::min(left, p.x), right = std::max(right, p.x);
    top = std::min(top, p.y), bottom = std::max(bottom, p.y);
  }
};

// The skeleton's smooth way in pixels around (0, 0), each point of it moved by two of `u`.
Skeleton bend(const Skeleton& skeleton, const Hand& hand, std::span<const float> u) {
  std::size_t next = 0;
  auto wobble = [&] { return hand.wobble * (2 * u[next++] - 1); };
  Skeleton bent;
  for (Stroke stroke : skeleton) {
    for (PenPoint& p : stroke) {
      const float y = p.y + wobble() - .5f, x = p.x + wobble() - .3f - hand.slant * y;
      p.x = hand.width * x - hand.turn * hand.height * y;
      p.y = hand.height * y + hand.turn * hand.width * x;
    }
    bent.push_back(smoothed(stroke, 6));
  }
  return bent;
}

Dataset draw(Index n, Generator from) {
  constexpr Index pixels = Pen::side * Pen::side;
  Dataset set{empty({n, 1, Pen::side, Pen::side}), empty({n}, int64), digit_classes()};
  const Tensor order = randperm(n, from), random = rand({n, numbers_per_digit}, float32, from);
  const auto u = random.data<float>(), images = set.images.data<float>();
  const auto places = order.data<Index>(), labels = set.labels.data<Index>();
  kernels::parallel_ranges(n, 256, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      labels[i] = places[i] % 10;
      draw_digit(int(labels[i]), u.subspan(i * numbers_per_digit, numbers_per_digit),
                 images.subspan(i * pixels, pixels));
    }
  });
  return set;
}

}  // namespace

void draw_digit(int digit, std::span<const float> random, std::span<float> pixels) {
  const auto& ways = skeletons(digit);
  const std::size_t way = std::min(ways.size() - 1, std::size_t(random[0] * float(ways.size())));
  const Hand hand(random);
  const Skeleton strokes = bend(ways[way], hand, random.subspan(own));
  Box box;
  for (const Stroke& stroke : strokes) {
    for (PenPoint p : stroke) box.add(p);
  }
  const float widest = std::max(box.right - box.left, box.bottom - box.top);
  const float scale = std::min(1.f, 22.f / widest);  // what would not fit is written smaller
  const float middle = (Pen::side - 1) / 2.f;
  const float x0 = middle + hand.right - scale * (box.left + box.right) / 2;
  const float y0 = middle + hand.down - scale * (box.top + box.bottom) / 2;

  Pen pen;
  for (const Stroke& stroke : strokes) {
    for (std::size_t i = 0; i + 1 < stroke.size(); ++i) {
      const PenPoint a = stroke[i], b = stroke[i + 1];
      const float along = float(i) / float(stroke.size()) - .5f;  // the pen is pressed harder at one end
      pen.line(x0 + scale * a.x, y0 + scale * a.y, x0 + scale * b.x, y0 + scale * b.y,
               hand.thickness * (1 + hand.taper * 2 * along));
    }
  }
  pen.develop(hand.blur, hand.ink, pixels);
}

const std::vector<std::string>& digit_classes() {
  static const std::vector<std::string> names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  return names;
}

Datasets digits(std::uint64_t seed, Index train, Index test) {
  // Note [Streams]. Draws from one seed lie apart on its line of 2^64 counters: a program's own start at 0, the
  // built-in pictures at 2^62 (training) and 2^62 + 2^61 (test), the loader's at 2^63, fixed codes
  // (examples/program_adversarial.cpp) at 2^61.
  Generator training(seed), testing(seed);
  training.offset = std::uint64_t(1) << 62;
  testing.offset = training.offset + (std::uint64_t(1) << 61);
  return {draw(train, training), draw(test, testing)};
}

}  // namespace gradus
