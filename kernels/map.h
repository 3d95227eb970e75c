// Applying one elementwise op (pointwise.h) to arrays: y[i] = op.value(x[i]), and the way back. One pass over memory
// each. T: float, double, and Index for the values of ops that take integers.
#pragma once
#include <array>

#include <gradus/kernels/pointwise.h>

namespace gradus::kernels {

template <class Op, class T>
void map(Cpu, const Op& op, Index n, const T* x, T* y);

// dx[i] = dy[i] * slope, the slope taken from kept[i]: the op's input or output, as it asks
template <class Op, class T>
void map_back(Cpu, const Op& op, Index n, const T* kept, const T* dy, T* dx);

// Two operands broadcast to one shape: extents, and each operand's strides in elements, 0 where it is repeated.
// Neighbouring dimensions that all three walk through in one go are joined, so rank is 1 for equal shapes and for
// scalars.
struct Broadcast {
  static constexpr int max_rank = 6;
  int rank = 0;
  std::array<Index, max_rank> extents{}, a{}, b{};
};

// y[i] = op.value(a[i], b[i]); y is dense, and may be a or b itself where that operand is not repeated
template <class Op, class T>
void zip(Cpu, const Op& op, const Broadcast& at, const T* a, const T* b, T* y);

// da[i] = dy[i] * op.slope_a(a[i], b[i]) and the same for b, of the broadcast shape; dy, da and db are dense
template <class Op, class T>
void zip_back_a(Cpu, const Op& op, const Broadcast& at, const T* a, const T* b, const T* dy, T* da);
template <class Op, class T>
void zip_back_b(Cpu, const Op& op, const Broadcast& at, const T* a, const T* b, const T* dy, T* db);

#ifdef GRADUS_HAS_CUDA
template <class Op, class T>
void map(Cuda, const Op& op, Index n, const T* x, T* y);
template <class Op, class T>
void map_back(Cuda, const Op& op, Index n, const T* kept, const T* dy, T* dx);
template <class Op, class T>
void zip(Cuda, const Op& op, const Broadcast& at, const T* a, const T* b, T* y);
template <class Op, class T>
void zip_back_a(Cuda, const Op& op, const Broadcast& at, const T* a, const T* b, const T* dy, T* da);
template <class Op, class T>
void zip_back_b(Cuda, const Op& op, const Broadcast& at, const T* a, const T* b, const T* dy, T* db);
#endif

// a + factor * b, for in-place updates
struct AddScaled {
  static constexpr bool integers = true;
  double factor = 1;
  template <class T>
  GRADUS_HD T value(T a, T b) const {
    return a + T(factor) * b;
  }
};

// a + factor * sign(b): what an L1 penalty adds to a gradient
struct AddScaledSign {
  double factor = 1;
  template <class T>
  GRADUS_HD T value(T a, T b) const {
    return a + T(factor) * Sign{}.value(b);
  }
};

}  // namespace gradus::kernels
