#include <gradus/data/images.h>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include <gradus/core/error.h>
#include <gradus/core/files.h>

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS 16384
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

namespace gradus {
namespace {

constexpr Index largest_side = 16384, most_pixels = 1 << 27;  // beyond, stb counts bytes in too small a type

std::uint32_t word_at(std::string_view bytes, std::size_t at) {
  std::uint32_t word = 0;
  for (std::size_t i = at; i < at + 4; ++i) word = word << 8 | static_cast<std::uint8_t>(bytes[i]);
  return word;
}

// Throws Error unless the bytes are PNG from the first to the last part, each with the checksum that it says. stb_image
// looks at no checksum, and would decode a damaged picture into another one.
void check_png(const std::string& path, std::string_view bytes) {
  check(bytes.starts_with("\x89PNG\r\n\x1a\n"), "read_image", path, " is not a PNG file; convert it to PNG first");
  std::string_view rest = bytes.substr(8);
  for (bool first = true, last = false; !last; first = false) {
    // A part: the length of its data, its name, its data, a checksum of the last two.
    check(rest.size() >= 12 && word_at(rest, 0) <= rest.size() - 12, "read_image", path, " is cut short");
    const std::size_t length = word_at(rest, 0);
    const std::string_view name = rest.substr(4, 4);
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(name.data()), static_cast<uInt>(length + 4));
    check(sum == word_at(rest, length + 8), "read_image", path, " is damaged: a checksum in it is wrong");
    if (first) {
      check(name == "IHDR" && length == 13, "read_image", path, " is not a PNG file: it has no header");
      const std::uint32_t width = word_at(rest, 8), height = word_at(rest, 12);
      check(width >= 1 && height >= 1 && width <= largest_side && height <= largest_side, "read_image", path, " has ",
            width, " x ", height, " pixels, expected 1 to ", largest_side, " a side");
      check(Index(width) * Index(height) <= most_pixels, "read_image", path, " has ", width, " x ", height,
            " pixels, expected at most ", most_pixels, " in all");
    }
    last = name == "IEND";
    rest.remove_prefix(length + 12);
  }
}

// One pixel of four samples, red, green, blue and how opaque it is, as the sample of each channel.
template <class Put>
void mix(const std::uint16_t* pixel, int channels, Put&& put) {
  const std::uint32_t opaque = pixel[3];
  std::array<std::uint32_t, 3> color{};
  for (int c = 0; c < 3; ++c) color[c] = (pixel[c] * opaque + 65535 * (65535 - opaque) + 32767) / 65535;
  if (channels == 1) color[0] = (299 * color[0] + 587 * color[1] + 114 * color[2] + 500) / 1000;
  for (int c = 0; c < channels; ++c) put(c, static_cast<float>(color[c]) / 65535);
}

// What the inputs from `first` on weigh in one output; the weights add up to 1.
struct Window {
  Index first = 0;
  std::vector<double> weights;
};

Window window(Index i, Index inputs, Index outputs) {
  const double scale = static_cast<double>(inputs) / static_cast<double>(outputs), reach = std::max(scale, 1.0);
  const double center = (static_cast<double>(i) + 0.5) * scale;
  const auto first = std::max<Index>(static_cast<Index>(std::floor(center - reach)), 0);
  const auto end = std::min(static_cast<Index>(std::ceil(center + reach)), inputs);
  Window w{first, {}};
  double total = 0;
  for (Index j = first; j < end; ++j) {
    w.weights.push_back(std::max(0.0, 1 - std::abs(static_cast<double>(j) + 0.5 - center) / reach));
    total += w.weights.back();
  }
  for (double& weight : w.weights) weight /= total;
  return w;
}

// x with dimension d of n outputs instead of its m inputs.
Tensor resized(const Tensor& x, int d, Index n) {
  const Around in = around(x.shape(), d, d + 1);
  if (in.n == n) return x.clone();
  Tensor y = empty(x.shape().with(d, n));
  const auto from = x.data<float>(), to = y.data<float>();
  for (Index i = 0; i < n; ++i) {
    const Window w = window(i, in.n, n);
    for (Index outer = 0; outer < in.outer; ++outer) {
      for (Index inner = 0; inner < in.inner; ++inner) {
        double sum = 0;
        const float* input = &from[static_cast<std::size_t>((outer * in.n + w.first) * in.inner + inner)];
        for (const double weight : w.weights) {
          sum += weight * static_cast<double>(*input);
          input += in.inner;
        }
        to[static_cast<std::size_t>((outer * n + i) * in.inner + inner)] = static_cast<float>(sum);
      }
    }
  }
  return y;
}

}  // namespace

Tensor read_image(const std::string& path, int channels) {
  check(channels == 1 || channels == 3, "read_image", "channels must be 1 (grey) or 3 (red, green, blue), not ",
        channels);
  const std::string bytes = read_file(path, std::numeric_limits<int>::max());
  check_png(path, bytes);
  int width = 0, height = 0, in_file = 0;
  // Asked for 16 bits, stb multiplies samples of 8 by 257, and v * 257 / 65535 is v / 255.
  const std::unique_ptr<std::uint16_t, void (*)(void*)> pixels(
      stbi_load_16_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()), static_cast<int>(bytes.size()), &width,
                               &height, &in_file, 4),
      stbi_image_free);
  check(pixels != nullptr, "read_image", path, " could not be decoded: ", stbi_failure_reason());
  Tensor image = empty({channels, height, width});
  const auto samples = image.data<float>();
  const std::size_t count = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
  for (std::size_t i = 0; i < count; ++i) {
    mix(pixels.get() + 4 * i, channels,
        [&](int c, float sample) { samples[static_cast<std::size_t>(c) * count + i] = sample; });
  }
  return image;
}

Tensor resize_image(const Tensor& image, Index height, Index width) {
  check(image.dim() == 3 && image.numel() > 0, "resize_image", "expected an image [channels, h, w], got shape ",
        image.shape());
  check(height >= 1 && width >= 1 && height <= largest_side && width <= largest_side, "resize_image",
        "the sides must be 1 to ", largest_side, " pixels, not ", height, " x ", width);
  image.data<float>();  // throws for another dtype or device
  return resized(resized(image.detach(), 2, width), 1, height);
}

}  // namespace gradus
