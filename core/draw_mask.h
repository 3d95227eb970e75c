// What dropout and linear_dropout share.
#pragma once
#include <gradus/core/random.h>
#include <gradus/kernels/dropout.h>

namespace gradus {

// Throws Error, naming op, unless p is a probability, 0 to 1.
void check_probability(const char* op, double p);

// The mask of n elements that are dropped with probability p; the generator moves on by ceil(n/4) counters.
kernels::Dropout draw_mask(double p, Index n, Generator& from);

}  // namespace gradus
