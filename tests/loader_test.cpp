// The batch loader: the same batches whatever the workers, every image once, errors that arrive, clean ends.
#include "catch.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <thread>

#include <gradus/core/channels_last.h>
#include <gradus/core/ops.h>
#include <gradus/core/random.h>
#include <gradus/data/loader.h>

using namespace gradus;

namespace {

// n images of 2x3 pixels; image i has the label i and the pixels i, i + 1/8, i + 2/8 ...
Dataset numbered(Index n) {
  Dataset set{empty({n, 1, 2, 3}), empty({n}, int64)};
  for (Index i = 0; i < n; ++i) {
    set.labels.data<Index>()[std::size_t(i)] = i;
    for (Index p = 0; p < 6; ++p) set.images.data<float>()[std::size_t(6 * i + p)] = float(i) + float(p) / 8;
  }
  return set;
}

// The labels of one epoch, one list for each batch.
std::vector<std::vector<Index>> epoch(DataLoader& loader) {
  std::vector<std::vector<Index>> batches;
  for (const Batch& batch : loader) batches.push_back(batch.labels.to_vector<Index>());
  return batches;
}

std::vector<Index> joined(const std::vector<std::vector<Index>>& batches) {
  std::vector<Index> all;
  for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

std::vector<Index> sequence(Index n) {
  std::vector<Index> numbers(static_cast<std::size_t>(n));
  std::iota(numbers.begin(), numbers.end(), Index(0));
  return numbers;
}

// A fetch that hands back its indices as labels, and throws `thrown` when it is asked for image `bad`.
template <class Exception>
DataLoader::Fetch failing_at(Index bad, Exception thrown) {
  return [=](std::span<const Index> rows) {
    for (const Index row : rows) {
      if (row == bad) throw thrown;
    }
    return Batch{{}, tensor<Index>(rows, {Index(rows.size())}), 0};
  };
}

}  // namespace

TEST_CASE("a batch holds the images and labels of its indices", "[loader]") {
  for (const int workers : {0, 2}) {
    DataLoader loader(numbered(7), {.batch_size = 3, .shuffle = true, .workers = workers, .seed = 1});
    std::vector<Index> sizes;
    for (const Batch& batch : loader) {
      sizes.push_back(batch.size);
      REQUIRE(batch.images.shape() == Shape{batch.size, 1, 2, 3});
      REQUIRE(batch.labels.shape() == Shape{batch.size});
      const auto pixels = batch.images.to_vector<float>();
      const auto labels = batch.labels.to_vector<Index>();
      for (std::size_t k = 0; k < pixels.size(); ++k) REQUIRE(pixels[k] == float(labels[k / 6]) + float(k % 6) / 8);
    }
    REQUIRE(sizes == std::vector<Index>{3, 3, 1});
  }
}

TEST_CASE("workers that share images whose channels lie last do not rearrange them under each other", "[loader]") {
  const Index n = 64;
  const Dataset plain{rand({n, 3, 8, 8}), arange(0, n, 1, int64)};
  for (int round = 0; round < 20; ++round) {
    const Dataset set{arranged(plain.images, true), plain.labels};
    REQUIRE(channels_last(set.images));
    DataLoader loader(set, {.batch_size = 4, .workers = 4});
    REQUIRE_FALSE(channels_last(set.images));
    Index first = 0;
    for (const Batch& batch : loader) {
      REQUIRE(batch.images.to_vector<float>() == plain.images.rows(first, first + batch.size).to_vector<float>());
      first += batch.size;
    }
    REQUIRE(first == n);
  }
}

TEST_CASE("a loader converts to float64 exactly", "[loader]") {
  const Dataset set{rand({5, 1, 4, 4}), zeros({5}, int64)};
  DataLoader loader(set, {.batch_size = 2, .dtype = float64});
  std::vector<double> loaded;
  for (const Batch& batch : loader) {
    REQUIRE(batch.images.dtype() == float64);
    const auto pixels = batch.images.to_vector<double>();
    loaded.insert(loaded.end(), pixels.begin(), pixels.end());
  }
  const auto pixels = set.images.to_vector<float>();
  REQUIRE(loaded == std::vector<double>(pixels.begin(), pixels.end()));
}

TEST_CASE("without shuffle the order is that of the data, every epoch", "[loader]") {
  DataLoader loader(numbered(10), {.batch_size = 4});
  for (int i = 0; i < 3; ++i) {
    REQUIRE(epoch(loader) == std::vector<std::vector<Index>>{{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9}});
  }
}

TEST_CASE("every epoch is a permutation of its own, the same for any number of workers", "[loader]") {
  std::vector<std::vector<Index>> orders;
  for (const int workers : {0, 1, 2, 4}) {
    for (const int prefetch : {1, 3}) {
      DataLoader loader(numbered(103),
                        {.batch_size = 10, .shuffle = true, .workers = workers, .prefetch = prefetch, .seed = 5});
      for (std::size_t e = 0; e < 3; ++e) {
        REQUIRE(loader.epoch() == Index(e));
        const std::vector<Index> order = joined(epoch(loader));
        if (orders.size() == e) orders.push_back(order);
        REQUIRE(order == orders[e]);
        REQUIRE(order == epoch_order(103, 5, Index(e)));
      }
    }
  }
  for (auto order : orders) {
    REQUIRE(order != sequence(103));
    std::ranges::sort(order);
    REQUIRE(order == sequence(103));
  }
  REQUIRE(orders[0] != orders[1]);
  REQUIRE(orders[1] != orders[2]);
  REQUIRE(orders[0] != epoch_order(103, 6, 0));
}

TEST_CASE("a loader goes on at the epoch that it is set to", "[loader]") {
  DataLoader loader(numbered(50), {.batch_size = 7, .shuffle = true, .seed = 2}), resumed = loader;
  epoch(loader);
  epoch(loader);
  resumed.set_epoch(2);
  REQUIRE(epoch(resumed) == epoch(loader));
}

TEST_CASE("the last partial batch is kept, or dropped where asked", "[loader]") {
  for (const int workers : {0, 3}) {
    for (const Index n : {0, 1, 3, 4, 5, 8, 9}) {
      DataLoader kept(numbered(n), {.batch_size = 4, .workers = workers});
      REQUIRE(kept.size() == (n + 3) / 4);
      REQUIRE(joined(epoch(kept)) == sequence(n));
      DataLoader dropped(numbered(n), {.batch_size = 4, .workers = workers, .drop_last = true});
      REQUIRE(dropped.size() == n / 4);
      REQUIRE(joined(epoch(dropped)) == sequence(n / 4 * 4));
      REQUIRE(Index(epoch(dropped).size()) == n / 4);
    }
  }
}

TEST_CASE("an empty data set has no batches", "[loader]") {
  for (const int workers : {0, 2}) {
    DataLoader loader(Dataset{}, {.batch_size = 4, .shuffle = true, .workers = workers});
    REQUIRE(loader.size() == 0);
    REQUIRE(epoch(loader).empty());
  }
}

TEST_CASE("workers run ahead, but not further than they may", "[loader]") {
  constexpr int workers = 2, prefetch = 3, batches = 30;
  std::atomic<int> fetched{0};
  const auto count = [&](std::span<const Index>) {
    ++fetched;
    return Batch{};
  };
  DataLoader loader(batches, count, {.workers = workers, .prefetch = prefetch});
  int taken = 0;
  for ([[maybe_unused]] const Batch& batch : loader) {
    ++taken;
    const int most = std::min(batches, taken + workers * prefetch);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (fetched < most && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    REQUIRE(fetched == most);
  }
  REQUIRE(taken == batches);
}

TEST_CASE("an exception in a fetch reaches the caller once, in its batch's place", "[loader]") {
  for (const int workers : {0, 1, 4}) {
    // Batch 3 is images 6 and 7.
    DataLoader loader(20, failing_at(7, std::runtime_error("no such file")), {.batch_size = 2, .workers = workers});
    for (int e = 0; e < 2; ++e) {  // the loader can be used again
      std::vector<Index> seen;
      const std::string message = message_of([&] {
        for (const Batch& batch : loader) {
          for (const Index label : batch.labels.to_vector<Index>()) seen.push_back(label);
        }
      });
      REQUIRE(message == "DataLoader: batch 3 of epoch " + std::to_string(e) + ": no such file");
      REQUIRE(seen == sequence(6));
    }
    auto it = loader.begin();
    ++it, ++it;
    REQUIRE_THROWS_AS(++it, Error);
    REQUIRE(it == loader.end());
  }
}

TEST_CASE("of many failing fetches the first one's error arrives", "[loader]") {
  const auto always = [](std::span<const Index> rows) -> Batch { fail("fetch", "image ", rows.front()); };
  for (const int workers : {0, 1, 4}) {
    DataLoader loader(20, always, {.batch_size = 5, .workers = workers});
    REQUIRE(message_of([&] { loader.begin(); }) == "DataLoader: batch 0 of epoch 0: fetch: image 0");
    REQUIRE(message_of([&] { loader.begin(); }) == "DataLoader: batch 0 of epoch 1: fetch: image 0");
  }
}

TEST_CASE("what is thrown need not be an exception class", "[loader]") {
  DataLoader loader(4, failing_at(2, 42));
  REQUIRE(message_of([&] { epoch(loader); }) == "DataLoader: batch 2 of epoch 0: an exception of unknown type");
}

TEST_CASE("a caller may stop early or throw", "[loader]") {
  for (const int workers : {0, 1, 4}) {
    DataLoader loader(numbered(200), {.batch_size = 3, .shuffle = true, .workers = workers, .prefetch = 1});
    for (int i = 0; i < 20; ++i) {
      Index seen = 0;
      for ([[maybe_unused]] const Batch& batch : loader) {
        if (++seen > i) break;
      }
      REQUIRE(seen == i + 1);
    }
    const auto thrower = [&] {
      for ([[maybe_unused]] const Batch& batch : loader) throw std::logic_error("enough");
    };
    REQUIRE_THROWS_AS(thrower(), std::logic_error);
    const auto abandoned = loader.begin();
    REQUIRE(joined(epoch(loader)).size() == 200);  // a second pass while the first is under way
  }
}

TEST_CASE("a batch outlives its pass and its loader", "[loader]") {
  Batch kept;
  {
    DataLoader loader(numbered(10), {.batch_size = 4});
    for (const Batch& batch : loader) kept = batch;
  }
  REQUIRE(kept.labels.to_vector<Index>() == std::vector<Index>{8, 9});
}

TEST_CASE("what a fetch draws does not depend on the worker", "[loader]") {
  const auto noisy = [](std::span<const Index> rows) {
    return Batch{rand({Index(rows.size()), 3}), tensor<Index>(rows, {Index(rows.size())}), 0};
  };
  std::vector<std::vector<float>> drawn;
  for (const int workers : {0, 1, 4}) {
    manual_seed(11);
    DataLoader loader(20, noisy, {.batch_size = 6, .workers = workers, .seed = 9});
    std::vector<float> all;
    for (int e = 0; e < 2; ++e) {
      for (const Batch& batch : loader) {
        const auto values = batch.images.to_vector<float>();
        all.insert(all.end(), values.begin(), values.end());
      }
    }
    drawn.push_back(all);
    REQUIRE(default_generator().offset == 0);  // the caller's own draws are left alone
  }
  REQUIRE(drawn[1] == drawn[0]);
  REQUIRE(drawn[2] == drawn[0]);
  std::ranges::sort(drawn[0]);
  REQUIRE(std::ranges::adjacent_find(drawn[0]) == drawn[0].end());  // no two batches or epochs draw the same
}

TEST_CASE("a loader names options that make no sense", "[loader]") {
  const auto fetch = [](std::span<const Index>) { return Batch{}; };
  auto message = [&](LoaderOptions options) { return message_of([&] { DataLoader(5, fetch, options); }); };
  REQUIRE(message({.batch_size = 0}) == "DataLoader: batch_size is 0, expected at least 1");
  REQUIRE(message({.batch_size = -3}) == "DataLoader: batch_size is -3, expected at least 1");
  REQUIRE(message({.workers = -1}) == "DataLoader: workers is -1, expected 0 or more");
  REQUIRE(message({.prefetch = 0}) == "DataLoader: prefetch is 0, expected at least 1");
  REQUIRE(message_of([&] { DataLoader(-1, fetch); }) == "DataLoader: size is -1, expected 0 or more");

  const Dataset good = numbered(4);
  REQUIRE(message_of([&] { DataLoader(good, {.dtype = int64}); }) ==
          "DataLoader: images are loaded as float32 or float64, not int64");
  REQUIRE(message_of([&] {
            DataLoader(Dataset{good.images, {}});
          }) == "DataLoader: expected one label for each of the 4 images");
  REQUIRE(message_of([&] {
            DataLoader(Dataset{good.images, good.labels.rows(0, 3)});
          }) == "DataLoader: expected one label for each of the 4 images");
  REQUIRE(message_of([&] {
            DataLoader(Dataset{good.images.to(float64), good.labels});
          }) == "DataLoader: the images are float64, expected float32");
  REQUIRE(message_of([&] {
            DataLoader(Dataset{good.images, good.labels.to(float32)});
          }) == "DataLoader: the labels are float32, expected int64");
}

#ifndef GRADUS_HAS_CUDA
TEST_CASE("without CUDA, a loader refuses to load to a GPU", "[loader]") {
  for (const int index : {0, 1, -1}) {
    const Device gpu{Device::Type::cuda, index};
    const std::string message = "DataLoader: there is no " + gpu.str() + ": this gradus was built without CUDA";
    REQUIRE(message_of([&] { DataLoader(numbered(4), {.device = gpu}); }) == message);
  }
}
#endif
