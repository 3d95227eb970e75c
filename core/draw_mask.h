// What ops that draw share: random.h's functions, dropout, linear_dropout.
#pragma once
#include <gradus/core/random.h>
#include <gradus/kernels/dropout.h>

namespace gradus {

// Throws Error, naming op, unless p is a probability, 0 to 1.
void check_probability(const char* op, double p);

// Where a draw on the device starts; the generator moves on by so many counters. Throws Error, naming op, for a draw on
// the CPU within a step that is being recorded (recording.h).
kernels::PhiloxStart draw_start(const char* op, Device device, Generator& from, std::uint64_t counters);

// The mask of n elements on that device that are dropped with probability p; the generator moves on by ceil(n/4)
// counters.
kernels::Dropout draw_mask(const char* op, Device device, double p, Index n, Generator& from);

}  // namespace gradus
