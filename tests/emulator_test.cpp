// The emulator runs kernels as a GPU may, and says so where one of them is wrong. One file, though a long one: the
// faults that end the process are planted, run in a child and recognised by helpers that all of its cases share.
#include "catch.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <limits>
#include <vector>

#include <gradus/kernels/emulator/emulator.h>
#include <gradus/kernels/gpu.h>

using namespace gradus::kernels;
using emulator::Order;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool address_sanitizer = true, thread_sanitizer = false;  // UBSan comes with it
#elif defined(__SANITIZE_THREAD__)
constexpr bool address_sanitizer = false, thread_sanitizer = true;
#else
constexpr bool address_sanitizer = false, thread_sanitizer = false;
#endif

// An array in the GPU's memory.
template <class T>
class Array {
 public:
  explicit Array(std::size_t n) : n_(n), at_(static_cast<T*>(device_allocate(n * sizeof(T)))) {}
  Array(const std::vector<T>& host) : Array(host.size()) { copy_to_device({}, n_ * sizeof(T), host.data(), at_); }
  ~Array() { device_free(at_); }
  Array(const Array&) = delete;
  operator T*() const { return at_; }
  std::vector<T> host() const {
    std::vector<T> out(n_);
    copy_to_host({}, n_ * sizeof(T), at_, out.data());
    return out;
  }

 private:
  std::size_t n_;
  T* at_;
};

std::vector<float> counting(int n) {
  std::vector<float> x(n);
  for (int i = 0; i < n; ++i) x[i] = static_cast<float>(i);
  return x;
}

// Runs f in each order of threads and blocks.
template <class F>
void in_every_order(F f) {
  for (const Order order : {Order::ascending, Order::descending, Order::shuffled}) {
    INFO("order " << static_cast<int>(order));
    emulator::set_order(order, 7);
    f();
  }
  emulator::set_order(Order::ascending);
}

// What `emulator_faults name` prints, on both streams, with settings of the environment before it.
std::string output_of_fault(const std::string& name, const std::string& settings = "") {
  const std::string command = settings + " " + GRADUS_EMULATOR_FAULTS + " " + name + " 2>&1; echo \" exit $?\"";
  FILE* const pipe = popen(command.c_str(), "r");
  std::string text;
  char part[4096];
  while (const std::size_t bytes = std::fread(part, 1, sizeof part, pipe)) text.append(part, bytes);
  pclose(pipe);
  return text;
}

void check_output(const std::string& fault, const std::vector<std::string>& expected) {
  const std::string text = output_of_fault(fault);
  INFO(fault << " printed:\n" << text);
  for (const auto& part : expected) CHECK(text.find(part) != std::string::npos);
  CHECK(text.find(" exit 0\n") == std::string::npos);
}

void check_contains(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
}

// --- kernels without a fault ---

__global__ void who_am_i(uint3* thread, uint3* block, Index n) {
  const unsigned in_block = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  const unsigned blocks_before = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const Index i = Index{blocks_before} * (blockDim.x * blockDim.y * blockDim.z) + in_block;
  if (i >= n) return;
  thread[i] = threadIdx;
  block[i] = blockIdx;
}

// Each round every thread reads what another one wrote: two barriers a round.
template <class T>
__global__ void rotate(const T* x, T* y, int rounds) {
  GRADUS_SHARED(T, tile, [8][16]);
  const int row = static_cast<int>(threadIdx.y), column = static_cast<int>(threadIdx.x);
  T own = x[row * 16 + column];
  for (int round = 0; round < rounds; ++round) {
    tile[row][column] = own;
    __syncthreads();
    own = tile[(row + 1) % 8][(column + 3) % 16];
    __syncthreads();
  }
  y[row * 16 + column] = own;
}

template <class T>
__global__ void reverse(const T* x, T* y) {
  GRADUS_DYNAMIC_SHARED(T, tile);
  const unsigned t = threadIdx.x, n = blockDim.x;
  tile[t] = x[blockIdx.x * n + t];
  __syncthreads();
  y[blockIdx.x * n + t] = tile[n - 1 - t];
}

template <class T>
__global__ void shuffles(const T* x, T* from_3, T* swapped, T* down, T* up, unsigned* votes) {
  const unsigned t = threadIdx.x;
  const T own = x[t];
  from_3[t] = __shfl_sync(full_warp, own, 3);
  swapped[t] = __shfl_xor_sync(full_warp, own, 5);
  down[t] = __shfl_down_sync(full_warp, own, 8);
  up[t] = __shfl_up_sync(full_warp, own, 8);
  votes[t] = __ballot_sync(full_warp, t % 3 == 0);
}

// Warps exchange values through shared memory, each on its own: half of them return early.
__global__ void independent_warps(const float* x, float* y) {
  GRADUS_SHARED(float, tile, [128]);
  const unsigned t = threadIdx.x;
  if (t / 32 % 2 == 1) return;
  tile[t] = x[t];
  __syncwarp();
  y[t] = tile[t ^ 1];
  __syncthreads();
}

__global__ void read_unwritten(float* y) {
  GRADUS_SHARED(float, tile, [32]);
  y[threadIdx.x] = tile[threadIdx.x];
}

// Each block leaves a partial sum, and the last one adds them up.
__global__ void last_block_adds(const float* x, float* partial, unsigned* counter, float* sum) {
  float v = x[blockIdx.x * 32 + threadIdx.x];
  for (int bit = 16; bit > 0; bit /= 2) v += __shfl_xor_sync(full_warp, v, bit);
  if (threadIdx.x != 0) return;
  partial[blockIdx.x] = v;
  __threadfence();
  if (atomicAdd(counter, 1u) + 1 < gridDim.x) return;
  __threadfence();
  float total = 0;
  for (unsigned b = 0; b < gridDim.x; ++b) total += partial[b];
  *sum = total;
}

__global__ void atomics(int* sum, unsigned* most, int* least, unsigned long long* big) {
  const int t = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  atomicAdd(sum, t);
  atomicMax(most, static_cast<unsigned>(t));
  atomicMin(least, -t);
  atomicAdd(big, 1ull << 40);
}

__global__ void wide(const float* x, float* y, const double* u, double* v) {
  const unsigned t = threadIdx.x;
  const float4 a = load4(x + 4 * t);
  const double2 b = load2(u + 2 * t);
  store4(y + 4 * t, make_float4(a.w, a.z, a.y, a.x));
  store2(v + 2 * t, make_double2(b.y, b.x));
}

struct Pair {
  Index n = 0;
  const float* x = nullptr;
  float* y = nullptr;
};
__global__ void copy_pair(Pair pair) {
  const Index i = Index{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i < pair.n) pair.y[i] = pair.x[i];
}

__global__ void nothing() {}

// --- kernels that wait for each other wrongly ---

__global__ void half_the_warp() {
  float v = 1;
  if (threadIdx.x % 32 < 16) {
    v = __shfl_down_sync(full_warp, v, 8);
  } else {
    __syncthreads();
  }
}

__global__ void some_skip_the_barrier() {
  if (threadIdx.x < 32) {
    __shfl_sync(full_warp, 1, 0);
  }
  if (threadIdx.x == 40) __shfl_sync(full_warp, 1, 0);
  __syncthreads();
}

__global__ void two_barriers() {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void partial_mask() { __shfl_sync(0xffffu, 1, 0); }

__global__ void much_shared() {
  GRADUS_SHARED(double, tile, [80][80]);
  tile[0][0] = 0;
}

__global__ void no_dynamic() {
  GRADUS_DYNAMIC_SHARED(float, tile);
  tile[0] = 0;
}

__global__ void unaligned(const float* x, float* y) { store4(y, load4(x + 1)); }

__global__ void forgets_barrier(const float* x, float* y) {
  GRADUS_SHARED(float, tile, [64]);
  const unsigned t = threadIdx.x;
  tile[t] = x[t];
  y[t] = tile[63 - t];
}

}  // namespace

TEST_CASE("Every thread of every block runs once and knows where it is") {
  in_every_order([] {
    const dim3 grid(3, 2, 2), block(8, 4, 2);
    const Index n = 12 * 64;
    const Array<uint3> thread(n), block_of(n);
    launch<who_am_i>({}, grid, block, 0, thread, block_of, n);
    const auto t = thread.host(), b = block_of.host();
    for (unsigned i = 0; i < n; ++i) {
      const unsigned in_block = i % 64, before = i / 64;
      REQUIRE(t[i].x == in_block % 8);
      REQUIRE(t[i].y == in_block / 8 % 4);
      REQUIRE(t[i].z == in_block / 32);
      REQUIRE(b[i].x == before % 3);
      REQUIRE(b[i].y == before / 3 % 2);
      REQUIRE(b[i].z == before / 6);
    }
  });
}

TEST_CASE("A barrier separates writes from reads, in every order") {
  in_every_order([] {
    const Array<float> x(counting(128)), y(128);
    launch<rotate<float>>({}, 1, dim3(16, 8), 0, x, y, 5);
    const auto result = y.host();
    for (int i = 0; i < 128; ++i) REQUIRE(result[i] == (i / 16 + 5) % 8 * 16 + (i % 16 + 15) % 16);
  });
}

TEST_CASE("Dynamic shared memory has the size that the launch asks for") {
  in_every_order([] {
    const Array<float> x(counting(96)), y(96);
    launch<reverse<float>>({}, 3, 32, 32 * sizeof(float), x, y);
    const auto result = y.host();
    for (int i = 0; i < 96; ++i) REQUIRE(result[i] == i / 32 * 32 + 31 - i % 32);
  });
  const Array<double> u(std::vector<double>(1024, 2.0)), v(1024);
  launch<reverse<double>>({}, 1, 1024, 200 * 1024, u, v);  // more than 48 KiB: launch() asks CUDA for it
  CHECK(v.host() == std::vector<double>(1024, 2.0));
}

TEST_CASE("Warps shuffle and vote") {
  in_every_order([] {
    std::vector<double> host(64);
    for (int i = 0; i < 64; ++i) host[i] = 0.1 * i;
    const Array<double> x(host), from_3(64), swapped(64), down(64), up(64);
    const Array<unsigned> votes(64);
    launch<shuffles<double>>({}, 1, 64, 0, x, from_3, swapped, down, up, votes);
    unsigned thirds[2] = {};
    for (int t = 0; t < 64; ++t) thirds[t / 32] |= unsigned{t % 3 == 0} << t % 32;
    for (int t = 0; t < 64; ++t) {
      const int lane = t % 32, first = t - lane;
      REQUIRE(from_3.host()[t] == host[first + 3]);
      REQUIRE(swapped.host()[t] == host[first + (lane ^ 5)]);
      REQUIRE(down.host()[t] == host[lane + 8 < 32 ? t + 8 : t]);
      REQUIRE(up.host()[t] == host[lane >= 8 ? t - 8 : t]);
      REQUIRE(votes.host()[t] == thirds[t / 32]);
    }
  });
}

TEST_CASE("Warps wait for themselves alone, and threads that returned for nobody") {
  in_every_order([] {
    const Array<float> x(counting(128)), y(std::vector<float>(128, -1));
    launch<independent_warps>({}, 1, 128, 0, x, y);
    const auto result = y.host();
    for (int t = 0; t < 128; ++t) REQUIRE(result[t] == (t / 32 % 2 == 1 ? -1 : t ^ 1));
  });
}

TEST_CASE("The last block adds up what all have left") {
  in_every_order([] {
    const Array<float> x(counting(8 * 32)), partial(8), sum(1);
    const Array<unsigned> counter(std::vector<unsigned>{0});
    launch<last_block_adds>({}, 8, 32, 0, x, partial, counter, sum);
    CHECK(sum.host()[0] == 255 * 128);
  });
}

TEST_CASE("Atomics on integers") {
  in_every_order([] {
    const Array<int> sum(std::vector<int>{0}), least(std::vector<int>{0});
    const Array<unsigned> most(std::vector<unsigned>{0});
    const Array<unsigned long long> big(std::vector<unsigned long long>{0});
    launch<atomics>({}, 4, 64, 0, sum, most, least, big);
    CHECK(sum.host()[0] == 255 * 128);
    CHECK(most.host()[0] == 255);
    CHECK(least.host()[0] == -255);
    CHECK(big.host()[0] == 256ull << 40);
  });
}

TEST_CASE("Loads and stores of 16 bytes") {
  const Array<float> x(counting(128)), y(128);
  const Array<double> u(std::vector<double>{1, 2, 3, 4}), v(64);
  launch<wide>({}, 1, 32, 0, x, y, Array<double>(std::vector<double>(64, 3)), v);
  for (int i = 0; i < 128; ++i) REQUIRE(y.host()[i] == i / 4 * 4 + 3 - i % 4);
  CHECK(v.host() == std::vector<double>(64, 3));
  const Array<float> short_x(64), short_y(64);
  check_contains(message_of([&] { launch<unaligned>({}, 1, 32, 0, short_x, short_y); }), "which is no multiple of 16");
}

TEST_CASE("Memory that nobody wrote is NaN") {
  const Array<float> fresh(8), y(std::vector<float>(32, 0));
  for (const float v : fresh.host()) CHECK(std::isnan(v));
  launch<read_unwritten>({}, 1, 32, 0, y);
  for (const float v : y.host()) CHECK(std::isnan(v));
}

TEST_CASE("Arguments become the kernel's parameters, and a missing barrier's result depends on the order") {
  if (thread_sanitizer) return;  // which says so itself, in the cases below
  const Array<float> x(counting(64));
  std::vector<std::vector<float>> results;
  in_every_order([&] {
    const Array<float> y(64);
    launch<forgets_barrier>({}, 1, 64, 0, x, y);
    results.push_back(y.host());
  });
  // NaN where the order was wrong, elsewhere what a barrier would have given.
  const auto same = [](float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  CHECK_FALSE(std::equal(results[0].begin(), results[0].end(), results[1].begin(), same));
  CHECK_FALSE(std::equal(results[0].begin(), results[0].end(), results[2].begin(), same));
}

TEST_CASE("Which kernels ran is counted, by template and by instantiation") {
  reset_kernel_launches();
  const Array<float> x(counting(128)), y(128);
  launch<rotate<float>>({}, 1, dim3(16, 8), 0, x, y, 1);
  launch<rotate<float>>({}, 1, dim3(16, 8), 0, x, y, 1);
  CHECK(kernel_launches("rotate") == 2);
  CHECK(kernel_launches("rotate<float>") == 2);
  CHECK(kernel_launches("rotate<double>") == 0);
  CHECK(kernel_launches("rot") == 0);
  CHECK(kernel_launches("nothing") == 0);
  launch<nothing>({}, 1, 32, 0);
  CHECK(kernel_launches("nothing") == 1);
  check_contains(launched_kernels(), "rotate<float> 2\n");
}

TEST_CASE("launch: an empty grid is no work, and limits are checked") {
  reset_kernel_launches();
  launch<nothing>({}, 0, 32, 0);
  launch<nothing>({}, dim3(4, 0), 32, 0);
  CHECK(kernel_launches("nothing") == 0);
  check_contains(message_of([] { launch<nothing>({}, 1, 33, 0); }),
                 "launch: nothing: a block is a whole number of warps of 32 threads, up to 1024, not 33 x 1 x 1");
  check_contains(message_of([] { launch<nothing>({}, 1, 0, 0); }), "not 0 x 1 x 1");
  check_contains(message_of([] { launch<nothing>({}, 1, dim3(64, 32), 0); }), "not 64 x 32 x 1");
  check_contains(message_of([] { launch<nothing>({}, dim3(1, 65536), 32, 0); }), "not 1 x 65536 x 1");
  check_contains(message_of([] { launch<nothing>({}, 1, 32, 232449); }),
                 "a block of this GPU has up to 232448 bytes of shared memory, not 232449");
  CHECK(kernel_launches("nothing") == 0);
  CHECK(blocks_for(0, 256) == 0);
  CHECK(blocks_for(256, 256) == 1);
  CHECK(blocks_for(257, 256) == 2);
  check_contains(message_of([] { blocks_for(Index{1} << 40, 256); }), "launch: too many blocks");
}

TEST_CASE("launch: a host pointer is refused, alone and in a struct") {
  const Array<float> x(counting(64)), y(64);
  float host[64] = {};
  const std::string sentence = message_of([&] { launch<forgets_barrier>({}, 1, 64, 0, x, host); });
  check_contains(sentence, "launch: forgets_barrier: argument 2 is a pointer to host memory");
  launch<copy_pair>({}, 2, 32, 0, Pair{64, x, y});
  CHECK(y.host() == counting(64));
  check_contains(message_of([&] {
                   launch<copy_pair>({}, 2, 32, 0, Pair{64, host, y});
                 }),
                 "launch: copy_pair: argument 1 holds a pointer to host memory");
  launch<copy_pair>({}, 1, 32, 0, Pair{});  // nullptr is nobody's memory
}

TEST_CASE("Threads that wait for each other for ever are reported with their places") {
  const std::string half = message_of([] { launch<half_the_warp>({}, 1, 32, 0); });
  check_contains(half, "launch: half_the_warp, block (0, 0, 0) cannot go on");
  check_contains(half, "thread (0, 0, 0) waits for its warp at");
  check_contains(half, "thread (16, 0, 0) waits for its block at");
  const std::string skipped = message_of([] { launch<some_skip_the_barrier>({}, 1, 64, 0); });
  check_contains(skipped, "thread (40, 0, 0) waits for its warp at");
  check_contains(message_of([] { launch<two_barriers>({}, 1, 64, 0); }),
                 "other threads of the block are at another __syncthreads()");
  check_contains(message_of([] { launch<partial_mask>({}, 1, 32, 0); }), "a warp operation's mask is full_warp");
  const Array<float> x(counting(128)), y(128);  // and the next kernel runs
  launch<rotate<float>>({}, 1, dim3(16, 8), 0, x, y, 8);
  CHECK(y.host()[0] == 8);
}

TEST_CASE("Shared memory has its limits") {
  check_contains(message_of([] { launch<much_shared>({}, 1, 32, 0); }), "more shared memory than a block has");
  check_contains(message_of([] { launch<no_dynamic>({}, 1, 32, 0); }), "asked for no dynamic shared memory");
}

TEST_CASE("Device memory: counters, limits, and copies that stay within a block") {
  const DeviceMemory before = device_memory();
  {
    const Array<float> x(1000);
    CHECK(before.free - device_memory().free == 4000);
    CHECK(reinterpret_cast<std::uintptr_t>(static_cast<float*>(x)) % 256 == 0);
    float host[4] = {1, 2, 3, 4};
    check_contains(message_of([&] { copy_to_device({}, 16, host, x + 997); }), "cuda: invalid argument (");
    check_contains(message_of([&] { copy_to_device({}, 16, x, x); }), "cuda: invalid argument");
    copy_to_device({}, 16, host, x + 996);
    const Array<float> y(4);
    copy_on_device({}, 16, x + 996, y);
    CHECK(y.host() == std::vector<float>{1, 2, 3, 4});
  }
  CHECK(device_memory().free == before.free);
  emulator::set_memory_limit(1000);
  CHECK(device_allocate(1001) == nullptr);
  void* const block = device_allocate(600);
  CHECK(block != nullptr);
  CHECK(device_allocate(600) == nullptr);
  device_free(block);
  emulator::set_memory_limit(std::numeric_limits<std::size_t>::max());
}

TEST_CASE("The default stream copies from page-locked memory when it is given the next thing") {
  float* const host = static_cast<float*>(pinned_allocate(8));
  const Array<float> x(2), y(2);
  host[0] = 1, host[1] = 2;
  copy_to_device({}, 8, host, x);
  host[0] = 3;
  copy_on_device({}, 8, x, y);
  host[1] = 4;
  CHECK(y.host() == std::vector<float>{3, 2});
  check_contains(message_of([&] { copy_to_device({}, 16, host, x); }), "cuda: invalid argument");
  pinned_free(host);
}

TEST_CASE("An event is recorded on the GPU where it was made") {
  setenv("GRADUS_EMULATOR_DEVICES", "2", 1);
  Event event;
  set_device(1);
  check_contains(message_of([&] { event.record({}); }), "cuda: invalid resource handle");
  set_device(0);
  event.record({});
  unsetenv("GRADUS_EMULATOR_DEVICES");
}

TEST_CASE("Without a device there is a sentence") {
  CHECK(device_count() == 1);
  CHECK(why_no_device().empty());
  CHECK(device_name(0) == "emulated GPU");
  check_contains(message_of([] { set_device(1); }), "cuda: there is no cuda:1, the last one is cuda:0");
  setenv("CUDA_VISIBLE_DEVICES", "", 1);
  CHECK(device_count() == 0);
  check_contains(why_no_device(), "the NVIDIA driver sees no GPU");
  check_contains(message_of([] { set_device(0); }), "there is no cuda:0, the NVIDIA driver sees no GPU");
  unsetenv("CUDA_VISIBLE_DEVICES");
}

TEST_CASE("Several threads of the host may launch kernels") {
  const auto work = [] {
    for (int i = 0; i < 10; ++i) {
      const Array<float> x(counting(128)), y(128);
      launch<rotate<float>>({}, 1, dim3(16, 8), 0, x, y, 8);
      if (y.host()[1] != 9) throw gradus::Error("a kernel of another thread came in between");
    }
  };
  auto first = std::async(std::launch::async, work), second = std::async(std::launch::async, work);
  CHECK_NOTHROW(first.get());
  CHECK_NOTHROW(second.get());
}

TEST_CASE("The environment sets the order") {
  for (const char* order : {"ascending", "descending", "shuffled:3"}) {
    check_contains(output_of_fault("none", std::string("GRADUS_EMULATOR_ORDER=") + order), "survived");
  }
  for (const char* order : {"sideways", "shuffled", "shuffled:", "shuffled:x"}) {
    check_contains(output_of_fault("none", std::string("GRADUS_EMULATOR_ORDER=") + order),
                   "GRADUS_EMULATOR_ORDER is ascending, descending or shuffled:SEED, not");
  }
}

TEST_CASE("Faults that a process does not survive") {
  check_output("host_touches_device", {"the memory of the GPU was touched from outside a kernel"});
  if (address_sanitizer) {
    check_output("shared_overrun", {"use-after-poison", "shared_overrun"});
    check_output("dynamic_overrun", {"use-after-poison", "dynamic_overrun"});
    check_output("device_overrun", {"use-after-poison", "device_overrun"});
    check_output("freed", {"use-after-poison"});
    check_output("wrong_row", {"index 8 out of bounds for type 'float [8]'"});
    check_output("misaligned", {"misaligned address"});
  }
  if (thread_sanitizer) {
    check_output("missing_barrier", {"data race", "emulator_faults.cu"});
    check_output("missing_second_barrier", {"data race"});
    check_output("lanes_in_step", {"data race"});
    check_output("race_between_blocks", {"data race"});
    check_output("missing_fence", {"data race"});
  }
}
