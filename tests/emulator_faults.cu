// Kernels with one fault each, for emulator_test.cpp: `emulator_faults NAME` runs one, and prints "survived" where
// nothing stopped it.
#include <cstdio>
#include <cstring>

#include <gradus/kernels/gpu.h>

using namespace gradus::kernels;

namespace {

constexpr int n = 64;  // threads of a block

__global__ void none(float* y) { y[threadIdx.x] = 1; }

__global__ void missing_barrier(const float* x, float* y) {
  GRADUS_SHARED(float, tile, [n]);
  const int t = static_cast<int>(threadIdx.x);
  tile[t] = x[t];
  y[t] = tile[n - 1 - t];
}

// The barrier at the end of the loop's body is missing: one thread overwrites what another one has not read yet.
__global__ void missing_second_barrier(const float* x, float* y) {
  GRADUS_SHARED(float, tile, [n]);
  const int t = static_cast<int>(threadIdx.x);
  float sum = 0;
  for (int k = 0; k < 3; ++k) {
    tile[t] = x[k * n + t];
    __syncthreads();
    sum += tile[n - 1 - t];
  }
  y[t] = sum;
}

__global__ void lanes_in_step(const float* x, float* y) {
  GRADUS_SHARED(float, tile, [n]);
  const int t = static_cast<int>(threadIdx.x);
  tile[t] = x[t];
  y[t] = tile[t ^ 1];
}

__global__ void race_between_blocks(float* y) { y[threadIdx.x] += 1; }

__global__ void missing_fence(float* partial, unsigned* counter, float* y) {
  if (threadIdx.x != 0) return;
  partial[blockIdx.x] = 1;
  if (atomicAdd(counter, 1u) + 1 == gridDim.x) y[0] = partial[0] + partial[1];
}

// A template, and past the end by a pointer: no type tells where the array ends.
template <int extent>
__global__ void shared_overrun(float* y) {
  GRADUS_SHARED(float, tile, [extent]);
  GRADUS_SHARED(float, next, [extent]);
  const int t = static_cast<int>(threadIdx.x);
  float* const at = tile;
  next[t] = 2;
  at[t + 1] = 1;
  __syncthreads();
  y[t] = at[t] + next[t];
}

__global__ void dynamic_overrun(float* y) {
  GRADUS_DYNAMIC_SHARED(float, tile);
  const int t = static_cast<int>(threadIdx.x);
  tile[t + 1] = 1;
  __syncthreads();
  y[t] = tile[t];
}

__global__ void wrong_row(float* y) {
  GRADUS_SHARED(float, tile, [8][8]);
  const int t = static_cast<int>(threadIdx.x);
  volatile int column = t % 8 + 1;
  tile[t / 8][column] = 1;
  __syncthreads();
  y[t] = tile[t / 8][t % 8];
}

__global__ void device_overrun(float* y) { y[threadIdx.x + 1] = 1; }

__global__ void misaligned(const float* x, float* y) {
  *reinterpret_cast<float4*>(y) = *reinterpret_cast<const float4*>(x + 1);
}

float* numbers(std::size_t count) {
  auto* const y = static_cast<float*>(device_allocate(count * sizeof(float)));
  const float host[4 * n] = {};
  copy_to_device({}, count * sizeof(float), host, y);
  return y;
}

}  // namespace

int main(int count, char* arguments[]) {
  const auto wanted = [&](const char* name) { return count > 1 && std::strcmp(arguments[1], name) == 0; };
  const Cuda cuda;
  float *const x = numbers(4 * n), *const y = numbers(n);
  if (wanted("none")) launch<none>(cuda, 1, n, 0, y);
  if (wanted("missing_barrier")) launch<missing_barrier>(cuda, 1, n, 0, x, y);
  if (wanted("missing_second_barrier")) launch<missing_second_barrier>(cuda, 1, n, 0, x, y);
  if (wanted("lanes_in_step")) launch<lanes_in_step>(cuda, 1, n, 0, x, y);
  if (wanted("race_between_blocks")) launch<race_between_blocks>(cuda, 2, n, 0, y);
  if (wanted("missing_fence")) launch<missing_fence>(cuda, 2, n, 0, x, reinterpret_cast<unsigned*>(x + n), y);
  if (wanted("shared_overrun")) launch<shared_overrun<n>>(cuda, 1, n, 0, y);
  if (wanted("dynamic_overrun")) launch<dynamic_overrun>(cuda, 1, n, n * sizeof(float), y);
  if (wanted("wrong_row")) launch<wrong_row>(cuda, 1, n, 0, y);
  if (wanted("device_overrun")) launch<device_overrun>(cuda, 1, n, 0, y);
  if (wanted("misaligned")) launch<misaligned>(cuda, 1, n, 0, x, y);
  if (wanted("host_touches_device")) y[0] = 1;
  if (wanted("freed")) {
    device_free(y);
    launch<race_between_blocks>(cuda, 1, n, 0, y);
  }
  std::puts("survived");
}
