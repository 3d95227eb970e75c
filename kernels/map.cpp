#include <gradus/kernels/map.h>

#include <gradus/kernels/map_emit.h>
#include <gradus/kernels/parallel.h>

namespace gradus::kernels {
namespace {

constexpr Index grain = 16384;  // elements a chunk

// Note [An op of one's own]. A number of the op's that is wanted on one side of a comparison alone is read there,
// behind a branch, and the loop is no vector code, unless the op is a local variable.

// Calls row(begin, n, from_a, from_b) for runs of the innermost dimension: elements begin to begin + n of the output,
// which start at from_a and from_b in the operands.
template <class Row>
void for_rows(const Broadcast& at, Row&& row) {
  const int last = at.rank - 1;
  const Index inner = at.extents[last];
  Index rows = 1;
  for (int d = 0; d < last; ++d) rows *= at.extents[d];
  if (rows == 1) {
    parallel_ranges(inner, grain,
                    [&](Index begin, Index end) { row(begin, end - begin, begin * at.a[last], begin * at.b[last]); });
    return;
  }
  if (inner == 0) return;
  parallel_ranges(rows, std::max<Index>(1, grain / inner), [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      Index left = r, a = 0, b = 0;
      for (int d = last - 1; d >= 0; --d) {
        const Index i = left % at.extents[d];
        left /= at.extents[d];
        a += i * at.a[d];
        b += i * at.b[d];
      }
      row(r * inner, inner, a, b);
    }
  });
}

// y[i] = f(a[i or 0], b[i or 0], i) over one run. Tensors are dense, so the strides of the innermost dimension are 1,
// or 0 where an operand is repeated: four loops, each of which vectorises.
template <class T, class F>
void run(Index n, const T* a, Index stride_a, const T* b, Index stride_b, T* y, F f) {
  if (stride_a == 1 && stride_b == 1) {
#pragma omp simd
    for (Index i = 0; i < n; ++i) y[i] = f(a[i], b[i], i);
  } else if (stride_a == 1) {
    const T right = *b;
#pragma omp simd
    for (Index i = 0; i < n; ++i) y[i] = f(a[i], right, i);
  } else if (stride_b == 1) {
    const T left = *a;
#pragma omp simd
    for (Index i = 0; i < n; ++i) y[i] = f(left, b[i], i);
  } else {
    const T left = *a, right = *b;
#pragma omp simd
    for (Index i = 0; i < n; ++i) y[i] = f(left, right, i);
  }
}

}  // namespace

template <class Op, class T>
void map(Cpu, const Op& op, Index n, const T* x, T* y) {
  if constexpr (Offers<Op, T>) {
    parallel_ranges(n, grain, [=](Index begin, Index end) {
      const Op own = op;  // Note [An op of one's own]
#pragma omp simd
      for (Index i = begin; i < end; ++i) y[i] = own.value(x[i]);
    });
  }
}

template <class Op, class T>
void map_back(Cpu, const Op& op, Index n, const T* kept, const T* dy, T* dx) {
  parallel_ranges(n, grain, [=](Index begin, Index end) {
    [[maybe_unused]] const Op own = op;
#pragma omp simd
    for (Index i = begin; i < end; ++i) {
      if constexpr (KeepsX<Op> && std::is_floating_point_v<T>) {
        dx[i] = dy[i] * own.slope_from_x(kept[i]);
      } else if constexpr (KeepsY<Op> && std::is_floating_point_v<T>) {
        dx[i] = dy[i] * own.slope_from_y(kept[i]);
      }
    }
  });
}

template <class Op, class T>
void zip(Cpu, const Op& op, const Broadcast& at, const T* a, const T* b, T* y) {
  if constexpr (Offers<Op, T>) {
    const int last = at.rank - 1;
    for_rows(at, [&](Index begin, Index n, Index from_a, Index from_b) {
      run(n, a + from_a, at.a[last], b + from_b, at.b[last], y + begin,
          [op](T u, T v, Index) { return op.value(u, v); });
    });
  }
}

template <class Op, class T>
void zip_back_a(Cpu, const Op& op, const Broadcast& at, const T* a, const T* b, const T* dy, T* da) {
  if constexpr (HasSlopes<Op>) {
    const int last = at.rank - 1;
    for_rows(at, [&](Index begin, Index n, Index from_a, Index from_b) {
      run(n, a + from_a, at.a[last], b + from_b, at.b[last], da + begin,
          [op, dy = dy + begin](T u, T v, Index i) { return dy[i] * op.slope_a(u, v); });
    });
  }
}

template <class Op, class T>
void zip_back_b(Cpu, const Op& op, const Broadcast& at, const T* a, const T* b, const T* dy, T* db) {
  if constexpr (HasSlopes<Op>) {
    const int last = at.rank - 1;
    for_rows(at, [&](Index begin, Index n, Index from_a, Index from_b) {
      run(n, a + from_a, at.a[last], b + from_b, at.b[last], db + begin,
          [op, dy = dy + begin](T u, T v, Index i) { return dy[i] * op.slope_b(u, v); });
    });
  }
}

#define GRADUS_EXEC Cpu
GRADUS_EMIT_MAPS

}  // namespace gradus::kernels
