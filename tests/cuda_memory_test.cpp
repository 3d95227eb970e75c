// The GPU's memory and what the host sees of it: allocation, batches on their way, devices, errors that come late.
#include "catch.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include <gradus/core/allocator.h>
#include <gradus/core/autograd.h>
#include <gradus/core/cuda.h>
#include <gradus/core/ops.h>
#include <gradus/core/upload.h>
#include <gradus/data/loader.h>
#ifdef GRADUS_CUDA_EMULATED
#include <gradus/kernels/emulator/emulator.h>
#endif

using namespace gradus;

namespace {

const Device gpu{Device::Type::cuda, 0};

Tensor numbers(Index n, double first) { return arange(first, first + static_cast<double>(n), 1, float64); }

#ifdef GRADUS_CUDA_EMULATED
// Sets a variable of the environment while it lives.
struct Setting {
  const char* name;
  Setting(const char* n, const char* value) : name(n) { setenv(name, value, 1); }
  ~Setting() { unsetenv(name); }
};
#endif

}  // namespace

// --- the allocator ---

TEST_CASE("the device's allocator counts, and reuses") {
  set_memory_caching(true, gpu);
  const std::size_t active = memory_stats(gpu).active;
  { const Tensor t = ones({1000}, gpu); }
  const std::size_t taken = memory_stats(gpu).system_allocations;
  { const Tensor t = ones({1000}, gpu); }
  CHECK(memory_stats(gpu).system_allocations == taken);
  CHECK(memory_stats(gpu).active == active);
  const std::string message = message_of([] { allocate(std::size_t{1} << 60, gpu); });
  CHECK(message.starts_with("memory: out of memory on cuda:0: asked for 1152921504606846976 bytes while "));
  CHECK(message.find(" of the device are free") != std::string::npos);
}

TEST_CASE("page-locked memory is counted, and reused") {
  const std::size_t active = pinned_memory_stats().active;
  const void* block = nullptr;
  {
    const Tensor pinned = pin_memory(numbers(1000, 0));
    CHECK(pinned_memory_stats().active >= active + 8000);
    CHECK(pinned.data<double>()[999] == 999);
    block = pinned.raw();
  }
  CHECK(pinned_memory_stats().active == active);
#ifndef GRADUS_SANITIZED
  CHECK(pin_memory(numbers(1000, 5)).raw() == block);
#else
  CHECK(block != nullptr);
#endif
  CHECK(pin_memory(zeros({0})).numel() == 0);
  CHECK(message_of([] { pin_memory(ones({1}, gpu)); }) ==
        "pin_memory: expected a tensor on the CPU, got one on cuda:0");
}

#ifdef GRADUS_CUDA_EMULATED
TEST_CASE("a copy from page-locked memory has happened when to() returns") {
  const Tensor pinned = pin_memory(numbers(1000, 0));
  const Tensor there = pinned.to(gpu);
  std::ranges::fill(pinned.data<double>(), -1);
  CHECK(there.to_vector<double>() == numbers(1000, 0).to_vector<double>());
  const Tensor gone = pin_memory(numbers(1000, 7)).to(gpu);  // whose memory the next one gets
  const Tensor next = pin_memory(numbers(1000, 8));
  CHECK(gone.to_vector<double>() == numbers(1000, 7).to_vector<double>());
}

TEST_CASE("where the GPU's memory is full, the cache is given back before it is an error") {
  set_memory_caching(true, gpu);
  empty_cache(gpu);
  const std::size_t megabyte = 1 << 20, before = memory_stats(gpu).active;
  kernels::emulator::set_memory_limit(kernels::device_memory().total - kernels::device_memory().free + 10 * megabyte);
  {
    { const Tensor a = empty({6 * static_cast<Index>(megabyte) / 4}, gpu); }  // now in the cache
    const Tensor b = empty({8 * static_cast<Index>(megabyte) / 4}, gpu);
    CHECK(memory_stats(gpu).cached == 0);
    const std::string message = message_of([] { empty({1 << 20}, gpu); });
    CHECK(message == "memory: out of memory on cuda:0: asked for 4194304 bytes while " +
                         std::to_string(before + 8 * megabyte) + " are in use and 2097152 of the device are free; " +
                         "use a smaller batch");
    CHECK(sum(b.rows(0, 1)).numel() == 1);  // the rest goes on
  }
  kernels::emulator::set_memory_limit(std::size_t{16} << 30);
}
#endif

TEST_CASE("memory_summary says what the GPU, its tensors and the cache hold") {
  const Tensor t = ones({500'000}, gpu);
  const std::string summary = cuda::memory_summary(gpu);
  INFO(summary);
  CHECK(summary.starts_with("cuda:0 (" + cuda::device_name(gpu) + ")\n"));
  for (const char* line : {"memory of the GPU", "free", "tensors", "at most so far", "cached for reuse",
                           "page-locked memory of the host"}) {
    CHECK(summary.find(line) != std::string::npos);
  }
  char held[40];
  std::snprintf(held, sizeof held, "%12.1f MB\n", static_cast<double>(memory_stats(gpu).active) / 1e6);
  CHECK(summary.find("tensors                            " + std::string(held)) != std::string::npos);
  CHECK(cuda::device_name() == cuda::device_name(gpu));
  CHECK(cuda::memory_summary().starts_with("cuda:0 ("));
  cuda::synchronize();
  CHECK(message_of([] { cuda::memory_summary(cpu); }) == "memory_summary: expected a GPU such as cuda:0, got cpu");
  CHECK(message_of([] {
          cuda::synchronize({Device::Type::cuda, 99});
        }).starts_with("synchronize: there is no cuda:99, the last one is cuda:"));
  CHECK(message_of([] {
          cuda::device_name({Device::Type::cuda, -1});
        }).starts_with("device_name: there is no cuda:-1, the last one is cuda:"));
}

// --- devices ---

#ifdef GRADUS_CUDA_EMULATED
TEST_CASE("without a GPU or a driver a sentence says which") {
  {
    const Setting hidden("CUDA_VISIBLE_DEVICES", "");
    CHECK_FALSE(cuda::is_available());
    CHECK(message_of([] { parse_device("cuda"); }) ==
          "device: cuda asked for, but the NVIDIA driver sees no GPU (CUDA_VISIBLE_DEVICES may hide it); use cpu");
  }
  {
    const Setting driver("GRADUS_EMULATOR_NO_DRIVER", "1");
    CHECK(message_of([] { parse_device("cuda:0"); }) ==
          "device: cuda:0 asked for, but no NVIDIA driver is installed here; use cpu");
    CHECK(message_of([] { cuda::device_name(gpu); }) ==
          "device_name: there is no cuda:0: no NVIDIA driver is installed here");
  }
  CHECK(cuda::is_available());
  CHECK(cuda::why_unavailable().empty());
}

TEST_CASE("cuda:1 is a device of its own") {
  CHECK(message_of([] { parse_device("cuda:1"); }) == "device: cuda:1 asked for, but there is one GPU, cuda:0");
  const Setting two("GRADUS_EMULATOR_DEVICES", "2");
  const Device second = parse_device("cuda:1");
  const std::size_t first_active = memory_stats(gpu).active, second_active = memory_stats(second).active;
  const Tensor x = numbers(1000, 0).to(second), labels = tensor({0, 5}, int64).to(second);
  CHECK(memory_stats(gpu).active == first_active);
  CHECK(memory_stats(second).active > second_active);
  CHECK(sum(square(x)).device() == second);
  CHECK(sum(x).item() == 499500);
  CHECK(message_of([&] {
          x + ones({1000}, {float64, gpu});
        }).starts_with("add: operands are on different devices, cuda:1 and cuda:0"));
  CHECK(message_of([&] { x.to(gpu); }) == "to: copies go between the CPU and a GPU; copy to cpu first");
  // A check that fails is found on its own GPU.
  const Tensor loss = nll_loss(zeros({2, 3}, {float64, second}), labels);
  CHECK(sum(ones({3}, gpu)).item() == 3);
  CHECK(message_of([&] { loss.item(); }).starts_with("nll_loss: target 5 at position 1 is not one of the 3 classes"));
  kernels::set_device(0);  // the second is gone with its setting
}

TEST_CASE("batches for cuda:1 leave the first GPU alone") {
  const Setting two("GRADUS_EMULATOR_DEVICES", "2");
  const Device second = parse_device("cuda:1");
  const Index pixels = 70000;  // more than any cache holds
  const Dataset data{numbers(6 * pixels, 0).to(float32).reshape({6, 1, 1, pixels}), arange(0, 6, 1, int64)};
  for (const int workers : {2, 0}) {  // new threads first: page-locked memory is kept
    kernels::set_device(0);
    kernels::emulator::take_used_devices();
    DataLoader loader(data, {.batch_size = 3, .workers = workers, .device = second});
    double total = 0;
    for (const Batch& batch : loader) total += sum(batch.labels).item();
    CHECK(total == 15);
    CHECK(kernels::emulator::take_used_devices() == std::set{1});
    kernels::set_device(0);
    Uploader uploader(second);
    kernels::set_device(0);
    uploader.start({numbers(10, 3)});
    CHECK(uploader.finish()[0].to_vector<double>() == numbers(10, 3).to_vector<double>());
  }
  kernels::set_device(0);
}
#endif

TEST_CASE("a position outside is an error when the GPU is next waited for, and harms nothing until then") {
  const Tensor x = ones({2, 3}, {float64, gpu});
  const auto message_late = [&](auto run) {
    if (kernels::waits_for_each_kernel()) return message_of(run);  // GRADUS_SYNC=1
    Tensor y;
    CHECK(message_of([&] { y = run(); }).empty());
    return message_of([&] { y.to(cpu); });
  };
  const std::string hint =
      kernels::waits_for_each_kernel() ? "" : "; the op ran earlier on the GPU, GRADUS_SYNC=1 stops where it stands";
  CHECK(message_late([&] {
          return index_select(x, 0, tensor({0, 2, -7}, int64).to(gpu));
        }) == "index_select: index 2 at position 1 is outside dimension 0 of shape [2, 3]" + hint);
  CHECK(message_late([&] {
          return nll_loss(x, tensor({1, -1}, int64).to(gpu));
        }) == "nll_loss: target -1 at position 1 is not one of the 3 classes, 0 to 2" + hint);
  CHECK(message_late([&] {
          const Tensor logits = ones({2, 3}, {float64, gpu}).requires_grad_();
          cross_entropy(logits, tensor({3, 0}, int64).to(gpu)).backward();
          return logits.grad();
        }) == "nll_loss: target 3 at position 0 is not one of the 3 classes, 0 to 2" + hint);
  CHECK(message_late([&] {
          Tensor p = full({100, 50}, 0.5, {float32, gpu});
          {
            NoGrad guard;
            p.rows(71, 72).fill_(1.1);
          }
          return binary_cross_entropy(p, p);
        }) ==
        "binary_cross_entropy: input 1.1 at position 3550 is not a probability, 0 to 1; apply sigmoid first, or "
        "pass the scores to binary_cross_entropy_with_logits" +
            hint);
  CHECK(message_late([&] {
          return binary_cross_entropy(tensor({0.5, 0.5, -0.1}, {float64, gpu}), ones({3}, {float64, gpu}));
        }).starts_with("binary_cross_entropy: input -0.1 at position 2 is not a probability, 0 to 1"));
  CHECK(message_late([&] {
          return binary_cross_entropy(full({3}, 0.5, {float64, gpu}), tensor({0, 2, 3}, {float64, gpu}));
        }) == "binary_cross_entropy: target 2 at position 1 is not a probability, 0 to 1" + hint);
  CHECK(sum(x).item() == 6);  // an error is told once
  CHECK(nll_loss(x, tensor({2, 0}, int64).to(gpu)).item() == -1);
}

// --- batches on their way ---

TEST_CASE("an uploader brings tensors to the GPU in order, whatever happens to their memory on the way") {
  Uploader uploader(gpu);
  uploader.start({pin_memory(numbers(1000, 0)), Tensor(), tensor({1, 2, 3}, int64)});
  for (int i = 1; i <= 20; ++i) {
    // The tensors given are gone at once, and the next ones are larger or smaller.
    uploader.start({pin_memory(numbers(700 + 53 * (i % 7), i)), Tensor(), tensor({i * 1.0, 2, 3}, int64)});
    const Tensors there = uploader.finish();
    REQUIRE(there.size() == 3);
    CHECK(there[0].device() == gpu);
    CHECK_FALSE(there[1].defined());
    const Index n = i == 1 ? 1000 : 700 + 53 * ((i - 1) % 7);
    CHECK(there[0].to_vector<double>() == numbers(n, i - 1).to_vector<double>());
    CHECK(there[2].to_vector<Index>() == std::vector<Index>{i == 1 ? 1 : i - 1, 2, 3});
  }
  const Tensor already = ones({3}, gpu);
  uploader.start({already});
  CHECK(message_of([&] { uploader.start({already}); }) == "Uploader: two batches are on their way; finish() one first");
  uploader.finish();
  CHECK(uploader.finish()[0].same(already));
  CHECK(message_of([&] { uploader.finish(); }) == "Uploader: there is nothing to finish; start() first");
  CHECK(message_of([] { Uploader on_cpu(cpu); }) == "Uploader: expected a GPU such as cuda:0, got cpu");
}

TEST_CASE("a loader's batches on the GPU are those on the CPU") {
  const Dataset data{numbers(23 * 4, 0).to(float32).reshape({23, 1, 2, 2}), arange(0, 23, 1, int64)};
  for (const int workers : {0, 2}) {
    LoaderOptions options{.batch_size = 5, .shuffle = true, .workers = workers, .seed = 3, .dtype = float64};
    DataLoader here(data, options);
    options.device = gpu;
    DataLoader there(data, options);
    for (int epoch = 0; epoch < 2; ++epoch) {
      auto other = here.begin();
      for (const Batch& batch : there) {
        CHECK(batch.images.device() == gpu);
        CHECK(batch.size == other->size);
        CHECK(batch.images.shape() == other->images.shape());
        CHECK(batch.images.to_vector<double>() == other->images.to_vector<double>());
        CHECK(batch.labels.to_vector<Index>() == other->labels.to_vector<Index>());
        ++other;
      }
      CHECK(other == here.end());
    }
    auto early = there.begin();  // dropped with a batch on its way
    CHECK(early->size == 5);
  }
}

TEST_CASE("a batch that could not be fetched is an error in its place on the GPU too") {
  const auto fetch = [](std::span<const Index> rows) {
    if (rows[0] == 4) fail("fetch", "no such picture");
    return Batch{full({2, 3}, static_cast<double>(rows[0])), {}};
  };
  DataLoader loader(8, fetch, {.batch_size = 2, .device = gpu});
  std::vector<double> seen;
  const std::string message = message_of([&] {
    for (const Batch& batch : loader) {
      CHECK_FALSE(batch.labels.defined());
      seen.push_back(batch.images.to_vector<float>()[0]);
    }
  });
  CHECK(seen == std::vector<double>{0, 2});
  CHECK(message == "DataLoader: batch 2 of epoch 0: fetch: no such picture");
  for (const int index : {99, -1}) {
    const Device absent{Device::Type::cuda, index};
    CHECK(message_of([&] { DataLoader(8, fetch, {.device = absent}); }) == "DataLoader: there is no " + absent.str());
  }
}
