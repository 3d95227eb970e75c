// DataLoader: a data set in shuffled batches, fetched ahead by worker threads.
//
//   DataLoader loader(data.train, {.batch_size = 1000, .shuffle = true, .workers = 2});
//   for (const Batch& batch : loader) { ... }  // one epoch; the next loop is the next epoch, in another order
//
// The batches depend on the seed and the number of the epoch alone, never on the number of workers.
#pragma once
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <vector>

#include <gradus/core/random.h>
#include <gradus/data/dataset.h>

namespace gradus {

struct Batch {
  Tensor images, labels;
  Index size = 0;  // how many images: fewer in an epoch's last batch, so weight a mean over an epoch by it
};

struct LoaderOptions {
  Index batch_size = 1;
  bool shuffle = false;
  int workers = 2;         // threads that fetch; with 0 the caller's own does
  int prefetch = 2;        // how many batches ahead, for each worker
  bool drop_last = false;  // leave out a last batch that is not full
  std::uint64_t seed = 0;
  DType dtype = float32;  // of the images: a worker converts them as it gathers them
  Device device = cpu;    // where the batches come out; to a GPU they are copied while it works on the one before
};

// The order of an epoch: 0 to n-1, shuffled.
std::vector<Index> epoch_order(Index n, std::uint64_t seed, Index epoch);

// What a loop over one epoch shares with the workers.
class EpochPass;
class DeviceFeed;

class DataLoader {
 public:
  // Makes a batch from the numbers of its images. Called by several threads at once; drawing from default_generator()
  // (to augment, say) gives the same numbers whichever thread it is.
  using Fetch = std::function<Batch(std::span<const Index>)>;

  // Throws Error for a batch_size or prefetch below 1, a negative size or number of workers, an int64 dtype, a device
  // that is not there, and a data set without one label for each image.
  explicit DataLoader(Dataset dataset, LoaderOptions options = {});
  DataLoader(Index size, Fetch fetch, LoaderOptions options = {});  // `size` images of any source

  Index size() const;  // batches in an epoch

  Index epoch() const { return epoch_; }           // the number of the next epoch, from 0
  void set_epoch(Index epoch) { epoch_ = epoch; }  // to go on where another run stopped
  const LoaderOptions& options() const { return options_; }

  // Ends with the epoch. Going to a batch whose fetch threw throws Error, once, with the batch's number and the
  // message: the epoch is then over. Dropping an iterator early stops and joins its workers.
  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;

    Iterator(std::shared_ptr<EpochPass> pass, Device device);
    const Batch& operator*() const { return batch_; }
    const Batch* operator->() const { return &batch_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& i, std::default_sentinel_t) { return !i.pass_; }

   private:
    std::shared_ptr<EpochPass> pass_;   // null: the epoch is over
    std::shared_ptr<DeviceFeed> feed_;  // of a GPU
    Batch batch_;
  };
  Iterator begin();  // starts an epoch
  std::default_sentinel_t end() const { return {}; }

 private:
  Index size_;
  Fetch fetch_;
  LoaderOptions options_;
  Index epoch_ = 0;
};

}  // namespace gradus
