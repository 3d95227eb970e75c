// Where data come from: what is named must be there, and nothing else is taken silently.
#include "catch.h"

#include <cstdlib>
#include <optional>

#include <gradus/data/source.h>

#include "cifar10_files.h"

using namespace gradus;
namespace fs = std::filesystem;

namespace {

// While one is alive: another working directory, and GRADUS_DATA set to `data` or not at all.
class Surroundings {
 public:
  Surroundings(const fs::path& dir, const std::optional<std::string>& data) : dir_(fs::current_path()) {
    if (const char* before = std::getenv("GRADUS_DATA")) data_ = before;
    fs::current_path(dir);
    set(data);
  }
  ~Surroundings() {
    fs::current_path(dir_);
    set(data_);
  }

 private:
  static void set(const std::optional<std::string>& data) {
    if (data) {
      setenv("GRADUS_DATA", data->c_str(), 1);
    } else {
      unsetenv("GRADUS_DATA");
    }
  }
  fs::path dir_;
  std::optional<std::string> data_;
};

bool starts_with(const std::string& text, const std::string& begin) {
  return text.compare(0, begin.size(), begin) == 0;
}

}  // namespace

TEST_CASE("--data goes before GRADUS_DATA, and that before ./datasets", "[source]") {
  TempDir a, b, c, empty;
  for (const TempDir* dir : {&a, &b, &c}) write_small_mnist(dir->path());
  const std::string none = empty.path().string();
  REQUIRE(data_directory(a.path().string(), b.path().string(), c.path()) == a.path());
  REQUIRE(data_directory(a.path().string(), none, c.path()) == a.path());
  REQUIRE(data_directory("", b.path().string(), c.path()) == b.path());
  REQUIRE(data_directory("", "", c.path()) == c.path());
  REQUIRE(data_directory("", "", empty.path()).empty());
}

TEST_CASE("a named directory without MNIST is an error", "[source]") {
  TempDir good, empty;
  write_small_mnist(good.path());
  const std::string none = empty.path().string(), some = good.path().string();
  REQUIRE(starts_with(message_of([&] { data_directory(none, some, good.path()); }),
                      "--data: " + none + " holds no mnist/train-images-idx3-ubyte"));
  REQUIRE(starts_with(message_of([&] { data_directory("", none, good.path()); }),
                      "GRADUS_DATA: " + none + " holds no mnist/train-images-idx3-ubyte"));
  REQUIRE(starts_with(message_of([&] { data_directory("/no/such/directory", "", good.path()); }),
                      "--data: /no/such/directory holds no mnist/"));
}

TEST_CASE("find_data reads the MNIST that it finds and says where", "[source]") {
  TempDir dir;
  write_small_mnist(dir.path() / "datasets");
  write_small_mnist(dir.path() / "other");
  const std::string other = (dir.path() / "other").string();
  {
    const Surroundings here(dir.path(), std::nullopt);
    const DataSource found = find_data("", 0);
    REQUIRE(found.train.size() == 5);
    REQUIRE(found.test.size() == 3);
    REQUIRE(found.description == "data: MNIST from datasets/mnist");
    REQUIRE(find_data(other, 0).description == "data: MNIST from " + other + "/mnist");
  }
  const Surroundings named(dir.path(), other);
  REQUIRE(find_data("", 0).description == "data: MNIST from " + other + "/mnist");
  fs::remove(dir.path() / "other/mnist/t10k-labels-idx1-ubyte");  // incomplete: no reason to take ./datasets
  REQUIRE(starts_with(message_of([&] { find_data("", 0); }), "mnist: there is neither t10k-labels-idx1-ubyte"));
}

TEST_CASE("without MNIST find_data draws the built-in digits and says so", "[source]") {
  TempDir dir;
  const Surroundings here(dir.path(), "");  // set, but to nothing: not given
  const DataSource found = find_data("", 5);
  REQUIRE(found.train.size() == 60000);
  REQUIRE(found.test.size() == 10000);
  REQUIRE(found.train.classes[3] == "3");
  REQUIRE(found.description ==
          "data: built-in digits drawn from seed 5, as there is no MNIST (--data, GRADUS_DATA or ./datasets)");
}

TEST_CASE("find_data finds CIFAR-10 as it does MNIST, and draws shapes without it", "[source]") {
  TempDir dir;
  write_small_cifar10(dir.path() / "datasets");
  write_small_mnist(dir.path() / "other");
  const std::string other = (dir.path() / "other").string();
  {
    const Surroundings here(dir.path(), std::nullopt);
    const DataSource found = find_data("", 0, DataSet::cifar10);
    REQUIRE(found.train.size() == 15);
    REQUIRE(found.test.size() == 2);
    REQUIRE(found.description == "data: CIFAR-10 from datasets/cifar-10-batches-bin");
    REQUIRE(message_of([&] { find_data(other, 0, DataSet::cifar10); }) ==
            "--data: " + other + " holds no cifar-10-batches-bin/data_batch_1.bin; name the directory above " +
                "cifar-10-batches-bin/, or none for the built-in shapes, or fetch it: scripts/get-data cifar10 --to " +
                other);
  }
  fs::create_directories(dir.path() / "nothing");
  const Surroundings here(dir.path() / "nothing", std::nullopt);
  const DataSource found = find_data("", 4, DataSet::cifar10);
  REQUIRE(found.train.images.shape() == Shape{50000, 3, 32, 32});
  REQUIRE(found.test.size() == 10000);
  REQUIRE(found.train.classes[0] == "circle");
  REQUIRE(found.description ==
          "data: built-in shapes drawn from seed 4, as there is no CIFAR-10 (--data, GRADUS_DATA or ./datasets)");
}
