// Elementwise ops on the GPU. Bytes: each input once, the output once; repeated operands stay in cache.
//
// A thread computes 16 bytes of the output at a time where all arrays lie on such borders and each operand is walked
// through in order or is one number. Otherwise it computes one element, whose place in the operands it works out from
// the strides.
#include <gradus/kernels/grid.h>
#include <gradus/kernels/map.h>
#include <gradus/kernels/map_emit.h>

namespace gradus::kernels {
namespace {

template <class Op, class T>
__global__ void map_kernel(Op op, Index n, Index packs, const T* x, T* y) {
  for_packs(
      n, packs, y, [=](T u) { return op.value(u); }, x);
}

template <class Op, class T>
__global__ void map_back_kernel(Op op, Index n, Index packs, const T* kept, const T* dy, T* dx) {
  const auto slope = [=](T u) {
    if constexpr (KeepsX<Op>) {
      return op.slope_from_x(u);
    } else {
      return op.slope_from_y(u);
    }
  };
  for_packs(
      n, packs, dx, [=](T u, T d) { return d * slope(u); }, kept, dy);
}

// What is computed of an element of two operands, and of the gradient where there is one.
template <class Op>
struct Value {
  static constexpr bool backward = false;
  Op op;
  template <class T>
  __device__ T operator()(T a, T b, T) const {
    return op.value(a, b);
  }
};
template <class Op>
struct BackA {
  static constexpr bool backward = true;
  Op op;
  template <class T>
  __device__ T operator()(T a, T b, T dy) const {
    return dy * op.slope_a(a, b);
  }
};
template <class Op>
struct BackB {
  static constexpr bool backward = true;
  Op op;
  template <class T>
  __device__ T operator()(T a, T b, T dy) const {
    return dy * op.slope_b(a, b);
  }
};

// Each operand is as long as the output, or one number.
template <class Part, class T>
__global__ void zip_kernel(Part part, Index n, Index packs, const T* a, bool one_a, const T* b, bool one_b, const T* dy,
                           T* y) {
  const auto pack_of = [](const T* x, bool one, Index at) {
    if (!one) return load_pack(x + at);
    Pack<T> pack;
    for (T& item : pack.item) item = *x;
    return pack;
  };
  for (Index p = first_item(); p < packs; p += item_step()) {
    const Index at = p * Pack<T>::size;
    const Pack<T> u = pack_of(a, one_a, at), v = pack_of(b, one_b, at),
                  d = pack_of(Part::backward ? dy : a, !Part::backward, at);
    Pack<T> out;
#pragma unroll
    for (int i = 0; i < Pack<T>::size; ++i) out.item[i] = part(u.item[i], v.item[i], d.item[i]);
    store_pack(out, y + at);
  }
  for (Index i = packs * Pack<T>::size + first_item(); i < n; i += item_step()) {
    y[i] = part(a[one_a ? 0 : i], b[one_b ? 0 : i], Part::backward ? dy[i] : T(0));
  }
}

// Any strides.
template <class Part, class T>
__global__ void zip_strided_kernel(Part part, Index n, Walk at, const T* a, const T* b, const T* dy, T* y) {
  for (Index i = first_item(); i < n; i += item_step()) {
    Index at_a, at_b;
    at.find(i, at_a, at_b);
    y[i] = part(a[at_a], b[at_b], Part::backward ? dy[i] : T(0));
  }
}

template <class Part, class T>
void run_zip(Cuda cuda, const Part& part, const Broadcast& at, const T* a, const T* b, const T* dy, T* y) {
  Index n = 1;
  for (int d = 0; d < at.rank; ++d) n *= at.extents[d];
  const bool in_order = at.rank == 1 && (n == 1 || (at.a[0] <= 1 && at.b[0] <= 1));
  if (in_order) {
    const bool one_a = at.a[0] == 0, one_b = at.b[0] == 0;
    // An operand that is one number is not loaded wide, so its address doesn't matter.
    const Index packs = packs_of<T>(n, one_a ? y : a, one_b ? y : b, Part::backward ? dy : y, y);
    launch<zip_kernel<Part, T>>(cuda, grid_for(packs ? packs : n), block_threads, 0, part, n, packs, a, one_a, b, one_b,
                                dy, y);
  } else {
    launch<zip_strided_kernel<Part, T>>(cuda, grid_for(n), block_threads, 0, part, n,
                                        walk(at.rank, at.extents, at.a, at.b), a, b, dy, y);
  }
}

}  // namespace

template <class Op, class T>
void map(Cuda cuda, const Op& op, Index n, const T* x, T* y) {
  if constexpr (Offers<Op, T>) {
    const Index packs = packs_of<T>(n, x, y);
    launch<map_kernel<Op, T>>(cuda, grid_for(packs ? packs : n), block_threads, 0, op, n, packs, x, y);
  }
}

template <class Op, class T>
void map_back(Cuda cuda, const Op& op, Index n, const T* kept, const T* dy, T* dx) {
  if constexpr ((KeepsX<Op> || KeepsY<Op>)&&std::is_floating_point_v<T>) {
    const Index packs = packs_of<T>(n, kept, dy, dx);
    launch<map_back_kernel<Op, T>>(cuda, grid_for(packs ? packs : n), block_threads, 0, op, n, packs, kept, dy, dx);
  }
}

template <class Op, class T>
void zip(Cuda cuda, const Op& op, const Broadcast& at, const T* a, const T* b, T* y) {
  if constexpr (Offers<Op, T>) run_zip<Value<Op>, T>(cuda, {op}, at, a, b, nullptr, y);
}

template <class Op, class T>
void zip_back_a(Cuda cuda, const Op& op, const Broadcast& at, const T* a, const T* b, const T* dy, T* da) {
  if constexpr (HasSlopes<Op>) run_zip<BackA<Op>, T>(cuda, {op}, at, a, b, dy, da);
}

template <class Op, class T>
void zip_back_b(Cuda cuda, const Op& op, const Broadcast& at, const T* a, const T* b, const T* dy, T* db) {
  if constexpr (HasSlopes<Op>) run_zip<BackB<Op>, T>(cuda, {op}, at, a, b, dy, db);
}

#define GRADUS_EXEC Cuda
GRADUS_EMIT_MAPS

}  // namespace gradus::kernels
