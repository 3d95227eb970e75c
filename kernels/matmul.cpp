// The matrix product on the CPU, in two parallel loops over panels and register tiles (matmul_tile.h).
//
// The first loop lays op(b) out in panels, two vectors wide. In the second, a task owns some 56 rows of c and, for each
// block of k,
//
//   packs its rows of op(a) into strips of at most 14 rows           a strip takes 64 KB at most: four stay in L2
//   for each panel of op(b), for each strip: runs one tile           the panel stays in L2, c is read and written once
//
// k is cut into near-equal blocks of at most 512, the rows into near-equal strips, so that no tile is nearly empty. An
// operand that already lies as the tile wants it (op(a) transposed, op(b) not) is read in place where that is faster.
//
// Bytes: op(a) is read once and c passes once in each block of k; op(b) is read once, written once as panels, and read
// by each task through L3, each tile fetching a part of the next panel.
//
// x wT for few rows of x, a linear layer with a small batch, would spend a third of its time on laying w out: it is
// computed in columns instead, from w where it lies (FewRowsProduct).
//
// A product with very few rows or columns whose operands both run along k is done by dot products, and nothing is
// copied.
//
// Measured by GRADUS_THREADS=1 build/cpu/bench/bench_matmul 2 on a core of a Zen 4 EPYC whose multiply-adds reach 58
// GFLOP/s in double and 117 in float, with other programs running; best of the rounds, Eigen's in the same run in
// brackets: lecture 20's five large products 43 to 53 in double (30 to 37), its classifier's three 35 to 57 (25 to 33),
// products of batch 100 in float 94 to 112 (75 to 83); one image, 1 x 400 x 784, 20 (22).
#include <gradus/kernels/matmul.h>

#include <algorithm>

#include <gradus/kernels/matmul_pack.h>
#include <gradus/kernels/parallel.h>
#include <gradus/kernels/reduce.h>

namespace gradus::kernels {
namespace {

using namespace gemm;

// Chosen by measuring. kBlock and the last five touch the order in which an element is summed, so they must not depend
// on the number of threads.
constexpr Index kBlock = 512;               // the longest block of k
constexpr Index kTaskRows = 4 * kTileRows;  // the most rows of c in a task
constexpr Index kTasks = 16;                // where c has few rows, its columns are cut to have so many tasks
constexpr Index kFewRows = 256;             // with so few, op(b) is used too seldom to be worth a copy
constexpr Index kNearBytes = 8 << 20;       // nor is one of at most so many bytes, which L3 holds
constexpr Index kFewRowsDepth = 64;         // x wT reads w in place: for few rows and a k of at least this
constexpr Index kFewRowsBlock = 1024;       //   and the longest block of k
constexpr Index kThin = 16;                 // dot products: with so few rows or columns
constexpr Index kThinDepth = 200;           //   and a k of at least this

template <class T>
constexpr Index kPanelWidth = 2 * kLanes<T>;
template <class T>
constexpr Index kStripWidth = (kTileRows + kLanes<T> - 1) / kLanes<T>* kLanes<T>;  // whole vectors

// [0, n) cut into near-equal pieces.
struct Pieces {
  Index n, count;
  Range operator[](Index piece) const { return {n * piece / count, n * (piece + 1) / count}; }
};

// A dense matrix or its transpose: element (i, j) is data[i * row_stride + j * column_stride], and one stride is 1.
template <class T>
struct Operand {
  const T* data;
  Index row_stride, column_stride;
  const T* at(Index i, Index j) const { return data + i * row_stride + j * column_stride; }
};

// Reading in place is slow where the steps of k are multiples of 2 KiB: they all fall into the same few cache sets.
template <class T>
bool steps_well(Index stride) {
  return stride * sizeof(T) % 2048 != 0;
}

template <class T>
struct AddBias {
  const T* bias;  // or null
  Vector<T> operator()(Vector<T> sums, Index column, Index count) const {
    return bias ? sums + load(bias + column, count) : sums;
  }
};

// Applies the activation, if there is one, to a block of c [., n]: at the end of the task that wrote it, while it is in
// a cache of its core. Inside the register tile it would push the sums out of their registers, and its loops would be
// short.
template <class T>
void activate(const Activation* activation, T* c, Index n, Range rows, Range columns) {
  if (!activation) return;
  std::visit(
      [=]<class Op>(const Op& op) {
        for (Index i = rows.begin; i < rows.end; ++i) {
          T* row = c + i * n;
          if constexpr (Draws<Op>) {
            const Index first = i * n + columns.begin;
            dropout_part(op, first, columns.size(), c + first, c + first);
          } else {
            const Op own = op;  // Note [An op of one's own] in map.cpp
#pragma omp simd
            for (Index j = columns.begin; j < columns.end; ++j) row[j] = own.value(row[j]);
          }
        }
      },
      *activation);
}

template <class T, class Epilogue>
class PanelProduct {
 public:
  PanelProduct(Index m, Index n, Index k, Operand<T> a, Operand<T> b, T* c, Epilogue epilogue,
               const Activation* activation)
      : m_(m), n_(n), k_(k), a_(a), b_(b), c_(c), epilogue_(epilogue), activation_(activation) {
    a_in_place_ = a.row_stride == 1 && steps_well<T>(a.column_stride);
    // The tile reads whole vectors, so a ragged last panel is always packed.
    const bool no_copy = m <= kFewRows || n * k * static_cast<Index>(sizeof(T)) <= kNearBytes;
    b_in_place_ = b.column_stride == 1 && no_copy && steps_well<T>(b.row_stride) ? n / kWidth : 0;
  }

  void run() {
    static thread_local Scratch scratch;
    b_packed_ = scratch.reserve<T>((panels_ - b_in_place_) * k_ * kWidth);
    parallel_for(panels_ - b_in_place_, [&](Index panel) {
      const Index j = (b_in_place_ + panel) * kWidth;
      pack<T, kWidth>(b_.at(0, j), b_.column_stride, b_.row_stride, std::min(kWidth, n_ - j), k_,
                      b_packed_ + panel * k_ * kWidth);
    });
    const Pieces rows{m_, pieces_of(m_, kTaskRows)};
    const Pieces columns{panels_, std::min(panels_, pieces_of(kTasks, rows.count))};
    parallel_for(rows.count * columns.count,
                 [&](Index task) { multiply(rows[task / columns.count], columns[task % columns.count]); });
  }

 private:
  static constexpr Index kWidth = kPanelWidth<T>;

  Panel<T> b_panel(Index panel, Index p) const {
    if (panel < b_in_place_) return {b_.at(p, panel * kWidth), b_.row_stride};
    return {b_packed_ + ((panel - b_in_place_) * k_ + p) * kWidth, kWidth};
  }

  void multiply(Range rows, Range panels) const {
    const Pieces strips{rows.size(), pieces_of(rows.size(), kTileRows)};
    const Pieces blocks{k_, pieces_of(k_, kBlock)};
    static thread_local Scratch scratch;
    T* a_packed = a_in_place_ ? nullptr : scratch.reserve<T>(strips.count * kBlock * kStripWidth<T>);
    for (Index block = 0; block < blocks.count; ++block) {
      const Index p = blocks[block].begin, depth = blocks[block].size();
      const auto a_strip = [&](Index strip) -> Panel<T> {
        if (a_in_place_) return {a_.at(rows.begin + strips[strip].begin, p), a_.column_stride};
        return {a_packed + strip * kBlock * kStripWidth<T>, kStripWidth<T>};
      };
      for (Index strip = 0; strip < strips.count && !a_in_place_; ++strip) {
        const Index i = rows.begin + strips[strip].begin;
        pack<T, kStripWidth<T>>(a_.at(i, p), a_.row_stride, a_.column_stride, std::min(kStripWidth<T>, m_ - i), depth,
                                a_packed + strip * kBlock * kStripWidth<T>);
      }
      for (Index panel = panels.begin; panel < panels.end; ++panel) {
        const Index j = panel * kWidth;
        const Panel<T> b = b_panel(panel, p), next = b_panel(std::min(panel + 1, panels.end - 1), p);
        for (Index strip = 0; strip < strips.count; ++strip) {
          const Target<T> target{c_ + (rows.begin + strips[strip].begin) * n_ + j,
                                 n_,
                                 j,
                                 std::min(kWidth, n_ - j),
                                 block > 0,
                                 block + 1 == blocks.count};
          const Panel<T> half{next.data + strip % 2 * kLanes<T>, next.step};  // two strips fetch a panel between them
          run_panel_tile(strips[strip].size(), depth, a_strip(strip), b, half, target, epilogue_);
        }
      }
    }
    activate(activation_, c_, n_, rows, {panels.begin * kWidth, std::min(panels.end * kWidth, n_)});
  }

  Index m_, n_, k_;
  Operand<T> a_, b_;
  T* c_;
  Epilogue epilogue_;
  const Activation* activation_;
  bool a_in_place_;
  Index panels_ = pieces_of(n_, kWidth), b_in_place_;  // panels of op(b); so many of them, the first, are not packed
  T* b_packed_ = nullptr;
};

// x wT for few rows of x: c is computed in columns, from w where it lies and x in panels.
//
// The first loop lays x out in panels, two vectors of rows. In the second, a task owns at most four strips of columns
// of c: the rows of w of a strip, at most 14, meet all panels while they are in a cache of the core, and meanwhile the
// next ones are fetched. Where a handful of rows of x is left over, for which a panel would be nearly empty, they meet
// the strip in dot products.
template <class T, class Epilogue>
class FewRowsProduct {
 public:
  FewRowsProduct(Index m, Index n, Index k, const T* x, const T* w, T* c, Epilogue epilogue,
                 const Activation* activation)
      : m_(m), n_(n), k_(k), x_(x), w_(w), c_(c), epilogue_(epilogue), activation_(activation) {
    const Index left = m % kWidth;
    panelled_ = left <= kDots && m > kWidth ? m - left : m;
    panels_ = pieces_of(panelled_, kWidth);
  }

  void run() {
    static thread_local Scratch scratch;
    x_packed_ = scratch.reserve<T>(panels_ * k_ * kWidth);
    parallel_for(panels_, [&](Index panel) {
      const Index i = panel * kWidth;
      pack<T, kWidth>(x_ + i * k_, k_, 1, std::min(kWidth, panelled_ - i), k_, x_packed_ + i * k_);
    });
    const Index columns = n_ >= kTasks * 4 * kTileRows ? 4 * kTileRows : 2 * kTileRows;
    parallel_ranges(n_, columns, [&](Index begin, Index end) { multiply({begin, end}); });
  }

 private:
  static constexpr Index kWidth = kPanelWidth<T>;
  static constexpr int kDots = std::min(4, kLanes<T>);  // a tile's rows of dot products

  void multiply(Range columns) const {
    const Pieces strips{columns.size(), pieces_of(columns.size(), kTileRows)};
    const Pieces blocks{k_, pieces_of(k_, kFewRowsBlock)};
    for (Index block = 0; block < blocks.count; ++block) {
      const Index p = blocks[block].begin, depth = blocks[block].size();
      for (Index strip = 0; strip < strips.count; ++strip) {
        const Index j = columns.begin + strips[strip].begin;
        const T* const next = w_ + std::min(columns.begin + strips[strip].end, n_ - 1) * k_ + p;
        for (Index panel = 0; panel < panels_; ++panel) {
          const Index i = panel * kWidth, rows = std::min(kWidth, panelled_ - i);
          const Target<T> target{c_ + i * n_ + j, n_, j, rows, block > 0, block + 1 == blocks.count};
          const Panel<T> x{x_packed_ + i * k_ + p * kWidth, kWidth};
          // The panels fetch the next strip between them, each its share.
          const Panel<T> share{next + panel * kTileRows * depth / panels_, kTileRows / panels_ + 1};
          run_line_tile(strips[strip].size(), depth, w_ + j * k_ + p, k_, x, share, target, epilogue_);
        }
      }
    }
    for (Index j = columns.begin; panelled_ < m_ && j < columns.end; j += kLanes<T> / kDots)
      dot_tile<T, kDots>(k_, x_, {panelled_, m_}, w_, {j, columns.end}, c_, n_, epilogue_);
    activate(activation_, c_, n_, {0, m_}, columns);
  }

  Index m_, n_, k_;
  const T *x_, *w_;
  T* c_;
  Epilogue epilogue_;
  const Activation* activation_;
  Index panelled_, panels_;  // so many rows of x are laid out, in so many panels
  T* x_packed_ = nullptr;
};

// The product of many lines with few, both along k, in tiles of Wide x kLanes / Wide.
template <class T, int Wide, class Epilogue>
void dot_product(Index m, Index n, Index k, const T* a, const T* b, T* c, const Epilogue& epilogue,
                 const Activation* activation) {
  constexpr int narrow = kLanes<T> / Wide;
  const bool tall = m >= n;
  const Index many = tall ? m : n, few = tall ? n : m;
  const Pieces pieces{many, std::min(kTasks, pieces_of(many, 16))};
  parallel_for(pieces.count, [&](Index task) {
    const Range piece = pieces[task];
    const auto [begin, end] = piece;
    for (Index x = begin; x < end; x += Wide) {
      for (Index y = 0; y < few; y += narrow) {
        if (tall)
          dot_tile<T, Wide>(k, a, {x, end}, b, {y, few}, c, n, epilogue);
        else
          dot_tile<T, narrow>(k, a, {y, few}, b, {x, end}, c, n, epilogue);
      }
    }
    activate(activation, c, n, tall ? piece : Range{0, m}, tall ? Range{0, n} : piece);
  });
}

template <class T, class Epilogue>
void empty_product(Index m, Index n, T* c, const Epilogue& epilogue, const Activation* activation) {
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; j += kLanes<T>) store(c + i * n + j, epilogue(Vector<T>{}, j, n - j), n - j);
  activate(activation, c, n, {0, m}, {0, n});
}

template <class T, class Epilogue>
void product(Index m, Index n, Index k, Operand<T> a, Operand<T> b, T* c, const Epilogue& epilogue,
             const Activation* activation = nullptr) {
  const bool along_k = a.column_stride == 1 && b.row_stride == 1;
  const bool dots = along_k && k >= kThinDepth && std::min(m, n) <= kThin;
  if (k == 0)  // a and b may be null
    empty_product(m, n, c, epilogue, activation);
  else if (along_k && !dots && m <= kFewRows && n >= 2 * kTileRows && k >= kFewRowsDepth)
    FewRowsProduct<T, Epilogue>(m, n, k, a.data, b.data, c, epilogue, activation).run();
  else if (!dots)
    PanelProduct<T, Epilogue>(m, n, k, a, b, c, epilogue, activation).run();
  else if (std::min(m, n) == 1)
    dot_product<T, kLanes<T>>(m, n, k, a.data, b.data, c, epilogue, activation);
  else
    dot_product<T, std::min(4, kLanes<T>)>(m, n, k, a.data, b.data, c, epilogue, activation);
}

}  // namespace

template <class T>
void matmul(Cpu, Index m, Index n, Index k, const T* a, bool transpose_a, const T* b, bool transpose_b, const T* bias,
            T* c) {
  if (m == 0 || n == 0) return;
  const Operand<T> left = transpose_a ? Operand<T>{a, 1, m} : Operand<T>{a, k, 1};
  const Operand<T> right = transpose_b ? Operand<T>{b, 1, k} : Operand<T>{b, n, 1};
  product(m, n, k, left, right, c, AddBias<T>{bias});
}

template <class T>
void linear_activation(Cpu, Index m, Index n, Index k, const T* x, const T* w, const T* bias,
                       const Activation& activation, T* y) {
  if (m == 0 || n == 0) return;
  product(m, n, k, Operand<T>{x, k, 1}, Operand<T>{w, 1, k}, y, AddBias<T>{bias}, &activation);
}

template <class T>
void weight_and_bias_grad(Cpu cpu, Index m, Index n, Index k, const T* dy, const T* x, T* dw, T* db) {
  matmul<T>(cpu, m, n, k, dy, true, x, false, nullptr, dw);
  sum(cpu, 1, k, m, dy, db);
}

template void matmul(Cpu, Index, Index, Index, const float*, bool, const float*, bool, const float*, float*);
template void matmul(Cpu, Index, Index, Index, const double*, bool, const double*, bool, const double*, double*);
template void weight_and_bias_grad(Cpu, Index, Index, Index, const float*, const float*, float*, float*);
template void weight_and_bias_grad(Cpu, Index, Index, Index, const double*, const double*, double*, double*);
template void linear_activation(Cpu, Index, Index, Index, const float*, const float*, const float*, const Activation&,
                                float*);
template void linear_activation(Cpu, Index, Index, Index, const double*, const double*, const double*,
                                const Activation&, double*);

}  // namespace gradus::kernels
