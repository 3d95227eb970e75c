#include <gradus/data/loader.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include <gradus/core/cuda.h>
#include <gradus/core/error.h>
#include <gradus/data/device_feed.h>
#include <gradus/data/epoch_pass.h>

namespace gradus {
namespace {

// Copies the images and labels that `rows` names, converting on the way.
template <class T>
Batch gather(const Dataset& from, std::span<const Index> rows) {
  Shape shape = from.images.shape();
  shape[0] = Index(rows.size());
  Batch batch{empty(shape, dtype_of<T>), empty({shape[0]}, int64), shape[0]};
  const auto images = from.images.data<float>();
  const auto labels = from.labels.data<Index>();
  const auto pixels = std::size_t(from.images.numel() / from.size());
  auto to = batch.images.data<T>().begin();
  auto label = batch.labels.data<Index>().begin();
  for (const Index row : rows) {
    to = std::ranges::copy(images.subspan(std::size_t(row) * pixels, pixels), to).out;
    *label++ = labels[std::size_t(row)];
  }
  return batch;
}

DataLoader::Fetch gatherer(Dataset dataset, DType dtype) {
  check(is_floating(dtype), "DataLoader", "images are loaded as float32 or float64, not ", dtype);
  if (dataset.size() == 0) return [](std::span<const Index>) { return Batch{}; };
  check(dataset.images.dtype() == float32, "DataLoader", "the images are ", dataset.images.dtype(),
        ", expected float32");
  check(dataset.labels.defined() && dataset.labels.shape() == Shape{dataset.size()}, "DataLoader",
        "expected one label for each of the ", dataset.size(), " images");
  check(dataset.labels.dtype() == int64, "DataLoader", "the labels are ", dataset.labels.dtype(), ", expected int64");
  dataset.images.data<float>();  // now, as it rearranges images whose channels lie last: the workers share the tensor
  return [data = std::move(dataset), dtype](std::span<const Index> rows) {
    return dtype == float64 ? gather<double>(data, rows) : gather<float>(data, rows);
  };
}

}  // namespace

std::vector<Index> epoch_order(Index n, std::uint64_t seed, Index epoch) {
  Generator from = epoch_generator(seed, epoch, 0);
  return randperm(n, from).to_vector<Index>();
}

DataLoader::DataLoader(Dataset dataset, LoaderOptions options)
    : DataLoader(dataset.size(), gatherer(dataset, options.dtype), options) {}

DataLoader::DataLoader(Index size, Fetch fetch, LoaderOptions options)
    : size_(size), fetch_(std::move(fetch)), options_(options) {
  check(size >= 0, "DataLoader", "size is ", size, ", expected 0 or more");
  check(options.batch_size >= 1, "DataLoader", "batch_size is ", options.batch_size, ", expected at least 1");
  check(options.workers >= 0, "DataLoader", "workers is ", options.workers, ", expected 0 or more");
  check(options.device.is_cpu() || (options.device.index >= 0 && options.device.index < cuda::device_count()),
        "DataLoader", "there is no ", options.device, cuda::is_available() ? "" : ": " + cuda::why_unavailable());
  check(options.prefetch >= 1, "DataLoader", "prefetch is ", options.prefetch, ", expected at least 1");
}

Index DataLoader::size() const {
  const Index full = size_ / options_.batch_size;
  return options_.drop_last || size_ % options_.batch_size == 0 ? full : full + 1;
}

DataLoader::Iterator DataLoader::begin() {
  const Index epoch = epoch_++;
  std::vector<Index> order(static_cast<std::size_t>(size_));
  if (options_.shuffle) {
    order = epoch_order(size_, options_.seed, epoch);
  } else {
    std::iota(order.begin(), order.end(), Index(0));
  }
  auto pass = std::make_shared<EpochPass>(std::move(order), size(), fetch_, options_, epoch);
  pass->start();
  return Iterator(std::move(pass), options_.device);
}

DataLoader::Iterator::Iterator(std::shared_ptr<EpochPass> pass, Device device) : pass_(std::move(pass)) {
#ifdef GRADUS_HAS_CUDA
  if (!device.is_cpu()) feed_ = std::make_shared<DeviceFeed>(pass_, device);
#else
  (void)device;  // the loader's constructor has refused any other than the CPU
#endif
  ++*this;
}

DataLoader::Iterator& DataLoader::Iterator::operator++() {
  const auto pass = std::exchange(pass_, nullptr);  // an exception leaves the epoch over
  batch_ = {};                                      // before the next is waited for: its memory is used again
#ifdef GRADUS_HAS_CUDA
  if (feed_ ? feed_->next(batch_) : pass->next(batch_)) pass_ = pass;
#else
  if (pass->next(batch_)) pass_ = pass;
#endif
  return *this;
}

}  // namespace gradus
