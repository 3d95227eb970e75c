// Losses on the GPU. Bytes: the values once each, of the log-probabilities one cache sector of 32 bytes for each row.
//
// Forward, each block sums a share of the elements, of a size that n alone decides, and the last one to finish adds up
// the blocks' sums in a fixed order. Backward, a thread computes 16 bytes of dx, or one element.
#include <cmath>

#include <gradus/kernels/grid.h>
#include <gradus/kernels/losses.h>
#include <gradus/kernels/pointwise.h>
#include <gradus/kernels/scratch.h>

namespace gradus::kernels {
namespace {

constexpr Index elements_per_block = 8 * block_threads;  // at least, as long as there are less than most_blocks
constexpr Index most_blocks = 1024;

Index blocks_of_sum(Index n) { return std::clamp<Index>(pieces_of(n, elements_per_block), 1, most_blocks); }

__device__ unsigned arrived[1];  // is_last_block()

// *y = scale * the sum of f(i) over [0, n); partial has an element for each block
template <class T, class F>
__device__ inline void sum_all(Index n, T scale, T* partial, T* y, F f) {
  T total = 0;
#pragma unroll 4
  for (Index i = first_item(); i < n; i += item_step()) total += f(i);
  total = sum_lanes<block_threads>(total);
  const auto add = [](T a, T b) { return a + b; };
  if (!join_blocks(total, T(0), blockIdx.x, gridDim.x, partial, arrived, add)) return;
  if (threadIdx.x == 0) *y = scale * total;
}

template <class Op, class T>
__global__ void elementwise_loss_kernel(Index n, T scale, const T* x, const T* target, T* partial, T* y) {
  sum_all(n, scale, partial, y, [=](Index i) { return Op{}.value(x[i], target[i]); });
}

template <class T>
__global__ void nll_loss_kernel(Index n, Index classes, T scale, const T* log_probs, const Index* target, T* partial,
                                T* y) {
  sum_all(n, scale, partial, y, [=](Index i) {
    const Index at = target[i];
    return at >= 0 && at < classes ? log_probs[i * classes + at] : T(NAN);  // check_range tells of it
  });
}

// dx[i] = scale * *dy * the slope for x, or for the target
template <class Op, bool of_target, class T>
__global__ void elementwise_loss_back_kernel(Index n, Index packs, T scale, const T* x, const T* target, const T* dy,
                                             T* dx) {
  const T factor = scale * *dy;
  const auto slope = [](T u, T t) {
    if constexpr (of_target) {
      return Op{}.slope_t(u, t);
    } else {
      return Op{}.slope_x(u, t);
    }
  };
  for_packs(
      n, packs, dx, [=](T u, T t) { return factor * slope(u, t); }, x, target);
}

template <class T>
__global__ void nll_loss_back_kernel(Index n, Index classes, T scale, const Index* target, const T* dy, T* dx) {
  const T factor = -scale * *dy;
  for (Index e = first_item(); e < n * classes; e += item_step()) {
    const Index i = e / classes;
    dx[e] = e - i * classes == target[i] ? factor : T(0);
  }
}

}  // namespace

template <class Op, class T>
void elementwise_loss(Cuda cuda, Index n, T scale, const T* x, const T* target, T* y) {
  const Index blocks = blocks_of_sum(n);
  T* partial = scratch<T>(blocks);
  launch<elementwise_loss_kernel<Op, T>>(cuda, blocks_for(blocks, 1), block_threads, 0, n, scale, x, target, partial,
                                         y);
}

template <class Op, class T>
void elementwise_loss_back_x(Cuda cuda, Index n, T scale, const T* x, const T* target, const T* dy, T* dx) {
  const Index packs = packs_of<T>(n, x, target, dx);
  launch<elementwise_loss_back_kernel<Op, false, T>>(cuda, grid_for(packs ? packs : n), block_threads, 0, n, packs,
                                                     scale, x, target, dy, dx);
}

template <class Op, class T>
void elementwise_loss_back_t(Cuda cuda, Index n, T scale, const T* x, const T* target, const T* dy, T* dt) {
  const Index packs = packs_of<T>(n, x, target, dt);
  launch<elementwise_loss_back_kernel<Op, true, T>>(cuda, grid_for(packs ? packs : n), block_threads, 0, n, packs,
                                                    scale, x, target, dy, dt);
}

template <class T>
void nll_loss(Cuda cuda, Index n, Index classes, T scale, const T* log_probs, const Index* target, T* y) {
  const Index blocks = blocks_of_sum(n);
  T* partial = scratch<T>(blocks);
  launch<nll_loss_kernel<T>>(cuda, blocks_for(blocks, 1), block_threads, 0, n, classes, -scale, log_probs, target,
                             partial, y);
}

template <class T>
void nll_loss_back(Cuda cuda, Index n, Index classes, T scale, const Index* target, const T* dy, T* dx) {
  launch<nll_loss_back_kernel<T>>(cuda, grid_for(n * classes), block_threads, 0, n, classes, scale, target, dy, dx);
}

#define GRADUS_EMIT_ELEMENTWISE(Op, T)                                                         \
  template void elementwise_loss<Op>(Cuda, Index, T, const T*, const T*, T*);                  \
  template void elementwise_loss_back_x<Op>(Cuda, Index, T, const T*, const T*, const T*, T*); \
  template void elementwise_loss_back_t<Op>(Cuda, Index, T, const T*, const T*, const T*, T*);
#define GRADUS_EMIT(T)                                                       \
  GRADUS_EMIT_ELEMENTWISE(OfDifference<Square>, T)                           \
  GRADUS_EMIT_ELEMENTWISE(OfDifference<Abs>, T)                              \
  GRADUS_EMIT_ELEMENTWISE(BinaryCrossEntropy, T)                             \
  GRADUS_EMIT_ELEMENTWISE(BinaryCrossEntropyWithLogits, T)                   \
  template void nll_loss(Cuda, Index, Index, T, const T*, const Index*, T*); \
  template void nll_loss_back(Cuda, Index, Index, T, const Index*, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
