// EpochPass: one epoch of a DataLoader, its workers and the batches that they have ready. Only loader.cpp uses it.
#pragma once
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <gradus/data/loader.h>

namespace gradus {

// The random numbers of an epoch: stream 0 is its order, stream b + 1 what the fetch of batch b draws.
Generator epoch_generator(std::uint64_t seed, Index epoch, Index stream);

// Workers take the numbers of the batches in rising order and put each batch into the slot of its number; the caller
// takes them from there in the same order. A worker waits before it would be more than all slots ahead of the caller.
class EpochPass {
 public:
  EpochPass(std::vector<Index> order, Index batches, DataLoader::Fetch fetch, LoaderOptions options, Index epoch);
  ~EpochPass();  // stops the workers and waits for them
  EpochPass(const EpochPass&) = delete;
  EpochPass& operator=(const EpochPass&) = delete;

  void start();             // throws Error when no thread can be had
  bool next(Batch& batch);  // false: no batch is left. Throws Error for one whose fetch threw

 private:
  struct Fetched {
    Batch batch;
    std::string error;  // of a fetch that threw; kept as text, as an exception belongs to the thread that caught it
    bool failed = false;
  };
  Fetched fetch(Index number) const;
  void work();

  const std::vector<Index> order_;
  const DataLoader::Fetch fetch_;
  const LoaderOptions options_;
  const Index epoch_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable room_, ready_;
  std::vector<std::optional<Fetched>> slots_;
  Index batches_;         // none from this one on
  Index next_fetch_ = 0;  // the next batch that a worker takes on
  Index next_out_ = 0;    // the next batch that the caller gets

  std::vector<std::thread> workers_;
};

}  // namespace gradus
