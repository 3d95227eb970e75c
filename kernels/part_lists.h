// What upsampling on the GPU adds up: for each result along an axis a list of parts, which a small launch writes to
// scratch. Found anew by each thread, the shares would be more instructions, in double, than there is time for while
// memory delivers. For .cu files.
#pragma once
#include <gradus/kernels/grid.h>
#include <gradus/kernels/upsample.h>

namespace gradus::kernels {

// A part of a result along one axis: `weight` times what lies `offset` items from where the axis begins.
template <class T>
struct alignas(16) Part {
  Index offset;
  T weight;
};

// List i is parts[i * most ... (i + 1) * most); it ends where a weight is zero.
template <class T>
struct PartLists {
  Index count, most;
  Part<T>* parts;

  // Writes list i: list(add) calls add(offset, weight) for each part.
  template <class List>
  __device__ void write(Index i, List list) const {
    Part<T>* const to = parts + i * most;
    Index n = 0;
    const auto add = [&](Index offset, double weight) {
      if (T(weight) != 0) to[n++] = {offset, T(weight)};
    };
    list(add);
    for (; n < most; ++n) to[n] = {0, T(0)};
  }
};

// The most outputs that contain an input: what lies between first_user and last_user of any.
inline Index most_users(const ResizeAxis& axis) {
  const double step = step_of(axis);
  return step > 0 ? std::min(axis.out, static_cast<Index>(3 / step) + 6) : axis.out;
}

// An item is one element, or a pack of them.
template <class T>
__device__ inline void add_scaled(T& sum, T weight, T x) {
  sum += weight * x;
}
template <class T>
__device__ inline void add_scaled(Pack<T>& sum, T weight, const Pack<T>& x) {
#pragma unroll
  for (int i = 0; i < Pack<T>::size; ++i) sum.item[i] += weight * x.item[i];
}

}  // namespace gradus::kernels
