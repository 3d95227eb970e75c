// A pool of threads that draw chunks from a shared counter; the caller works with them.
//
// A loop is published by three steps: its fields are written, `gate` is opened, `epoch` is raised. A worker that sees a
// new epoch enters through the gate, counting itself in, draws chunks until none are left, and counts itself out. The
// caller draws too, shuts the gate, and waits until the count is zero. So a worker that wakes too late finds the gate
// shut and touches nothing, and nobody waits for it.
//
// Chunks are drawn in rising order, and a failure stops the drawing. All chunks below a failing one have therefore been
// drawn before it, and keeping the failure of the lowest chunk gives the exception that one thread alone would give.
#include <gradus/kernels/parallel.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <limits>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#ifdef __linux__
#include <pthread.h>
#include <sched.h>
#endif

#include <gradus/kernels/error.h>

namespace gradus::kernels {
namespace {

using Word = std::uint32_t;  // the size that a futex waits on

// True while this thread runs a chunk: a loop that it meets there runs on it alone.
thread_local bool in_loop = false;

struct InLoop {
  bool before = in_loop;
  InLoop() { in_loop = true; }
  ~InLoop() { in_loop = before; }
};

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Returns when `word` is no longer `old`: spins for some 20 us, yields up to 80 us more, then sleeps. Between the loops
// of a training step a worker so stays awake, and a thread of somebody else gets its processor soon.
void wait_for_change(std::atomic<Word>& word, Word old) {
  using namespace std::chrono;
  const auto start = steady_clock::now();
  for (;;) {
    for (int i = 0; i < 32; ++i) {
      if (word.load(std::memory_order_acquire) != old) return;
      pause();
    }
    const auto waited = steady_clock::now() - start;
    if (waited > microseconds(100)) break;
    if (waited > microseconds(20)) std::this_thread::yield();
  }
  while (word.load(std::memory_order_acquire) == old) word.wait(old, std::memory_order_acquire);
}

class Pool {
 public:
  ~Pool() { resize(0); }

  // Runs the loop with up to `threads` threads. Returns false, having done nothing, when the pool serves another
  // thread.
  bool run(int threads, Index chunks, void (*call)(void*, Index), void* body) {
    std::unique_lock lock(busy_, std::try_to_lock);
    if (!lock) return false;
    if (threads - 1 != size_) resize(threads - 1);

    call_ = call;
    body_ = body;
    chunks_ = chunks;
    next_.store(0, std::memory_order_relaxed);
    gate_.store(open, std::memory_order_release);
    epoch_.fetch_add(1, std::memory_order_release);
    epoch_.notify_all();

    work();
    Word inside = gate_.fetch_and(~open, std::memory_order_acq_rel) & ~open;
    while (inside != 0) {
      wait_for_change(gate_, inside);
      inside = gate_.load(std::memory_order_acquire);
    }
    if (std::exception_ptr error = std::exchange(error_, nullptr)) {
      lock.unlock();
      std::rethrow_exception(std::move(error));
    }
    return true;
  }

 private:
  static constexpr Word open = Word{1} << 31;  // the rest of gate_ counts the workers inside

  void work() {
    const InLoop mark;
    for (;;) {
      const Index chunk = next_.fetch_add(1, std::memory_order_relaxed);
      if (chunk >= chunks_) return;
      try {
        call_(body_, chunk);
      } catch (...) {
        next_.store(chunks_, std::memory_order_relaxed);
        const std::lock_guard lock(error_mutex_);
        if (!error_ || chunk < error_chunk_) {
          error_ = std::current_exception();
          error_chunk_ = chunk;
        }
      }
    }
  }

  bool enter() {
    Word gate = gate_.load(std::memory_order_relaxed);
    while (gate & open) {
      if (gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acquire, std::memory_order_relaxed))
        return true;
    }
    return false;
  }

  void serve() {
    for (;;) {
      const Word seen = epoch_.load(std::memory_order_acquire);
      if (stop_.load(std::memory_order_relaxed)) return;
      if (enter()) {
        work();
        gate_.fetch_sub(1, std::memory_order_release);
        gate_.notify_one();
      }
      wait_for_change(epoch_, seen);
    }
  }

  // Ends the workers and starts `size` new ones, fewer where the system gives no more.
  void resize(int size) {
    stop_.store(true, std::memory_order_relaxed);
    epoch_.fetch_add(1, std::memory_order_release);
    epoch_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
    stop_.store(false, std::memory_order_relaxed);
    size_ = size;
    try {
      for (int i = 0; i < std::min(size, 1023); ++i) workers_.emplace_back([this] { serve(); });
    } catch (const std::system_error&) {
    }
  }

  std::mutex busy_;  // held while a loop runs
  std::vector<std::thread> workers_;
  int size_ = 0;  // how many workers were asked for
  std::atomic<bool> stop_{false};

  void (*call_)(void*, Index) = nullptr;  // the loop: written while the gate is shut
  void* body_ = nullptr;
  Index chunks_ = 0;
  std::mutex error_mutex_;
  std::exception_ptr error_;
  Index error_chunk_ = 0;

  alignas(64) std::atomic<Index> next_{0};
  alignas(64) std::atomic<Word> gate_{0};
  alignas(64) std::atomic<Word> epoch_{0};
};

std::atomic<Pool*> current_pool{nullptr};
std::atomic<bool> exiting{false};

// Runs at exit. Where a chunk itself calls exit(), its pool cannot be joined from inside and is left to the system.
void end_pool() {
  exiting = true;
  Pool* pool = current_pool.exchange(nullptr);
  if (!in_loop) delete pool;
}

// A forked child has its parent's memory but none of the parent's threads: it forgets the pool and starts its own.
void forget_pool() { current_pool = nullptr; }

// The pool, made at the first call; null at the program's end, when loops in destructors run on their own thread.
Pool* pool() {
  Pool* pool = current_pool.load(std::memory_order_acquire);
  if (pool || exiting) return pool;
  [[maybe_unused]] static const bool registered = [] {
    std::atexit(end_pool);
#ifdef __linux__
    pthread_atfork(nullptr, nullptr, forget_pool);
#endif
    return true;
  }();
  Pool* made = new Pool;
  if (current_pool.compare_exchange_strong(pool, made, std::memory_order_acq_rel)) return made;
  delete made;
  return pool;
}

int usable_cpus() {
#ifdef __linux__
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return std::max(1, CPU_COUNT(&mask));
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int default_threads() {
  const char* text = std::getenv("GRADUS_THREADS");
  if (!text || !*text) return usable_cpus();
  char* end = nullptr;
  errno = 0;
  const long threads = std::strtol(text, &end, 10);
  if (errno || *end || threads < 1 || threads > std::numeric_limits<int>::max())
    throw Error("GRADUS_THREADS: expected a number of threads from 1, got \"" + std::string(text) + "\"");
  return static_cast<int>(threads);
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count{default_threads()};
  return count;
}

}  // namespace

int num_threads() { return thread_count().load(std::memory_order_relaxed); }

void set_num_threads(int threads) {
  if (threads < 1) throw Error("set_num_threads: expected at least 1 thread, got " + std::to_string(threads));
  thread_count().store(threads, std::memory_order_relaxed);
}

void detail::run_chunks(Index chunks, void (*call)(void* body, Index chunk), void* body) {
  if (chunks <= 0) return;
  if (!in_loop && chunks > 1) {
    const int threads = num_threads();
    Pool* shared = threads > 1 ? pool() : nullptr;
    if (shared && shared->run(threads, chunks, call, body)) return;
  }
  const InLoop mark;
  for (Index chunk = 0; chunk < chunks; ++chunk) call(body, chunk);
}

}  // namespace gradus::kernels
