// Random fills on the CPU. Compiled with -ffp-contract=off, so that the formulas give the GPU's bits.
#include <gradus/kernels/random.h>

#include <gradus/kernels/parallel.h>
#include <gradus/kernels/philox_block.h>

namespace gradus::kernels {
namespace {

constexpr Index block_counters = PhiloxBlock::counters;

template <class T>
constexpr Index block_elements = block_counters* elements_per_counter<T>;

// The numbers of a block: row[i][c] is element i of counter c.
template <class T>
struct Rows {
  alignas(64) T row[elements_per_counter<T>][block_counters];
};

template <class T>
void make_uniform(const PhiloxBlock& block, Rows<T>& u) {
  for (int i = 0; i < elements_per_counter<T>; ++i) {
#pragma omp simd
    for (Index c = 0; c < block_counters; ++c) {
      if constexpr (std::is_same_v<T, float>) {
        u.row[i][c] = unit_uniform(block.word[i][c]);
      } else {
        u.row[i][c] = unit_uniform(block.word[2 * i][c], block.word[2 * i + 1][c]);
      }
    }
  }
}

template <class T>
void make_normal(const PhiloxBlock& block, Rows<T>& z) {
  make_uniform(block, z);
  for (int i = 0; i < elements_per_counter<T>; i += 2) {
#pragma omp simd
    for (Index c = 0; c < block_counters; ++c) {
      T z0, z1;
      normal_pair(z.row[i][c], z.row[i + 1][c], z0, z1);
      z.row[i][c] = z0;
      z.row[i + 1][c] = z1;
    }
  }
}

// The rows' numbers in the order of the elements.
template <class T>
void interleave(const Rows<T>& rows, T* values) {
#pragma omp simd
  for (Index c = 0; c < block_counters; ++c) {
    for (int i = 0; i < elements_per_counter<T>; ++i) values[elements_per_counter<T> * c + i] = rows.row[i][c];
  }
}

// Calls make(block, values) for every block of the draw's counters, and use(first, count, values) with what it made,
// for elements [first, first + count).
template <class T, class Make, class Use>
void for_blocks(PhiloxStart start, Index n, Make make, Use use) {
  const Index blocks_per_chunk = 64;
  const Index blocks = (n + block_elements<T> - 1) / block_elements<T>;
  parallel_ranges(blocks, blocks_per_chunk, [&](Index begin, Index end) {
    PhiloxBlock block;
    Rows<T> rows;
    alignas(64) T values[block_elements<T>];
    for (Index b = begin; b < end; ++b) {
      philox_block(start.seed, start.offset + static_cast<std::uint64_t>(b * block_counters), block);
      make(block, rows);
      interleave(rows, values);
      const Index first = b * block_elements<T>;
      use(first, std::min(n - first, block_elements<T>), values);
    }
  });
}

}  // namespace

template <class T>
void fill_uniform(Cpu, PhiloxStart start, Index n, T low, T high, T* y) {
  const UniformRange<T> range(low, high);
  for_blocks<T>(start, n, make_uniform<T>, [=](Index first, Index count, const T* u) {
#pragma omp simd
    for (Index i = 0; i < count; ++i) y[first + i] = range(u[i]);
  });
}

template <class T>
void fill_normal(Cpu, PhiloxStart start, Index n, T mean, T std, T* y) {
  for_blocks<T>(start, n, make_normal<T>, [=](Index first, Index count, const T* z) {
#pragma omp simd
    for (Index i = 0; i < count; ++i) y[first + i] = math::fma(z[i], std, mean);
  });
}

void fill_integers(Cpu, PhiloxStart start, Index n, Index low, Index high, Index* y) {
  const auto make = [=](const PhiloxBlock& block, Rows<Index>& rows) {
    for (int i = 0; i < 2; ++i) {
      for (Index c = 0; c < block_counters; ++c) {
        rows.row[i][c] = uniform_integer(block.word[2 * i][c], block.word[2 * i + 1][c], low, high);
      }
    }
  };
  for_blocks<Index>(start, n, make,
                    [=](Index first, Index count, const Index* values) { std::copy_n(values, count, y + first); });
}

template void fill_uniform<float>(Cpu, PhiloxStart, Index, float, float, float*);
template void fill_uniform<double>(Cpu, PhiloxStart, Index, double, double, double*);
template void fill_normal<float>(Cpu, PhiloxStart, Index, float, float, float*);
template void fill_normal<double>(Cpu, PhiloxStart, Index, double, double, double*);

}  // namespace gradus::kernels
