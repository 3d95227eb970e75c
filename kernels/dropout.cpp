#include <gradus/kernels/dropout.h>

#include <gradus/kernels/activation.h>
#include <gradus/kernels/parallel.h>
#include <gradus/kernels/philox_block.h>

namespace gradus::kernels {

template <class Op, class T>
void dropout_part(const Op& op, Index first, Index n, const T* x, T* y) {
  constexpr Index most = 4 * PhiloxBlock::counters;  // words a block
  const Op own = op;                                 // Note [An op of one's own] in map.cpp
  PhiloxBlock block;
  alignas(64) std::uint32_t words[most];
  for (Index done = 0; done < n;) {
    const Index at = first + done, skip = at % 4, count = std::min(n - done, most - skip);
    const int counters = static_cast<int>((skip + count + 3) / 4);
    philox_block(op.start.seed, op.start.offset + static_cast<std::uint64_t>(at / 4), block, counters);
#pragma omp simd
    for (int c = 0; c < counters; ++c) {
      for (int w = 0; w < 4; ++w) words[4 * c + w] = block.word[w][c];
    }
    const T* in = x + done;
    T* out = y + done;
#pragma omp simd
    for (Index i = 0; i < count; ++i) out[i] = own.value(in[i], words[skip + i]);
    done += count;
  }
}

template <class T>
void dropout(Cpu, const Dropout& mask, Index n, const T* x, T* y) {
  const Index grain = 16384;  // elements a chunk, whole blocks of words
  parallel_ranges(n, grain,
                  [&](Index begin, Index end) { dropout_part(mask, begin, end - begin, x + begin, y + begin); });
}

#define GRADUS_EMIT(T)                                                    \
  template void dropout(Cpu, const Dropout&, Index, const T*, T*);        \
  template void dropout_part(const Dropout&, Index, Index, const T*, T*); \
  template void dropout_part(const DropoutRelu&, Index, Index, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
