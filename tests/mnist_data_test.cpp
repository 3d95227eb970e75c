// The real MNIST, against what is known of it.
#include "catch.h"

#include <cmath>
#include <cstdlib>

#include <gradus/data/mnist.h>

#include "mnist_files.h"

using namespace gradus;

namespace {

// How often each digit occurs, and the sum of all pixels as bytes (numpy's, from the same files).
void require_counts(const Dataset& set, const std::vector<Index>& counts, std::int64_t pixel_sum) {
  std::vector<Index> found(10);
  for (const Index label : set.labels.data<Index>()) ++found[std::size_t(label)];
  REQUIRE(found == counts);
  std::int64_t sum = 0;
  for (const float pixel : set.images.data<float>()) sum += std::lround(pixel * 255);
  REQUIRE(sum == pixel_sum);
}

std::vector<Index> first_labels(const Dataset& set) { return set.labels.rows(0, 10).to_vector<Index>(); }

}  // namespace

TEST_CASE("the real MNIST", "[mnist_data]") {
  const Datasets data = mnist(require_data("mnist"));
  REQUIRE(data.train.images.shape() == Shape{60000, 1, 28, 28});
  REQUIRE(data.test.images.shape() == Shape{10000, 1, 28, 28});
  require_counts(data.train, {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, 1567298545);
  require_counts(data.test, {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}, 264923200);
  REQUIRE(first_labels(data.train) == std::vector<Index>{5, 0, 4, 1, 9, 2, 1, 3, 1, 4});
  REQUIRE(first_labels(data.test) == std::vector<Index>{7, 2, 1, 0, 4, 1, 4, 9, 5, 9});

  const auto row = data.train.images.data<float>().subspan(5 * 28 + 12, 12);  // of the first image, a five
  const std::vector<int> known{3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127};
  for (std::size_t i = 0; i < known.size(); ++i) REQUIRE(row[i] == float(known[i]) / 255);
}

TEST_CASE("scripts/get-data knows the real MNIST", "[mnist_data]") {
  TempDir dir;
  const std::string command = "bash " GRADUS_SOURCE_DIR "/scripts/get-data mnist --from '" + require_data("mnist") +
                              "/mnist' --to '" + dir.path().string() + "' >/dev/null";
  REQUIRE(std::system(command.c_str()) == 0);
  REQUIRE(mnist(dir.path()).train.size() == 60000);
}
