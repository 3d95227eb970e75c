// Fills, conversions and copies on the GPU. Bytes: the input once, the output once.
//
// A thread writes 16 bytes at a time where the arrays lie on such borders. In a copy between different layouts it moves
// one element, neighbouring threads neighbouring elements of the last dimension: a transposition therefore touches
// memory of one side in pieces of 32 bytes.
#include <gradus/kernels/fill.h>
#include <gradus/kernels/grid.h>

namespace gradus::kernels {
namespace {

template <class T>
__global__ void fill_kernel(Index n, Index packs, T value, T* y) {
  for_packs(n, packs, y, [=] { return value; });
}

template <class T>
__global__ void arange_kernel(Index n, double begin, double step, T* y) {
  for (Index i = first_item(); i < n; i += item_step()) y[i] = static_cast<T>(begin + static_cast<double>(i) * step);
}

template <class From, class To>
__global__ void cast_kernel(Index n, const From* x, To* y) {
  for (Index i = first_item(); i < n; i += item_step()) y[i] = static_cast<To>(x[i]);
}

template <class T>
__global__ void copy_kernel(Index n, Index packs, const T* x, T* y) {
  for_packs(
      n, packs, y, [](T u) { return u; }, x);
}

template <class T>
__global__ void copy_strided_kernel(Index n, Walk at, const T* x, T* y) {
  for (Index i = first_item(); i < n; i += item_step()) {
    Index from, to;
    at.find(i, from, to);
    y[to] = x[from];
  }
}

template <class T>
void copy(Cuda cuda, Index n, const T* x, T* y) {
  const Index packs = packs_of<T>(n, x, y);
  launch<copy_kernel<T>>(cuda, grid_for(packs ? packs : n), block_threads, 0, n, packs, x, y);
}

}  // namespace

template <class T>
void fill(Cuda cuda, Index n, T value, T* y) {
  const Index packs = packs_of<T>(n, y);
  launch<fill_kernel<T>>(cuda, grid_for(packs ? packs : n), block_threads, 0, n, packs, value, y);
}

template <class T>
void arange(Cuda cuda, Index n, double begin, double step, T* y) {
  launch<arange_kernel<T>>(cuda, grid_for(n), block_threads, 0, n, begin, step, y);
}

template <class From, class To>
void cast(Cuda cuda, Index n, const From* x, To* y) {
  if constexpr (std::is_same_v<From, To>) {
    copy(cuda, n, x, y);
  } else {
    launch<cast_kernel<From, To>>(cuda, grid_for(n), block_threads, 0, n, x, y);
  }
}

template <class T>
void copy_strided(Cuda cuda, const StridedCopy& wanted, const T* x, T* y) {
  const StridedCopy c = joined(wanted);
  Index n = 1;
  for (int d = 0; d < c.rank; ++d) n *= c.extents[d];
  if (c.rank == 1 && c.from[0] == 1 && c.to[0] == 1) {
    copy(cuda, n, x, y);
  } else {
    launch<copy_strided_kernel<T>>(cuda, grid_for(n), block_threads, 0, n, walk(c.rank, c.extents, c.from, c.to), x, y);
  }
}

#define GRADUS_EMIT(T)                                   \
  template void fill(Cuda, Index, T, T*);                \
  template void arange(Cuda, Index, double, double, T*); \
  template void cast(Cuda, Index, const T*, float*);     \
  template void cast(Cuda, Index, const T*, double*);    \
  template void cast(Cuda, Index, const T*, Index*);     \
  template void copy_strided(Cuda, const StridedCopy&, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
GRADUS_EMIT(Index)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
