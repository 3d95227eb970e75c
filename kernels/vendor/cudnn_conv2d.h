// Convolutions in float32 by cuDNN, for a GPU: kernels/conv2d.h's, but the weights and their gradient lie as
// [out_c, kernel_h, kernel_w, c], which is how cuDNN reads them. core/products.h chooses between the two.
//
// Each returns false, and has done nothing, where cuDNN is not to compute it: an empty one, or one for which it knows
// no engine that gives the same bits every time, in float32 without rounding to a smaller format (unless precision()
// allows that). Throw Error where a call fails, and where a shape comes for the first time while its stream is
// recorded.
//
// Exists where CMake found cuDNN (GRADUS_HAS_CUDNN).
#pragma once
#include <gradus/kernels/conv2d.h>
#include <gradus/kernels/libraries.h>

namespace gradus::kernels::cudnn {

// bias: of out_c, or null
bool conv2d(Cuda cuda, const ConvExtents& e, const float* x, const float* w, const float* bias, float* y,
            const TakeMemory& memory);
bool conv2d_input_grad(Cuda cuda, const ConvExtents& e, const float* dy, const float* w, float* dx,
                       const TakeMemory& memory);
bool conv2d_weight_grad(Cuda cuda, const ConvExtents& e, const float* x, const float* dy, float* dw,
                        const TakeMemory& memory);

}  // namespace gradus::kernels::cudnn
