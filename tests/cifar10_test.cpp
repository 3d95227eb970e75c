// The CIFAR-10 reader on small files: right ones, and every way in which one can be wrong.
#include "catch.h"

#include <gradus/data/cifar10.h>

#include "cifar10_files.h"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

// What reading the small CIFAR-10 says when one of its files holds `bytes` instead.
std::string message_for(const std::string& name, const Bytes& bytes) {
  TempDir dir;
  write_small_cifar10(dir.path());
  const fs::path path = dir.path() / "cifar-10-batches-bin" / name;
  write_file(path, bytes);
  std::string message = message_of([&] { cifar10(dir.path()); });
  const std::string begin = "cifar10: " + path.string() + " ";
  if (message.empty()) return message;
  CHECK(message.compare(0, begin.size(), begin) == 0);
  return message.substr(begin.size());
}

}  // namespace

TEST_CASE("cifar10 reads records in the order of the files", "[cifar10]") {
  TempDir dir;
  write_small_cifar10(dir.path());
  const Datasets data = cifar10(dir.path());
  REQUIRE(data.train.images.shape() == Shape{15, 3, 32, 32});
  REQUIRE(data.train.images.dtype() == float32);
  REQUIRE(data.train.labels.dtype() == int64);
  REQUIRE(data.test.images.shape() == Shape{2, 3, 32, 32});
  const std::vector<Index> labels{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4};
  REQUIRE(data.train.labels.to_vector<Index>() == labels);
  REQUIRE(data.test.labels.to_vector<Index>() == std::vector<Index>{5, 6});
  for (const auto& [images, first] : {std::pair(data.train.images, 0), std::pair(data.test.images, 15)}) {
    const auto pixels = images.to_vector<float>();
    bool equal = true;
    for (std::size_t k = 0; k < pixels.size(); ++k) {
      const auto i = std::size_t(first) + k / 3072, p = k % 3072;  // p runs over planes, then rows, then columns
      equal = equal && pixels[k] == float((5 * i + p) % 256) / 255.f;
    }
    REQUIRE(equal);
  }
  REQUIRE(data.train.classes == cifar10_classes());
  REQUIRE(data.test.classes == cifar10_classes());
  REQUIRE(data.train.classes.size() == 10);
  REQUIRE(data.train.classes[1] == "automobile");
}

TEST_CASE("cifar10 reads files of more records than it reads at once", "[cifar10]") {
  TempDir dir;
  write_small_cifar10(dir.path());
  write_file(dir.path() / "cifar-10-batches-bin/test_batch.bin", cifar10_bytes(2345));
  const Dataset test = cifar10(dir.path()).test;
  REQUIRE(test.size() == 2345);
  REQUIRE(test.labels.data<Index>()[2344] == 4);
  REQUIRE(test.images.data<float>().back() == float((5 * 2344 + 3071) % 256) / 255.f);
}

TEST_CASE("cifar10 names a file that is missing", "[cifar10]") {
  for (const char* name : {"data_batch_1.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"}) {
    TempDir dir;
    write_small_cifar10(dir.path());
    const fs::path folder = dir.path() / "cifar-10-batches-bin";
    fs::remove(folder / name);
    REQUIRE(message_of([&] { cifar10(dir.path()); }) ==
            std::string("cifar10: there is no ") + name + " in " + folder.string());
    fs::create_directory(folder / name);
    REQUIRE(message_of([&] { cifar10(dir.path()); }) == "cifar10: " + (folder / name).string() + " is not a file");
  }
}

TEST_CASE("cifar10 refuses files that are not what they should be", "[cifar10]") {
  const Bytes three = cifar10_bytes(3);
  REQUIRE(message_for("data_batch_2.bin", three) == "");  // so that what follows fails for its own reason

  const std::string no_multiple = ", which is no multiple of 3073 (a label and 3x32x32 pixels); is it cut short?";
  REQUIRE(message_for("data_batch_2.bin", {}) == "has 0 bytes" + no_multiple);
  REQUIRE(message_for("test_batch.bin", {}) == "has 0 bytes" + no_multiple);
  REQUIRE(message_for("data_batch_5.bin", Bytes(three.begin(), three.end() - 1)) == "has 9218 bytes" + no_multiple);
  REQUIRE(message_for("data_batch_1.bin", Bytes(three.begin(), three.begin() + 3072)) ==
          "has 3072 bytes" + no_multiple);
  REQUIRE(message_for("test_batch.bin", Bytes(3 * 3074)) == "has 9222 bytes" + no_multiple);  // CIFAR-100's records
  REQUIRE(message_for("data_batch_3.bin", Bytes(three.begin(), three.begin() + 2 * 3073)) ==
          "holds 2 images and another training batch 3; is it cut short?");

  Bytes mislabelled = three;
  mislabelled[2 * 3073] = 10;
  REQUIRE(message_for("data_batch_4.bin", mislabelled) == "has label 10 at 2, expected 0 to 9");
  mislabelled[0] = 255;
  REQUIRE(message_for("test_batch.bin", mislabelled) == "has label 255 at 0, expected 0 to 9");
}

TEST_CASE("has_cifar10 sees any of the files", "[cifar10]") {
  TempDir dir;
  REQUIRE_FALSE(has_cifar10(dir.path()));
  fs::create_directories(dir.path() / "cifar-10-batches-bin");
  REQUIRE_FALSE(has_cifar10(dir.path()));
  write_file(dir.path() / "cifar-10-batches-bin/test_batch.bin", {1});
  REQUIRE(has_cifar10(dir.path()));
}
