// What tests set: the order in which the emulator runs threads and blocks, and how much memory its GPU has; and what
// they ask.
#pragma once
#include <cstddef>
#include <set>

namespace gradus::kernels::emulator {

enum class Order { ascending, descending, shuffled };

// The order of the blocks of a grid and of the threads of a block, between barriers. Until the first call the
// environment's GRADUS_EMULATOR_ORDER says it: ascending (the default), descending, or shuffled:SEED. A shuffled order
// differs from launch to launch and is the same from run to run.
void set_order(Order order, unsigned seed = 1);

// cudaMalloc fails beyond it. The default is 16 GiB.
void set_memory_limit(std::size_t bytes);

// The GPUs that were current when memory was taken, on them or page-locked, since the last call. CUDA makes itself at
// home on each, which costs hundreds of MB.
std::set<int> take_used_devices();

}  // namespace gradus::kernels::emulator
