// What digits and shapes, the built-in data that are drawn, both promise.
#pragma once
#include "catch.h"

#include <gradus/data/dataset.h>
#include <gradus/kernels/parallel.h>

namespace gradus {

inline bool equal(const Dataset& a, const Dataset& b) {
  return a.images.to_vector<float>() == b.images.to_vector<float>() &&
         a.labels.to_vector<Index>() == b.labels.to_vector<Index>();
}

// That data depend on the seed, not on the threads. draw(seed, train, test) is digits or shapes; n is even.
template <class Draw>
void check_seed_alone_decides(Draw draw, Index n) {
  const int threads = kernels::num_threads();
  const Datasets first = draw(7, n, n / 2), other = draw(8, n, n / 2);
  for (const int several : {1, 2, 5}) {
    kernels::set_num_threads(several);
    const Datasets again = draw(7, n, n / 2);
    CHECK(equal(again.train, first.train));
    CHECK(equal(again.test, first.test));
  }
  kernels::set_num_threads(threads);
  CHECK_FALSE(equal(first.train, other.train));
  CHECK_FALSE(equal(first.test, other.test));
  CHECK_FALSE(equal(draw(7, n / 2, n / 2).train, first.test));
}

}  // namespace gradus
