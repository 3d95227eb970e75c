#include <gradus/data/cifar10.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>

#include <gradus/core/error.h>

namespace gradus {
namespace {

namespace fs = std::filesystem;

constexpr Index side = 32, pixels = 3 * side * side, record = 1 + pixels;
const std::vector<std::string> training = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                           "data_batch_4.bin", "data_batch_5.bin"};
const std::vector<std::string> testing = {"test_batch.bin"};

fs::path folder(const std::string& dir) { return fs::path(dir) / "cifar-10-batches-bin"; }

// How many images are in a file.
Index count(const fs::path& path) {
  std::error_code error;
  check(fs::exists(path, error), "cifar10", "there is no ", path.filename().string(), " in ",
        path.parent_path().string());
  check(fs::is_regular_file(path, error), "cifar10", path.string(), " is not a file");
  const std::uintmax_t bytes = fs::file_size(path, error);
  check(!error, "cifar10", path.string(), " could not be read: ", error.message());
  check(bytes > 0 && bytes % record == 0, "cifar10", path.string(), " has ", bytes,
        " bytes, which is no multiple of 3073 (a label and 3x32x32 pixels); is it cut short?");
  return Index(bytes) / record;
}

// Reads a file's records into as many images and labels.
void read_batch(const fs::path& path, std::span<float> images, std::span<Index> labels) {
  std::ifstream file(path, std::ios::binary);
  check(file.is_open(), "cifar10", path.string(), " could not be opened; is reading it allowed?");
  std::vector<std::uint8_t> block(std::min<std::size_t>(labels.size(), 1000) * record);
  for (std::size_t done = 0; done < labels.size();) {
    const std::size_t n = std::min(labels.size() - done, block.size() / record);
    file.read(reinterpret_cast<char*>(block.data()), std::streamsize(n * record));
    check(file.gcount() == std::streamsize(n * record), "cifar10", path.string(), " could not be read to its end");
    for (std::size_t i = 0; i < n; ++i, ++done) {
      const auto bytes = std::span<const std::uint8_t>(block).subspan(i * record, record);
      check(bytes[0] <= 9, "cifar10", path.string(), " has label ", int(bytes[0]), " at ", done, ", expected 0 to 9");
      labels[done] = bytes[0];
      std::ranges::transform(bytes.subspan(1), images.begin() + std::ptrdiff_t(done * pixels),
                             [](std::uint8_t byte) { return float(byte) / 255; });
    }
  }
}

Dataset read(const fs::path& dir, const std::vector<std::string>& names) {
  std::vector<Index> counts;
  for (const std::string& name : names) counts.push_back(count(dir / name));
  const Index most = std::ranges::max(counts);
  Index total = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    check(counts[i] == most, "cifar10", (dir / names[i]).string(), " holds ", counts[i],
          " images and another training batch ", most, "; is it cut short?");
    total += counts[i];
  }
  Dataset set{empty({total, 3, side, side}), empty({total}, int64), cifar10_classes()};
  auto images = set.images.data<float>();
  auto labels = set.labels.data<Index>();
  for (const std::string& name : names) {
    read_batch(dir / name, images.first(std::size_t(most * pixels)), labels.first(std::size_t(most)));
    images = images.subspan(std::size_t(most * pixels));
    labels = labels.subspan(std::size_t(most));
  }
  return set;
}

}  // namespace

Datasets cifar10(const std::string& dir) { return {read(folder(dir), training), read(folder(dir), testing)}; }

bool has_cifar10(const std::string& dir) {
  std::error_code ignored;
  const auto there = [&](const std::string& name) { return fs::exists(folder(dir) / name, ignored); };
  return std::ranges::any_of(training, there) || std::ranges::any_of(testing, there);
}

const std::vector<std::string>& cifar10_classes() {
  static const std::vector<std::string> names = {"airplane", "automobile", "bird",  "cat",  "deer",
                                                 "dog",      "frog",       "horse", "ship", "truck"};
  return names;
}

}  // namespace gradus
