#include <gradus/data/epoch_pass.h>

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

#include <gradus/core/error.h>
#include <gradus/core/upload.h>

namespace gradus {
namespace {

// While one is alive, this thread's default generator is another one.
class BorrowedGenerator {
 public:
  explicit BorrowedGenerator(Generator g) : before_(std::exchange(default_generator(), g)) {}
  ~BorrowedGenerator() { default_generator() = before_; }
  BorrowedGenerator(const BorrowedGenerator&) = delete;
  BorrowedGenerator& operator=(const BorrowedGenerator&) = delete;

 private:
  Generator before_;
};

// Into memory from which copies to that GPU need not wait. CUDA makes itself at home on the thread's current GPU.
void pin([[maybe_unused]] Batch& batch, [[maybe_unused]] Device device) {
#ifdef GRADUS_HAS_CUDA
  kernels::set_device(device.index);
  for (Tensor* t : {&batch.images, &batch.labels}) {
    if (t->defined() && t->device().is_cpu()) *t = pin_memory(*t);
  }
#endif
}

}  // namespace

Generator epoch_generator(std::uint64_t seed, Index epoch, Index stream) {
  // See Note [Streams] in digits.cpp. Epochs have keys of their own, spread by the golden ratio's odd multiples, and
  // 2^40 counters for each stream: more than any batch draws.
  Generator from(seed ^ 0x9e3779b97f4a7c15u * (std::uint64_t(epoch) + 1));
  from.offset = std::uint64_t(1) << 63 | std::uint64_t(stream) << 40;
  return from;
}

EpochPass::EpochPass(std::vector<Index> order, Index batches, DataLoader::Fetch fetch, LoaderOptions options,
                     Index epoch)
    : order_(std::move(order)),
      fetch_(std::move(fetch)),
      options_(options),
      epoch_(epoch),
      slots_(static_cast<std::size_t>(options.workers) * static_cast<std::size_t>(options.prefetch)),
      batches_(batches) {}

EpochPass::~EpochPass() {
  {
    std::lock_guard lock(mutex_);
    batches_ = 0;
  }
  room_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void EpochPass::start() {
  const Index threads = std::min<Index>(options_.workers, batches_);
  try {
    for (Index i = 0; i < threads; ++i) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error& e) {
    fail("DataLoader", "worker ", workers_.size() + 1, " of ", threads, " could not be started: ", e.what());
  }
}

EpochPass::Fetched EpochPass::fetch(Index number) const {
  const BorrowedGenerator guard(epoch_generator(options_.seed, epoch_, number + 1));
  const auto begin = static_cast<std::size_t>(number * options_.batch_size);
  const auto size = std::min(order_.size() - begin, static_cast<std::size_t>(options_.batch_size));
  Fetched fetched;
  try {
    fetched.batch = fetch_(std::span(order_).subspan(begin, size));
    fetched.batch.size = Index(size);
    if (!options_.device.is_cpu()) pin(fetched.batch, options_.device);
  } catch (const std::exception& e) {
    fetched.failed = true;
    fetched.error = e.what();
  } catch (...) {
    fetched.failed = true;
    fetched.error = "an exception of unknown type";
  }
  return fetched;
}

void EpochPass::work() {
  std::unique_lock lock(mutex_);
  const auto ahead = Index(slots_.size());
  for (;;) {
    room_.wait(lock, [&] { return next_fetch_ >= batches_ || next_fetch_ < next_out_ + ahead; });
    if (next_fetch_ >= batches_) return;
    const Index number = next_fetch_++;
    lock.unlock();
    Fetched fetched = fetch(number);
    lock.lock();
    if (fetched.failed) batches_ = std::min(batches_, number + 1);  // what follows a failure would go unread
    slots_[static_cast<std::size_t>(number % ahead)] = std::move(fetched);
    ready_.notify_one();
  }
}

bool EpochPass::next(Batch& batch) {
  Fetched fetched;
  const Index number = next_out_;  // only this function changes it
  {
    std::unique_lock lock(mutex_);
    if (number >= batches_) return false;
    if (!workers_.empty()) {
      auto& slot = slots_[static_cast<std::size_t>(number % Index(slots_.size()))];
      ready_.wait(lock, [&] { return slot.has_value(); });
      fetched = std::move(*slot);
      slot.reset();
    }
    ++next_out_;
  }
  room_.notify_all();
  if (workers_.empty()) fetched = fetch(number);
  if (fetched.failed) fail("DataLoader", "batch ", number, " of epoch ", epoch_, ": ", fetched.error);
  batch = std::move(fetched.batch);
  return true;
}

}  // namespace gradus
