#include <gradus/data/strokes.h>

#include <array>
#include <cstddef>
#include <sstream>
#include <string>

#include <gradus/core/error.h>

namespace gradus {
namespace {

// For each digit the ways of writing it: points x,y in hundredths, with ! where the pen turns sharply and | where it is
// lifted.
constexpr const char* written[10][4] = {
    {
        "32,0 10,12 1,42 6,80 28,100 52,84 60,46 52,12 31,1",
        "38,2 18,14 6,50 12,88 30,100 48,80 52,40 42,8 30,2",
        "46,12 26,2 6,22 0,60 14,96 42,96 62,62 58,20 38,0 24,6",
    },
    {
        "30,0 30,50 30,100",
        "34,0 29,50 28,100",
        "12,22 33,0! 32,50 32,100",
        "14,22 32,0! 32,50 32,100 | 10,100 32,99 54,100",
    },
    {
        "4,22 20,2 46,4 56,26 42,56 20,80 2,98! 30,97 62,98",
        "6,16 24,0 48,8 52,30 38,58 18,86 4,94 2,80 16,76 34,90 66,96",
        "2,10 30,0 52,14 50,40 28,70 0,100! 24,90 42,98 62,90",
    },
    {
        "6,12 28,0 50,12 46,36 22,47! 46,54 56,76 38,98 14,98 2,86",
        "6,2 28,3 52,2! 38,22 24,40! 48,48 56,72 38,97 14,98 2,88",
        "4,16 26,0 46,14 40,38 22,50 30,47 54,60 54,86 28,100 0,92",
    },
    {
        "14,2 6,32 4,56! 30,57 56,54 | 52,0 48,50 44,100",
        "42,0! 22,30 0,64! 34,66 66,62 | 42,0 42,50 42,100",
        "10,0 4,28 10,48 32,50 50,36 | 54,4 50,50 50,100",
    },
    {
        "14,2! 11,22 9,44! 32,40 54,56 52,82 28,100 2,92 | 14,2 34,3 58,1",
        "56,2 36,2 16,4! 12,22 8,42! 34,42 52,62 44,90 20,100 0,90",
        "64,0 42,3 26,8 18,26 22,42 42,56 44,82 24,98 2,96",
    },
    {
        "44,0 20,24 4,58 10,90 32,100 52,86 50,62 30,54 12,70",
        "26,0 10,30 2,66 14,96 36,98 50,80 42,60 24,60 6,80",
        "56,6 34,6 10,34 2,68 16,96 42,96 54,74 38,54 14,60 4,76",
    },
    {
        "2,3 28,4 58,2! 38,46 22,100",
        "0,14! 4,2! 30,4 56,4! 42,40 34,100",
        "0,4 30,4 60,0! 40,44 20,100 | 14,52 34,50 56,48",
        "0,16 22,2 44,8 58,4! 44,46 38,100",
    },
    {
        "50,10 28,0 10,16 20,40 44,60 50,84 28,100 8,86 16,60 42,36 50,12",
        "30,0 12,8 12,34 30,45 48,32 46,8 30,0 | 30,45 6,58 6,88 30,100 54,86 52,58 30,45",
        "56,4 30,2 14,18 28,40 40,66 36,94 16,98 10,76 30,48 58,6",
    },
    {
        "50,12 30,0 8,16 8,42 28,50 46,34 52,8! 48,54 42,100",
        "52,20 36,0 10,10 4,36 22,50 46,36 54,16 52,54 38,92 10,96",
        "46,6 20,4 4,26 16,46 38,36 48,6! 46,50 48,100",
    },
};

Skeleton parse(const char* text) {
  Skeleton skeleton(1);
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (word == "|") {
      skeleton.emplace_back();
    } else {
      std::size_t x_end = 0;
      const int x = std::stoi(word, &x_end), y = std::stoi(word.substr(x_end + 1));
      skeleton.back().push_back({float(x) / 100, float(y) / 100, word.back() == '!'});
    }
  }
  return skeleton;
}

std::array<std::vector<Skeleton>, 10> parse_all() {
  std::array<std::vector<Skeleton>, 10> all;
  for (std::size_t digit = 0; digit < all.size(); ++digit) {
    for (const char* way : written[digit]) {
      if (way != nullptr) all[digit].push_back(parse(way));
    }
  }
  return all;
}

// The point at t in [0, 1] between b and c on the Catmull-Rom spline through a, b, c and d.
PenPoint spline(PenPoint a, PenPoint b, PenPoint c, PenPoint d, float t) {
  auto along = [t](float p, float q, float r, float s) {
    return .5f * (2 * q + t * (r - p + t * (2 * p - 5 * q + 4 * r - s + t * (3 * (q - r) + s - p))));
  };
  return {along(a.x, b.x, c.x, d.x), along(a.y, b.y, c.y, d.y)};
}

}  // namespace

const std::vector<Skeleton>& skeletons(int digit) {
  static const auto all = parse_all();
  check(digit >= 0 && digit < 10, "skeletons", "digit is ", digit, ", expected 0 to 9");
  return all[std::size_t(digit)];
}

Stroke smoothed(const Stroke& stroke, int pieces) {
  Stroke way{stroke.front()};
  for (std::size_t i = 0; i + 1 < stroke.size(); ++i) {
    const PenPoint b = stroke[i], c = stroke[i + 1];
    const PenPoint a = i == 0 || b.corner ? b : stroke[i - 1];
    const PenPoint d = i + 2 == stroke.size() || c.corner ? c : stroke[i + 2];
    for (int k = 1; k <= pieces; ++k) way.push_back(spline(a, b, c, d, float(k) / float(pieces)));
  }
  return way;
}

}  // namespace gradus
