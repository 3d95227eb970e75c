// Matrix products by cuBLASLt: kernels/matmul.h's, for a GPU. core/products.h chooses between the two.
//
// Each returns false, and has done nothing, where cuBLASLt is not to compute it: a small product, or one for which it
// knows no algorithm that gives the same bits every time, in float32 without rounding to a smaller format (unless
// precision() allows that). Throw Error where a call fails, and where a product comes for the first time while its
// stream is recorded: a plan cannot be made then.
//
// Exists where CMake found cuBLAS (GRADUS_HAS_CUBLAS).
#pragma once
#include <string>

#include <gradus/kernels/exec.h>
#include <gradus/kernels/libraries.h>
#include <gradus/kernels/vendor/product.h>

namespace gradus::kernels::cublas {

const std::string& why_not();  // why it cannot be used here: "" where it opened
std::string version();         // of what opened: "13.1.0"

template <class T>  // float or double; bias may be null
bool matmul(Cuda cuda, Index m, Index n, Index k, const T* a, bool transpose_a, const T* b, bool transpose_b,
            const T* bias, T* c, const TakeMemory& memory);

// y[m, n] = relu(x wT + bias), for x [m, k] and w [n, k]
template <class T>
bool linear_relu(Cuda cuda, Index m, Index n, Index k, const T* x, const T* w, const T* bias, T* y,
                 const TakeMemory& memory);

template <class T>
bool weight_and_bias_grad(Cuda cuda, Index m, Index n, Index k, const T* dy, const T* x, T* dw, T* db,
                          const TakeMemory& memory);

// Tells cuBLASLt all that a plan for the product begins with, which needs no GPU. Throws Error where it refuses.
void check_description(const Product& p);

}  // namespace gradus::kernels::cublas
