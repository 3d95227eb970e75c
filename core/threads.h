// How many CPU threads the kernels use. Results don't depend on it.
#pragma once
#include <gradus/kernels/parallel.h>

namespace gradus {

using kernels::num_threads;      // GRADUS_THREADS, or the number of CPUs that the process may run on
using kernels::set_num_threads;  // throws Error for less than 1

}  // namespace gradus
