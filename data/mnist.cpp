#include <gradus/data/mnist.h>

#include <filesystem>
#include <string>

#include <gradus/core/error.h>
#include <gradus/data/digits.h>
#include <gradus/data/idx.h>

namespace gradus {
namespace {

namespace fs = std::filesystem;

constexpr Index side = 28;

// The file of this name, or with .gz; an empty path where there is neither.
fs::path find(const fs::path& dir, const std::string& name) {
  std::error_code ignored;
  for (const fs::path& path : {dir / "mnist" / name, dir / "mnist" / (name + ".gz")}) {
    if (fs::exists(path, ignored)) return path;
  }
  return {};
}

IdxFile open(const fs::path& dir, const std::string& name, int rank) {
  const fs::path path = find(dir, name);
  check(!path.empty(), "mnist", "there is neither ", name, " nor ", name, ".gz in ", (dir / "mnist").string());
  return IdxFile(path, rank);
}

Tensor read_images(IdxFile&& file) {
  const auto& e = file.extents();
  check(e[1] == side && e[2] == side, "mnist", file.name(), " holds images of ", e[1], "x", e[2], ", expected 28x28");
  check(e[0] > 0, "mnist", file.name(), " holds no images");
  Tensor images = empty({e[0], 1, side, side});
  const auto pixels = images.data<float>();
  file.read([&](Index offset, std::span<const std::uint8_t> bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) pixels[std::size_t(offset) + i] = float(bytes[i]) / 255;
  });
  return images;
}

Tensor read_labels(IdxFile&& file, Index expected) {
  const Index n = file.extents()[0];
  check(n == expected, "mnist", file.name(), " holds ", n, " labels for ", expected, " images");
  Tensor labels = empty({n}, int64);
  const auto numbers = labels.data<Index>();
  file.read([&](Index offset, std::span<const std::uint8_t> bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      check(bytes[i] <= 9, "mnist", file.name(), " has label ", int(bytes[i]), " at ", offset + Index(i),
            ", expected 0 to 9");
      numbers[std::size_t(offset) + i] = bytes[i];
    }
  });
  return labels;
}

Dataset read(const fs::path& dir, const std::string& part) {
  Dataset set;
  set.images = read_images(open(dir, part + "-images-idx3-ubyte", 3));
  set.labels = read_labels(open(dir, part + "-labels-idx1-ubyte", 1), set.size());
  set.classes = digit_classes();
  return set;
}

}  // namespace

Datasets mnist(const std::string& dir) { return {read(dir, "train"), read(dir, "t10k")}; }

bool has_mnist(const std::string& dir) {
  for (const char* part : {"train", "t10k"}) {
    for (const char* kind : {"-images-idx3-ubyte", "-labels-idx1-ubyte"}) {
      if (!find(dir, std::string(part) + kind).empty()) return true;
    }
  }
  return false;
}

}  // namespace gradus
