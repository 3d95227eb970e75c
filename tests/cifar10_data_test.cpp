// The real CIFAR-10, or a copy of it with somewhat different pixels, against what is known of it.
#include "catch.h"

#include <array>

#include <gradus/data/cifar10.h>

using namespace gradus;

namespace {

// Every class as often as the others; the mean of each channel, which is known for the training images (0.4914, 0.4822,
// 0.4465), is within what compression changes.
void require_known(const Dataset& set, Index n) {
  REQUIRE(set.images.shape() == Shape{n, 3, 32, 32});
  std::array<Index, 10> counts{};
  for (const Index label : set.labels.data<Index>()) ++counts.at(std::size_t(label));
  for (const Index count : counts) REQUIRE(count == n / 10);
  std::array<double, 3> sums{};
  const auto pixels = set.images.data<float>();
  for (std::size_t i = 0; i < pixels.size(); ++i) sums[i / 1024 % 3] += pixels[i];
  const std::array<double, 3> known{0.4914, 0.4822, 0.4465};
  for (std::size_t channel = 0; channel < 3; ++channel) {
    CHECK(sums[channel] / double(1024 * n) == Approx(known[channel]).margin(0.006));
  }
}

}  // namespace

TEST_CASE("the real CIFAR-10", "[cifar10_data]") {
  const Datasets data = cifar10(require_data("cifar-10-batches-bin"));
  require_known(data.train, 50000);
  require_known(data.test, 10000);
}
