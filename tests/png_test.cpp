// PNG pictures, and tiles.
#include "catch.h"

#include <cmath>
#include <limits>

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

#include <gradus/core/tensor.h>
#include <gradus/report/tiles.h>

namespace gradus {
static std::ostream& operator<<(std::ostream& out, Rgb color) {
  return out << int{color.r} << ' ' << int{color.g} << ' ' << int{color.b};
}
}  // namespace gradus

using namespace gradus;

namespace {

// A PNG read by a decoder that is not ours.
struct Decoded {
  int width = 0, height = 0, channels = 0;
  std::vector<unsigned char> rgb;
  explicit Decoded(const std::string& png) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(png.data());
    unsigned char* pixels = stbi_load_from_memory(bytes, static_cast<int>(png.size()), &width, &height, &channels, 3);
    REQUIRE(pixels != nullptr);
    rgb.assign(pixels, pixels + 3 * width * height);
    stbi_image_free(pixels);
  }
  Rgb operator()(int x, int y) const {
    const unsigned char* p = &rgb[3 * (static_cast<std::size_t>(y) * width + x)];
    return {p[0], p[1], p[2]};
  }
};

Decoded decoded(const Image& image) { return Decoded(encode_png(image)); }

constexpr Rgb gap{128, 128, 128}, blue{33, 102, 172}, red{178, 24, 43}, magenta{255, 0, 255};
const double undefined = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("a PNG holds the picture's pixels", "[png]") {
  Image image(3, 2);
  image(0, 0) = {1, 2, 3};
  image(2, 0) = {255, 0, 0};
  image(1, 1) = {0, 0, 255};
  const Decoded png = decoded(image);
  REQUIRE(png.width == 3);
  REQUIRE(png.height == 2);
  CHECK(png.channels == 3);
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 3; ++x) CHECK(png(x, y) == image(x, y));
}

TEST_CASE("a grey picture takes one channel", "[png]") {
  Image image(5, 4, {7, 7, 7});
  image(4, 3) = {200, 200, 200};
  const Decoded png = decoded(image);
  CHECK(png.channels == 1);
  CHECK(png(0, 0) == Rgb{7, 7, 7});
  CHECK(png(4, 3) == Rgb{200, 200, 200});
}

TEST_CASE("drawing stays inside the picture", "[png]") {
  Image image(4, 4);
  image.fill(-2, -2, 3, 3, black);
  image.fill(3, 3, 100, 100, black);
  image.paste(Image(2, 2, {9, 9, 9}), 3, -1);
  image.text(-3, 2, "outside and far beyond the right edge");
  CHECK(image(0, 0) == black);
  CHECK(image(1, 1) == white);
  CHECK(image(3, 3) == black);
  CHECK(image(3, 0) == Rgb{9, 9, 9});
  CHECK(message_of([] { Image(0, 5); }) == "image: the sides must be 1 to 16384 pixels, not 0 x 5");
  CHECK(message_of([] { Image(5, 20000); }) == "image: the sides must be 1 to 16384 pixels, not 5 x 20000");
}

TEST_CASE("text leaves ink inside its width and height", "[png]") {
  const auto ink = [](const std::string& words) {
    Image image(200, 40);
    image.text(10, 10, words);
    int count = 0, outside = 0;
    for (int y = 0; y < 40; ++y)
      for (int x = 0; x < 200; ++x)
        if (image(x, y) == black) {
          ++count;
          outside += x < 10 || x >= 10 + text_width(words) || y < 10 || y >= 10 + text_height;
        }
    CHECK(outside == 0);
    return count;
  };
  CHECK(ink("") == 0);
  CHECK(ink(" ") == 0);
  CHECK(ink("l") > 4);
  CHECK(ink("reconstructed, |w| = 0.04") > 100);
  CHECK(ink("gjpqy~") > 30);
  CHECK(text_width("clean clean") > text_width("clean"));
  CHECK(ink("\xc3\xa9\n") == ink("??"));  // one character of two bytes, and one that is no picture
}

TEST_CASE("tiles lie row by row with gaps", "[png]") {
  const Tensor images = tensor({0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1}, {3, 4});
  const Decoded png = decoded(tiles(images, grey(), {.columns = 2, .gap = 1}));
  REQUIRE(png.width == 5);
  REQUIRE(png.height == 5);
  const std::vector<std::vector<Rgb>> expected = {{black, white, gap, white, white},
                                                  {white, black, gap, black, black},
                                                  {gap, gap, gap, gap, gap},
                                                  {black, black, gap, gap, gap},
                                                  {white, white, gap, gap, gap}};
  for (int y = 0; y < 5; ++y)
    for (int x = 0; x < 5; ++x) {
      INFO(x << ", " << y);
      CHECK(png(x, y) == expected[y][x]);
    }
}

TEST_CASE("tiles are as square as can be, and zoom", "[png]") {
  const Image square = tiles(zeros({400, 784}));
  CHECK(square.width() == 20 * 28 + 19);
  CHECK(square.height() == 20 * 28 + 19);
  const Image five = tiles(zeros({5, 1, 2, 3}), grey(), {.zoom = 4, .gap = 2});
  CHECK(five.width() == 3 * 12 + 2 * 2);
  CHECK(five.height() == 2 * 8 + 2);
  const Image wide = tiles(zeros({2, 4}), grey(), {.columns = 50, .gap = 0});
  CHECK(wide.width() == 4);
  CHECK(wide.height() == 2);
  const Image zoomed = tiles(tensor({0, 1, 1, 0}, {1, 4}), grey(), {.zoom = 2});
  CHECK(zoomed(1, 1) == black);
  CHECK(zoomed(2, 1) == white);
  CHECK(zoomed(1, 2) == white);
  CHECK(zoomed(3, 3) == black);
}

TEST_CASE("grey maps low to black and high to white", "[png]") {
  const Tensor values = tensor({-5, -1, 0, 1, 3, 100, undefined, infinity, -infinity}, {1, 9}, float64);
  const Image image = tiles(values, grey(-1, 3));
  CHECK(image(0, 0) == black);
  CHECK(image(1, 0) == black);
  CHECK(image(2, 0) == Rgb{64, 64, 64});  // a quarter of 255, rounded
  CHECK(image(0, 1) == Rgb{128, 128, 128});
  CHECK(image(1, 1) == white);
  CHECK(image(2, 1) == white);
  CHECK(image(0, 2) == magenta);
  CHECK(image(1, 2) == white);
  CHECK(image(2, 2) == black);
  CHECK(tiles(tensor({0, 1, 0, 1}, {4, 1}, int64), grey())(2, 0) == white);
}

TEST_CASE("magnitude and signed colours share one scale in a picture", "[png]") {
  const Tensor values = tensor({-4, 0, 2, 1, 0, infinity, 4, -2}, {2, 4}, float64);
  const Image size = tiles(values, magnitude(), {.columns = 2});
  CHECK(size(0, 0) == white);
  CHECK(size(1, 0) == black);
  CHECK(size(0, 1) == Rgb{128, 128, 128});
  CHECK(size(3, 1) == white);
  CHECK(size(4, 1) == Rgb{128, 128, 128});  // 2 looks the same in both tiles
  CHECK(size(4, 0) == white);               // infinity is beyond the scale and does not set it

  // Five shades, so that one lies exactly half way.
  const Image sign = tiles(values, signed_colors(), {.columns = 2, .shades = 5});
  CHECK(sign(0, 0) == blue);
  CHECK(sign(1, 0) == white);
  CHECK(sign(3, 1) == red);
  CHECK(sign(4, 1) == Rgb{144, 179, 214});  // half way from white to blue
  CHECK(sign(0, 1) == Rgb{217, 140, 149});  // and to red

  CHECK(tiles(values, signed_colors(8), {.columns = 2, .shades = 5})(3, 1) == Rgb{217, 140, 149});
  CHECK(tiles(zeros({1, 4}), signed_colors())(1, 1) == white);
  CHECK(tiles(zeros({1, 4}), magnitude())(1, 1) == black);
  CHECK(largest_magnitude(values) == 4);
  CHECK(largest_magnitude(tensor({undefined, -infinity}, {2})) == 0);
}

TEST_CASE("fewer shades keep the ends and make smaller files", "[png]") {
  std::vector<double> ramp(1024);
  for (int i = 0; i < 1024; ++i) ramp[i] = std::abs(std::sin(i * i));  // no pattern to compress
  const Tensor values = tensor(std::span<const double>(ramp), {1, 1024});
  const Image fine = tiles(values, grey()), coarse = tiles(values, grey(), {.shades = 5});
  for (int i = 0; i < 1024; ++i) {
    const int shade = coarse(i % 32, i / 32).r;
    CHECK((shade == 0 || shade == 64 || shade == 128 || shade == 191 || shade == 255));
  }
  CHECK(encode_png(coarse).size() * 2 < encode_png(fine).size());
  const Image two = tiles(tensor({0, 0.4, 0.6, 1}, {1, 4}), grey(), {.shades = 2});
  CHECK(two(0, 0) == black);
  CHECK(two(1, 0) == black);
  CHECK(two(0, 1) == white);
  CHECK(two(1, 1) == white);
}

TEST_CASE("images of three channels keep their colours", "[png]") {
  const Image image = tiles(tensor({1, 0, 0, 1, undefined, 0}, {1, 3, 1, 2}, float64));
  CHECK(image(0, 0) == Rgb{255, 0, 255});
  CHECK(image(1, 0) == Rgb{0, 255, 0});
}

TEST_CASE("tiles refuses what is no image", "[png]") {
  const auto refusal = [](const Shape& shape, const Coloring& coloring = grey()) {
    return message_of([&] { tiles(zeros(shape), coloring); });
  };
  const std::string hint = "; reshape it to [n, 1, h, w]";
  CHECK(refusal({4, 5}) == "tiles: expected [n, side * side], [n, 1, h, w] or [n, 3, h, w], got [4, 5]" + hint);
  CHECK(refusal({4}) == "tiles: expected [n, side * side], [n, 1, h, w] or [n, 3, h, w], got [4]" + hint);
  CHECK(refusal({4, 2, 3, 3}) ==
        "tiles: expected [n, side * side], [n, 1, h, w] or [n, 3, h, w], got [4, 2, 3, 3]" + hint);
  CHECK(refusal({4, 3, 5, 5}, magnitude()) ==
        "tiles: expected [n, side * side], [n, 1, h, w], got [4, 3, 5, 5]" + hint);
  CHECK(refusal({0, 784}) == "tiles: there is no image in a tensor of shape [0, 784]");
  CHECK(message_of([] { tiles(Tensor()); }).find("undefined") != std::string::npos);
  const auto option = [](TileOptions options) { return message_of([&] { tiles(zeros({1, 4}), grey(), options); }); };
  CHECK(option({.columns = -1}) == "tiles: columns must be at least 0 (0 chooses), not -1");
  CHECK(option({.zoom = 0}) == "tiles: zoom must be 1 to 64, not 0");
  CHECK(option({.gap = -1}) == "tiles: gap must be 0 to 64, not -1");
  CHECK(option({.shades = 1}) == "tiles: shades must be 2 to 256, not 1");
  CHECK(message_of([] {
          tiles(zeros({1000, 784}), grey(), {.columns = 1000});
        }) == "tiles: 1000 images in 1000 columns make a picture of 28999 x 28 pixels, more than 16384 a side");
  CHECK(message_of([] { grey(1, 1); }) == "grey: low must be less than high, got 1 and 1");
  CHECK(message_of([] { magnitude(-1); }) == "magnitude: the largest value must be a number of at least 0, not -1");
  CHECK(message_of([] { signed_colors(undefined); }).find("signed_colors: the largest value") == 0);
  CHECK(message_of([] { side_by_side({}); }) == "side_by_side: there is no picture");
}

TEST_CASE("pictures stand side by side under their titles", "[png]") {
  const Image first(50, 30, {10, 20, 30}), second(20, 60, {40, 50, 60});
  const std::string title = "a title wider than its picture";
  const Image row = side_by_side({{"clean", first}, {title, second}});
  const int top = 8 + text_height + 4;
  CHECK(row.width() == 8 + 50 + 8 + text_width(title) + 8);
  CHECK(row.height() == top + 60 + 8);
  CHECK(row(8, top) == Rgb{10, 20, 30});
  CHECK(row(57, top + 29) == Rgb{10, 20, 30});
  CHECK(row(58, top) == white);
  CHECK(row(66, top + 59) == Rgb{40, 50, 60});
  CHECK(row(66, top + 60) == white);
  int ink = 0;
  for (int x = 0; x < row.width(); ++x)
    for (int y = 8; y < top; ++y) ink += row(x, y) == black;
  CHECK(ink > 100);
}
