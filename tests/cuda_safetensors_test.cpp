// Networks on the GPU, or its emulator, in safetensors files.
#include "catch.h"

#include <cmath>

#include <gradus/core/files.h>
#include <gradus/core/random.h>
#include <gradus/core/safetensors.h>
#include <gradus/layers/linear.h>
#include <gradus/layers/sequential.h>

#include "mnist_files.h"

using namespace gradus;

TEST_CASE("a network on the GPU is saved as it would be from the CPU, and loaded to the GPU") {
  const Device gpu{Device::Type::cuda, 0};
  const TempDir folder;
  const std::string from_cpu = folder.path() / "cpu.safetensors", from_gpu = folder.path() / "gpu.safetensors";
  for (const DType dtype : {float32, float64}) {
    Sequential net(Linear(5, 3), Linear(3, 2));
    net.to(dtype);
    save_safetensors(from_cpu, net.state_dict());
    net.to(gpu);
    save_safetensors(from_gpu, net.state_dict());
    CHECK(read_file(from_gpu) == read_file(from_cpu));

    Sequential other(Linear(5, 3), Linear(3, 2));
    other.to(dtype);
    other.to(gpu);
    other.load_state_dict(load_safetensors(from_cpu));
    CHECK(other.get_parameter("0.weight").device() == gpu);
    save_safetensors(from_gpu, other.state_dict());
    CHECK(read_file(from_gpu) == read_file(from_cpu));
  }
  const NamedTensors mixed{{"a", arange(0, 7, 1, {int64, gpu})}, {"b", full({2}, NAN, gpu)}, {"c", ones({3}, gpu)}};
  save_safetensors(from_gpu, mixed);
  CHECK(load_safetensors(from_gpu)[0].second.to_vector<Index>() == std::vector<Index>{0, 1, 2, 3, 4, 5, 6});
  CHECK(not_finite(mixed) == std::vector<std::string>{"b"});
}
