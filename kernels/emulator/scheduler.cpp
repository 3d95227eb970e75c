// Compiled without -fsanitize=thread. What runs on a CUDA thread's fiber, everything from run_thread() down, uses plain
// arrays: the library's inline functions may be ThreadSanitizer's copies, and would be taken for a part of the kernel.
#include <gradus/kernels/emulator/scheduler.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <sstream>
#include <vector>

#include <gradus/kernels/emulator/emulator.h>
#include <gradus/kernels/emulator/fiber.h>
#include <gradus/kernels/emulator/memory.h>
#include <gradus/kernels/emulator/shared.h>
#include <gradus/kernels/error.h>

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace gradus::kernels::emulator {
namespace {

#ifdef GRADUS_EMULATOR_FINDS_RACES
// To ThreadSanitizer what one fiber does is in order, so each thread of a block needs one of its own, and another one
// in the next block: the surplus makes them take turns.
constexpr bool one_fiber_per_thread = true;
constexpr unsigned surplus = 64, turn = 37;
#else
constexpr bool one_fiber_per_thread = false;
constexpr unsigned surplus = 1, turn = 0;
#endif

constexpr unsigned most_threads = 1024;

enum class State : unsigned char { fresh, ready, at_barrier, at_warp, returned };

struct Thread {
  uint3 index;
  unsigned number;    // in the block
  unsigned position;  // in the order in which the threads run
  State state;
  Fiber* fiber;
  Place place;  // where it waits
};

// What the lanes bring to one warp operation. Two rows, because a lane may come to the next operation before the others
// have read this one's row, but to no further one.
struct Warp {
  Place place;
  int arrived;
  unsigned round;
  std::uint64_t deposits[2][warpSize];
};

struct Block {
  unsigned threads, live;  // live: have not returned
  unsigned arrived;        // at the barrier
  Place barrier;
  unsigned barriers_passed;
  std::size_t dynamic_bytes;
  void (*body)(const void*);
  const void* context;
};

Thread threads[most_threads];
unsigned order[most_threads];  // the threads' numbers
Warp warps[most_threads / warpSize];
Block block;
std::uint64_t blocks_started = 0;
Thread* current = nullptr;

std::vector<std::unique_ptr<Fiber>> fibers;
Fiber* idle[most_threads + surplus];  // those that wait for a fresh thread
unsigned idle_fibers = 0;
Fiber* host = nullptr;  // whoever launched the kernel

int launched, barrier_tokens[2], finished, fence;  // their addresses are tokens of release and acquire
std::string& failure() {
  static std::string& text = *new std::string;
  return text;
}

// --- turning from thread to thread ---

Fiber* fiber_for(const Thread& thread) {
  if (!one_fiber_per_thread) return idle[--idle_fibers];
  return idle[(thread.number + blocks_started * turn) % idle_fibers];
}

// The first thread that can run, in order and cyclically from a position; nullptr where none can.
Thread* next_runnable(unsigned position) {
  for (unsigned i = 0; i < block.threads; ++i) {
    const unsigned at = position + i;
    Thread& thread = threads[order[at < block.threads ? at : at - block.threads]];
    if (thread.state == State::ready || thread.state == State::fresh) return &thread;
  }
  return nullptr;
}

// Leaves the current thread where it is and turns to the first one that can run, or to the host where none can.
void run_from(unsigned position) {
  Thread* const next = next_runnable(position);
  if (!next) return Fiber::switch_to(*host);
  if (next->state == State::fresh) next->fiber = fiber_for(*next);
  current = next;
  threadIdx = next->index;
  Fiber::switch_to(*next->fiber);
}

void open_barrier() {
  for (unsigned i = 0; i < block.threads; ++i) {
    if (threads[i].state == State::at_barrier) threads[i].state = State::ready;
  }
  block.arrived = 0;
  ++block.barriers_passed;
}

// A fiber's code. Each turn of the loop is one CUDA thread, from its start to its return.
void run_threads() {
  for (;;) {
    Thread& self = *current;
    self.state = State::ready;
    acquire(&launched);
    block.body(block.context);
    release(&finished);
    self.state = State::returned;
    --block.live;
    if (block.live > 0 && block.arrived == block.live) open_barrier();
    if (!one_fiber_per_thread) idle[idle_fibers++] = self.fiber;
    run_from(self.position + 1);
  }
}

// --- errors ---

std::ostream& operator<<(std::ostream& out, const uint3& at) {
  return out << "(" << at.x << ", " << at.y << ", " << at.z << ")";
}
std::ostream& operator<<(std::ostream& out, Place place) { return out << place.file << ":" << place.line; }

// Ends the kernel: the launch throws Error. The threads stay where they are, and no code of theirs runs again.
template <class... Parts>
[[noreturn]] void stop(Place place, const Parts&... parts) {
  {
    std::ostringstream text;  // is destroyed here: nobody comes back to the end of this function
    text << "block " << blockIdx << ", thread " << current->index << ": ";
    (text << ... << parts);
    text << " (" << place << ")";
    failure() = text.str();
  }
  release(&finished);
  Fiber::switch_to(*host);
  std::abort();
}

// Why no thread of the block can go on: what its threads wait for, each kind once.
std::string deadlock() {
  std::ostringstream text;
  text << "block " << blockIdx << " cannot go on";
  std::vector<std::string> seen;
  for (unsigned i = 0; i < block.threads; ++i) {
    const Thread& thread = threads[i];
    std::ostringstream kind;
    if (thread.state == State::returned) {
      kind << "has returned";
    } else {
      kind << "waits for its " << (thread.state == State::at_warp ? "warp" : "block") << " at " << thread.place;
    }
    if (std::find(seen.begin(), seen.end(), kind.str()) != seen.end()) continue;
    seen.push_back(kind.str());
    text << "; thread " << thread.index << " " << kind.str();
  }
  return text.str();
}

bool same(Place a, Place b) { return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0); }

// --- a launch ---

struct ChosenOrder {
  Order order = Order::ascending;
  unsigned seed = 1;
  std::uint64_t launches = 0;
};

ChosenOrder order_at_start() {
  const char* const text = std::getenv("GRADUS_EMULATOR_ORDER");
  if (!text || std::strcmp(text, "ascending") == 0) return {};
  if (std::strcmp(text, "descending") == 0) return {Order::descending};
  const char shuffled[] = "shuffled:";
  char* end = nullptr;
  if (std::strncmp(text, shuffled, sizeof shuffled - 1) == 0 && text[sizeof shuffled - 1] != 0) {
    const auto seed = std::strtoul(text + sizeof shuffled - 1, &end, 10);
    if (*end == 0) return {Order::shuffled, static_cast<unsigned>(seed)};
  }
  throw Error(std::string("emulator: GRADUS_EMULATOR_ORDER is ascending, descending or shuffled:SEED, not ") + text);
}

ChosenOrder& chosen_order() {
  static ChosenOrder chosen = order_at_start();
  return chosen;
}

void put_in_order(unsigned* numbers, std::size_t count, std::mt19937& random) {
  std::iota(numbers, numbers + count, 0u);
  if (chosen_order().order == Order::descending) std::reverse(numbers, numbers + count);
  if (chosen_order().order == Order::shuffled) std::shuffle(numbers, numbers + count, random);
}

uint3 index_of(unsigned number, dim3 extents) {
  return {number % extents.x, number / extents.x % extents.y, number / extents.x / extents.y};
}

void make_fibers(unsigned count) {
  while (fibers.size() < count) {
    fibers.push_back(std::make_unique<Fiber>(run_threads));
    idle[idle_fibers++] = fibers.back().get();
  }
}

void run_block(unsigned number) {
  ++blocks_started;
  blockIdx = index_of(number, gridDim);
  block.live = block.threads;
  block.arrived = 0;
  for (unsigned i = 0; i < block.threads; ++i) {
    threads[order[i]] = {index_of(order[i], blockDim), order[i], i, State::fresh, nullptr, {}};
  }
  for (unsigned i = 0; i < block.threads / warpSize; ++i) warps[i].arrived = 0;
  begin_shared_memory(block.dynamic_bytes);
  release(&launched);
  run_from(0);
  if (failure().empty() && block.live > 0) failure() = deadlock();
}

}  // namespace

void set_order(Order order, unsigned seed) {
  std::lock_guard lock(device_mutex());
  chosen_order() = {order, seed};
}

void run_kernel(const std::string& name, dim3 grid, dim3 block_extents, std::size_t shared_bytes,
                void (*body)(const void*), const void* context) {
  std::lock_guard lock(device_mutex());
  const OpenMemory open;
  Fiber caller;
  host = &caller;
  gridDim = grid;
  blockDim = block_extents;
  block = {};
  block.threads = block_extents.x * block_extents.y * block_extents.z;
  block.dynamic_bytes = shared_bytes;
  block.body = body;
  block.context = context;
  make_fibers(block.threads + surplus);
  std::mt19937 random(static_cast<unsigned>(chosen_order().seed + chosen_order().launches++));
  std::vector<unsigned> block_order(std::size_t{grid.x} * grid.y * grid.z);
  put_in_order(block_order.data(), block_order.size(), random);
  put_in_order(order, block.threads, random);
  failure().clear();
  for (const unsigned number : block_order) {
    run_block(number);
    if (!failure().empty()) break;
  }
  acquire(&finished);
  if (failure().empty()) return;
  fibers.clear();  // some stand in the middle of the kernel
  idle_fibers = 0;
  throw Error("launch: " + name + ", " + failure());
}

// --- what kernels call ---

int lane() { return static_cast<int>(current->number % warpSize); }

void block_barrier(Place place) {
  Thread& self = *current;
  if (block.arrived == 0) block.barrier = place;
  if (!same(block.barrier, place))
    stop(place, "other threads of the block are at another __syncthreads(), ", block.barrier);
  int* const token = &barrier_tokens[block.barriers_passed % 2];
  release(token);
  self.place = place;
  if (++block.arrived == block.live) {
    open_barrier();
    run_from(0);  // after a barrier the order starts anew
  } else {
    self.state = State::at_barrier;
    run_from(self.position + 1);
  }
  acquire(token);
}

const std::uint64_t* exchange(unsigned mask, std::uint64_t value, Place place) {
  Thread& self = *current;
  Warp& warp = warps[self.number / warpSize];
  if (mask != ~0u) stop(place, "a warp operation's mask is full_warp, not ", mask);
  if (warp.arrived == 0) warp.place = place;
  if (!same(warp.place, place)) stop(place, "other lanes of the warp are at another warp operation, ", warp.place);
  std::uint64_t* const deposits = warp.deposits[warp.round % 2];
  deposits[lane()] = value;
  release(deposits);
  self.place = place;
  if (++warp.arrived == warpSize) {
    for (unsigned i = 0, first = self.number / warpSize * warpSize; i < warpSize; ++i)
      threads[first + i].state = State::ready;
    warp.arrived = 0;
    ++warp.round;
  } else {
    self.state = State::at_warp;
    run_from(self.position + 1);
  }
  acquire(deposits);
  return deposits;
}

void device_fence() {
  acquire(&fence);
  release(&fence);
}

void* shared_memory(SharedSlot& slot, std::size_t bytes, Place place) {
  if (slot.block != blocks_started) {
    slot.memory = carve_shared_memory(bytes);
    if (!slot.memory) stop(place, "more shared memory than a block has, 48 KiB of it by GRADUS_SHARED");
    slot.block = blocks_started;
  }
  return slot.memory;
}

void* dynamic_shared_memory(Place place) {
  if (!dynamic_shared_piece()) stop(place, "the launch asked for no dynamic shared memory");
  return dynamic_shared_piece();
}

const void* aligned16(const void* pointer, Place place) {
  if (reinterpret_cast<std::uintptr_t>(pointer) % 16 != 0)
    stop(place, "an access to 16 bytes at ", pointer, ", which is no multiple of 16");
  return pointer;
}

}  // namespace gradus::kernels::emulator
