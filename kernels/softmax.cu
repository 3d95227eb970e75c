// Softmax on the GPU, over the middle of [outer, n, inner]. Bytes: each input and the output once, where a row fits in
// the cache between a kernel's two or three passes over it.
//
// A row is one thread's where inner is not 1 (neighbouring threads take neighbouring rows, so that memory is read in
// order), a warp's where n is at most 1024, otherwise a block's.
#include <gradus/kernels/grid.h>
#include <gradus/kernels/math.h>
#include <gradus/kernels/softmax.h>

namespace gradus::kernels {
namespace {

// The elements of a row that one of its Lanes threads takes: for (Index i = row.first; i < row.end; i += row.step).
// first is at or beyond end where there is no such row.
struct Share {
  Index first, end, step;
};

template <int Lanes>
__device__ inline Share share_of_row(Index rows, Index n, Index inner) {
  const int t = static_cast<int>(threadIdx.x);
  const Index r = Index{blockIdx.x} * (block_threads / Lanes) + t / Lanes;
  if (r >= rows) return {0, 0, 1};
  const Index start = r / inner * n * inner + r % inner;
  return {start + t % Lanes * inner, start + n * inner, Lanes * inner};
}

template <int Lanes, class T>
__device__ inline T largest(const Share& row, const T* x) {
  T best = -math::Format<T>::infinity;
  for (Index i = row.first; i < row.end; i += row.step) best = x[i] > best || x[i] != x[i] ? x[i] : best;
  return join_lanes<Lanes>(best, [](T a, T b) { return a > b || a != a ? a : b; });
}

template <int Lanes, class T>
__global__ void softmax_kernel(Index rows, Index n, Index inner, const T* x, T* y) {
  const Share row = share_of_row<Lanes>(rows, n, inner);
  const T shift = largest<Lanes>(row, x);
  T total = 0;
  for (Index i = row.first; i < row.end; i += row.step) total += y[i] = math::exp(x[i] - shift);
  total = sum_lanes<Lanes>(total);
  for (Index i = row.first; i < row.end; i += row.step) y[i] /= total;
}

template <int Lanes, class T>
__global__ void softmax_back_kernel(Index rows, Index n, Index inner, const T* y, const T* dy, T* dx) {
  const Share row = share_of_row<Lanes>(rows, n, inner);
  T total = 0;
  for (Index i = row.first; i < row.end; i += row.step) total += dy[i] * y[i];
  total = sum_lanes<Lanes>(total);
  for (Index i = row.first; i < row.end; i += row.step) dx[i] = y[i] * (dy[i] - total);
}

template <int Lanes, class T>
__global__ void log_softmax_kernel(Index rows, Index n, Index inner, const T* x, T* y) {
  const Share row = share_of_row<Lanes>(rows, n, inner);
  const T shift = largest<Lanes>(row, x);
  T total = 0;
  for (Index i = row.first; i < row.end; i += row.step) total += math::exp(x[i] - shift);
  const T log_total = math::log(sum_lanes<Lanes>(total));
  for (Index i = row.first; i < row.end; i += row.step) y[i] = x[i] - shift - log_total;
}

template <int Lanes, class T>
__global__ void log_softmax_back_kernel(Index rows, Index n, Index inner, const T* y, const T* dy, T* dx) {
  const Share row = share_of_row<Lanes>(rows, n, inner);
  T total = 0;
  for (Index i = row.first; i < row.end; i += row.step) total += dy[i];
  total = sum_lanes<Lanes>(total);
  for (Index i = row.first; i < row.end; i += row.step) dx[i] = dy[i] - math::exp(y[i]) * total;
}

// Calls run(lanes), an integral_constant, with the number of threads that a row takes.
template <class F>
void with_lanes(Index n, Index inner, F run) {
  if (inner != 1) {
    run(std::integral_constant<int, 1>{});
  } else if (n <= 1024) {
    run(std::integral_constant<int, 32>{});
  } else {
    run(std::integral_constant<int, block_threads>{});
  }
}

template <int lanes>
unsigned blocks_of(Index rows) {
  return blocks_for(rows, block_threads / lanes);
}

}  // namespace

template <class T>
void softmax(Cuda cuda, Index outer, Index n, Index inner, const T* x, T* y) {
  const Index rows = n == 0 ? 0 : outer * inner;
  with_lanes(n, inner, [=]<int lanes>(std::integral_constant<int, lanes>) {
    launch<softmax_kernel<lanes, T>>(cuda, blocks_of<lanes>(rows), block_threads, 0, rows, n, inner, x, y);
  });
}

template <class T>
void softmax_back(Cuda cuda, Index outer, Index n, Index inner, const T* y, const T* dy, T* dx) {
  const Index rows = n == 0 ? 0 : outer * inner;
  with_lanes(n, inner, [=]<int lanes>(std::integral_constant<int, lanes>) {
    launch<softmax_back_kernel<lanes, T>>(cuda, blocks_of<lanes>(rows), block_threads, 0, rows, n, inner, y, dy, dx);
  });
}

template <class T>
void log_softmax(Cuda cuda, Index outer, Index n, Index inner, const T* x, T* y) {
  const Index rows = n == 0 ? 0 : outer * inner;
  with_lanes(n, inner, [=]<int lanes>(std::integral_constant<int, lanes>) {
    launch<log_softmax_kernel<lanes, T>>(cuda, blocks_of<lanes>(rows), block_threads, 0, rows, n, inner, x, y);
  });
}

template <class T>
void log_softmax_back(Cuda cuda, Index outer, Index n, Index inner, const T* y, const T* dy, T* dx) {
  const Index rows = n == 0 ? 0 : outer * inner;
  with_lanes(n, inner, [=]<int lanes>(std::integral_constant<int, lanes>) {
    launch<log_softmax_back_kernel<lanes, T>>(cuda, blocks_of<lanes>(rows), block_threads, 0, rows, n, inner, y, dy,
                                              dx);
  });
}

#define GRADUS_EMIT(T)                                                           \
  template void softmax(Cuda, Index, Index, Index, const T*, T*);                \
  template void softmax_back(Cuda, Index, Index, Index, const T*, const T*, T*); \
  template void log_softmax(Cuda, Index, Index, Index, const T*, T*);            \
  template void log_softmax_back(Cuda, Index, Index, Index, const T*, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
