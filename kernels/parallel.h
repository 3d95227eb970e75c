// The one parallel loop of the CPU kernels: fixed chunks on a pool of threads.
//
// The caller cuts its work into chunks whose number and borders depend on the extents alone, never on the number of
// threads. Every output element, and every partial sum, belongs to one chunk; partial sums are added in the order of
// the chunks. So results do not depend on how many threads there are, nor on which of them took what.
#pragma once
#include <algorithm>
#include <type_traits>

#include <gradus/kernels/exec.h>

namespace gradus::kernels {

// How many threads a loop may use, the caller's own included. The default is the number of CPUs that the process may
// run on (its affinity mask), or GRADUS_THREADS where that is set. Less than 1 throws Error, and so does a
// GRADUS_THREADS that is no number of threads, at the first use.
int num_threads();
void set_num_threads(int threads);

namespace detail {
void run_chunks(Index chunks, void (*call)(void* body, Index chunk), void* body);
}

// Calls body(chunk) for each chunk in [0, chunks), in any order and on any thread, and returns when all are done. The
// first exception that a body throws is thrown here, once, after the others have finished. A loop inside a loop runs on
// the thread that meets it.
template <class Body>
void parallel_for(Index chunks, Body&& body) {
  using Plain = std::remove_reference_t<Body>;
  detail::run_chunks(
      chunks, [](void* b, Index chunk) { (*static_cast<Plain*>(b))(chunk); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

// Cuts [0, n) into pieces of `grain` elements (the last one may be shorter) and calls body(begin, end) for each.
template <class Body>
void parallel_ranges(Index n, Index grain, Body&& body) {
  parallel_for((n + grain - 1) / grain, [&](Index chunk) { body(chunk * grain, std::min(n, (chunk + 1) * grain)); });
}

}  // namespace gradus::kernels
