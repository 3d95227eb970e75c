// The matrix product, dense and row-major, in float and double.
//
//   c[m, n] = op(a) op(b) + bias
//
//   op(a) is [m, k]: a is stored as [m, k] or, with transpose_a, as [k, m]
//   op(b) is [k, n]: b is stored as [k, n] or, with transpose_b, as [n, k]
//   bias[n] is added to every row; null for none
//
// What c holds before is never looked at, and c must not overlap the others. Any extent may be 0; k = 0 gives the bias,
// or zeros. NaN and infinity propagate. Each element is summed by one task, in an order that the extents and the two
// flags decide, so the result does not depend on the number of threads. Throws nothing but std::bad_alloc.
#pragma once
#include <gradus/kernels/activation.h>
#include <gradus/kernels/exec.h>

namespace gradus::kernels {

template <class T>  // float or double
void matmul(Cpu, Index m, Index n, Index k, const T* a, bool transpose_a, const T* b, bool transpose_b, const T* bias,
            T* c);

// y[m, n] = activation(x wT + bias) for x [m, k] and w [n, k]: the bits of matmul and then map (or dropout, of y as a
// whole), in one pass over y.
template <class T>
void linear_activation(Cpu, Index m, Index n, Index k, const T* x, const T* w, const T* bias,
                       const Activation& activation, T* y);

// What linear's weight and bias get on the way back: dw[m, n] = dyT x, and db[m], the sum of dy's rows, for dy [k, m]
// and x [k, n].
template <class T>
void weight_and_bias_grad(Cpu, Index m, Index n, Index k, const T* dy, const T* x, T* dw, T* db);

extern template void matmul(Cpu, Index, Index, Index, const float*, bool, const float*, bool, const float*, float*);
extern template void matmul(Cpu, Index, Index, Index, const double*, bool, const double*, bool, const double*, double*);

#ifdef GRADUS_HAS_CUDA
template <class T>
void matmul(Cuda, Index m, Index n, Index k, const T* a, bool transpose_a, const T* b, bool transpose_b, const T* bias,
            T* c);
template <class T>
void linear_activation(Cuda, Index m, Index n, Index k, const T* x, const T* w, const T* bias,
                       const Activation& activation, T* y);

template <class T>
void weight_and_bias_grad(Cuda, Index m, Index n, Index k, const T* dy, const T* x, T* dw, T* db);

// y[m, n] = activation(y + bias) in place: what is left of linear_activation, and of matmul, after a product by another
// library.
template <class T>
void add_bias_and_activate(Cuda, Index m, Index n, const T* bias, const Activation& activation, T* y);
template <class T>
void add_bias(Cuda, Index m, Index n, const T* bias, T* y);
#endif

}  // namespace gradus::kernels
