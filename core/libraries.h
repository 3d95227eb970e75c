// Which library a GPU's matrix products and convolutions go to, NVIDIA's or our own kernels, and whether the former may
// round float32 factors for their tensor cores. kernels/libraries.h says more.
//
//   set_libraries(Libraries::own);     // or GRADUS_LIBRARIES=own in the environment
//   set_precision(Precision::tf32);
//   std::cout << libraries_line() << "\n";
#pragma once
#include <gradus/kernels/libraries.h>

namespace gradus {

using kernels::libraries;
using kernels::Libraries;
using kernels::libraries_line;
using kernels::precision;
using kernels::Precision;
using kernels::set_libraries;
using kernels::set_precision;

}  // namespace gradus
