// Which inputs an output of a convolution reads, along one axis: the padding cut off, and strides taken apart, so that
// the loops over them need no bounds and skip what would be multiplied by 0. For conv2d's sources on the CPU.
//
// Along an axis, an output of the convolution reads a run of neighbouring inputs, one for each tap. Going back, an
// input position is fed by every stride-th tap; taken in falling order, these too read a run of neighbouring positions
// of dy. So both directions are one loop,
//
//   to[first + j * step] += from[at + j * stride + t] * taps[phase][tap + t]     j < count, t < taps
//
// over Runs: positions that meet the same taps.
#pragma once
#include <algorithm>
#include <vector>

#include <gradus/kernels/exec.h>

namespace gradus::kernels {

struct Run {
  Index first, step, count;  // positions written
  Index at, stride;          // where the first one starts to read, and how much further on the next one
  Index tap, taps;           // the first of the phase's taps that falls inside, and their number, which may be 0
};

// The taps of one phase: kernel positions first, first + step, ... (step may be negative), in the order in which they
// read neighbours.
struct Phase {
  Index first = 0, step = 1, taps = 0;
  std::vector<Run> runs;
};

// Cuts the positions first, first + step, ... < end into runs. Position number j reads [at(j), at(j) + taps) of a line
// of `length`.
template <class At>
std::vector<Run> runs_of(Index first, Index step, Index end, Index stride, Index taps, Index length, At at) {
  std::vector<Run> runs;
  for (Index position = first, j = 0; position < end; position += step, ++j) {
    const Index start = at(j), tap = std::clamp<Index>(-start, 0, taps);
    const Index inside = std::max<Index>(0, std::min(taps, length - start) - tap);
    if (!runs.empty() && runs.back().tap == tap && runs.back().taps == inside) {
      ++runs.back().count;
    } else {
      runs.push_back({position, step, 1, start + tap, stride, tap, inside});
    }
  }
  return runs;
}

// Output positions that read an input of `in` elements.
inline std::vector<Phase> forward_phases(Index in, Index out, Index kernel, Index stride, Index pad) {
  return {{0, 1, kernel, runs_of(0, 1, out, stride, kernel, in, [=](Index j) { return j * stride - pad; })}};
}

// Input positions that read the output's gradient: position i is met by the taps k with (i + pad - k) divisible by the
// stride, at output (i + pad - k) / stride.
inline std::vector<Phase> backward_phases(Index in, Index out, Index kernel, Index stride, Index pad) {
  std::vector<Phase> phases;
  for (Index remainder = 0; remainder < stride; ++remainder) {
    const Index taps = remainder < kernel ? (kernel - remainder + stride - 1) / stride : 0;
    const Index first = ((remainder - pad) % stride + stride) % stride;  // the first i with this remainder
    const Index met = (first + pad - remainder) / stride - (taps - 1);   // by its last tap
    phases.push_back({remainder + (taps - 1) * stride, -stride, taps,
                      runs_of(first, stride, in, 1, taps, out, [=](Index j) { return met + j; })});
  }
  return phases;
}

}  // namespace gradus::kernels
