// Images in another size, in float and double: each output is a mean of up to four inputs, and back, each input
// gathers from its outputs in a fixed order, so that gradients are the same to the bit every time.
//
//   y[o, i, j, :] = the sum over p, q of rows(i, p) * columns(j, q) * x[o, p, q, :]
//   dx[o, p, q, :] = the sum over i, j of rows(i, p) * columns(j, q) * dy[o, i, j, :]
//
// x is [outer, rows.in, columns.in, inner], y [outer, rows.out, columns.out, inner]: with the channels last, outer is
// the number of images and inner that of channels; with the channels first, outer is their product and inner 1.
#pragma once
#include <gradus/kernels/exec.h>

namespace gradus::kernels {

// aligned: the corners' centres fall together. As wide as an Index, so that a ResizeAxis, which kernels take, has no
// padding.
enum class Resampling : Index { nearest, linear, linear_aligned };

// One axis. `factor` is out / in as the user gave it, or 0 for a size; the two differ where out was rounded down.
struct ResizeAxis {
  Index in = 0, out = 0;  // at least 1
  double factor = 0;
  Resampling how = Resampling::nearest;
};

// Output o is (1 - weight) * x[first] + weight * x[second].
struct Neighbours {
  Index first, second;
  double weight;
};

GRADUS_HD inline double step_of(const ResizeAxis& a) {  // in inputs, from one output to the next
  if (a.how == Resampling::linear_aligned) return a.out > 1 ? double(a.in - 1) / double(a.out - 1) : 0;
  return a.factor > 0 ? 1 / a.factor : double(a.in) / double(a.out);
}

GRADUS_HD inline Neighbours neighbours(const ResizeAxis& a, Index o) {
  if (a.how == Resampling::nearest) {
    const Index at = a.factor > 0 ? static_cast<Index>(double(o) / a.factor) : o * a.in / a.out;
    const Index inside = at < a.in ? at : a.in - 1;
    return {inside, inside, 0};
  }
  double at = a.how == Resampling::linear_aligned ? double(o) * step_of(a) : (double(o) + 0.5) * step_of(a) - 0.5;
  if (!(at > 0)) at = 0;
  const Index first = static_cast<Index>(at);
  if (first >= a.in - 1) return {a.in - 1, a.in - 1, 0};
  return {first, first + 1, at - double(first)};
}

// How much of input p output o contains.
GRADUS_HD inline double share(const ResizeAxis& a, Index o, Index p) {
  const Neighbours n = neighbours(a, o);
  return (n.first == p ? 1 - n.weight : 0) + (n.second == p ? n.weight : 0);
}

// All outputs that contain input p lie in [first_user, last_user); some of these may not.
GRADUS_HD inline Index first_user(const ResizeAxis& a, Index p) {
  const double step = step_of(a);
  if (p == 0 || step == 0) return 0;
  const double least = (double(p) - 1) / step - 2;
  return least > 0 ? static_cast<Index>(least) : 0;
}
GRADUS_HD inline Index last_user(const ResizeAxis& a, Index p) {
  const double step = step_of(a);
  if (p == a.in - 1 || step == 0) return a.out;
  const double most = (double(p) + 2) / step + 2;
  return most < double(a.out) ? static_cast<Index>(most) : a.out;
}

// Calls add(p, share) for the inputs p that output i contains; back, add(o, share) for the outputs o that contain input
// i.
template <bool back, class Add>
GRADUS_HD inline void for_parts(const ResizeAxis& a, Index i, const Add& add) {
  if constexpr (back) {
    const Index end = last_user(a, i);
    for (Index o = first_user(a, i); o < end; ++o) add(o, share(a, o, i));
  } else {
    const Neighbours n = neighbours(a, i);
    add(n.first, 1 - n.weight);
    add(n.second, n.weight);
  }
}

template <class T>
void upsample(Cpu, Index outer, const ResizeAxis& rows, const ResizeAxis& columns, Index inner, const T* x, T* y);
template <class T>
void upsample_back(Cpu, Index outer, const ResizeAxis& rows, const ResizeAxis& columns, Index inner, const T* dy,
                   T* dx);

#ifdef GRADUS_HAS_CUDA
template <class T>
void upsample(Cuda, Index outer, const ResizeAxis& rows, const ResizeAxis& columns, Index inner, const T* x, T* y);
template <class T>
void upsample_back(Cuda, Index outer, const ResizeAxis& rows, const ResizeAxis& columns, Index inner, const T* dy,
                   T* dx);
#endif

}  // namespace gradus::kernels
