// A task owns some images, one or a few at a time, whose z (see the header) stays in L2:
//
//   forward   z = x w, on the register tiles of convolution; then for each row of y, for each column of taps, the rows
//             of z are added up into a line, and y's pixels are sums of pieces of these lines
//   backward  the same sums turned round: dz gathers from dy; then dx = dz wT, dw += xT dz
//
// Which rows and pixels are added up with which weights is worked out once (WeightedSums). The weight gradient has sums
// of its own for each of up to 16 groups of images, which are added in order at the end.
#include <gradus/kernels/upsample_conv2d.h>

#include <gradus/kernels/conv2d_tile.h>
#include <gradus/kernels/matmul_pack.h>
#include <gradus/kernels/parallel.h>
#include <gradus/kernels/weighted_sums.h>

namespace gradus::kernels {
namespace {

using namespace conv;
using gemm::Scratch;

// Chosen by measuring. kGroups and kGroupBytes decide the order in which dw is summed.
constexpr Index kGroups = 16;
constexpr Index kGroupBytes = Index{1} << 25;  // all groups' sums take so much at most, or there is one
constexpr Index kMostImages = 8;               // at a time
constexpr Index kBlockBytes = Index{1} << 18;  // of their z
constexpr Index kTaskImages = 32;              // forward

template <class T>
constexpr Index whole(Index n) {
  return pieces_of(n, kLanes<T>) * kLanes<T>;
}

// [k, columns] as panels for pixel_tile: the panels before one are whole.
template <class T>
class PackedPanels {
 public:
  static constexpr Index kPanel = kVectors * kLanes<T>;

  // Element (row, column) is source[row * row_step + column * column_step]; one of the steps is 1.
  PackedPanels(const T* source, Index k, Index columns, Index row_step, Index column_step, T* to)
      : k_(k), columns_(columns), data_(to) {
    parallel_for(pieces_of(columns, kPanel), [&](Index panel) {
      const Index first = panel * kPanel;
      with_vectors(vectors(first), [&]<int V>() {
        gemm::pack<T, V * kLanes<T>>(source + first * column_step, column_step, row_step,
                                     std::min<Index>(V * kLanes<T>, columns - first), k, to + first * k);
      });
    });
  }
  static Index size(Index k, Index columns) { return k * whole<T>(columns); }

  // y[pixel][0 .. columns) = x[pixel][0 .. k) times the matrix
  void multiply(Index pixels, const T* x, T* y) const {
    for (Index first = 0; first < columns_; first += kPanel)
      with_vectors(vectors(first), [&]<int V>() {
        constexpr int Rows = rows_beside(V);
        for (Index pixel = 0; pixel < pixels; pixel += Rows) {
          const T* from[Rows];
          T* to[Rows];
          for (Index i = 0; i < Rows; ++i) {  // the last tile repeats its last pixel
            const Index at = std::min(pixel + i, pixels - 1);
            from[i] = x + at * k_;
            to[i] = y + at * columns_ + first;
          }
          pixel_tile<T, Rows, V>(from, {1, k_, 0, 0}, data_ + first * k_, nullptr, to, columns_ - first);
        }
      });
  }

 private:
  int vectors(Index first) const {
    return static_cast<int>(std::min<Index>(kVectors, pieces_of(columns_ - first, kLanes<T>)));
  }
  Index k_, columns_;
  T* data_;
};

// Output o of the axis: (tap, p) at tap * tap_step + p * step.
template <class T>
WeightedSums<T> sums_of_parts(const TappedAxis& a, Index tap_step, Index step) {
  WeightedSums<T> sums;
  const auto add = [&](Index t, Index p, double share) { sums.add(t * tap_step + p * step, share); };
  for (Index o = 0; o < a.out; ++o, sums.close()) a.for_parts(o, add);
  return sums;
}

// Input p and tap t, sum number p * kernel + t: outputs at o * step.
template <class T>
WeightedSums<T> sums_of_users(const TappedAxis& a, Index step) {
  WeightedSums<T> sums;
  const auto add = [&](Index o, double share) { sums.add(o * step, share); };
  for (Index p = 0; p < a.axis.in; ++p)
    for (Index t = 0; t < a.kernel; ++t, sums.close()) a.for_users(p, t, add);
  return sums;
}

template <class T>
class LowResolution {
 public:
  explicit LowResolution(const UpsampleConvExtents& e)
      : h_(e.rows.in),
        w_(e.columns.in),
        e_(e.conv),
        padded_(whole<T>(e.conv.out_c)),
        rows_(tapped_rows(e)),
        columns_(tapped_columns(e)) {
    columns_of_z_ = e_.kernel_h * e_.kernel_w * e_.out_c;
    const Index image = h_ * w_ * columns_of_z_ * Index{sizeof(T)};
    images_ = std::clamp<Index>(kBlockBytes / image, 1, kMostImages);
  }

  void forward(const T* x, const T* w, const T* bias, T* y) const {
    static thread_local Scratch scratch;
    const Index c = e_.c, packed = PackedPanels<T>::size(c, columns_of_z_);
    T* memory = scratch.template reserve<T>(packed + c * columns_of_z_ + padded_);
    T *matrix = memory + packed, *wide_bias = matrix + c * columns_of_z_;
    as_matrix(w, matrix);
    const PackedPanels<T> weights(matrix, c, columns_of_z_, columns_of_z_, 1, memory);
    std::fill_n(wide_bias, padded_, T(0));
    if (bias) std::copy_n(bias, e_.out_c, wide_bias);
    const auto rows = sums_of_parts<T>(rows_, e_.kernel_w * e_.out_c, w_ * columns_of_z_);
    const auto columns = sums_of_parts<T>(columns_, w_ * padded_, padded_);
    parallel_for(pieces_of(e_.n, kTaskImages), [&](Index task) {
      static thread_local Scratch mine;
      const Index z_size = images_ * h_ * w_ * columns_of_z_ + kLanes<T>;
      T* z = mine.template reserve<T>(z_size + (e_.kernel_w * w_ + 1) * padded_);
      T *line = z + z_size, *pixel = line + e_.kernel_w * w_ * padded_;
      const Index last = std::min(e_.n, (task + 1) * kTaskImages);
      for (Index n = task * kTaskImages; n < last; n += images_) {
        const Index count = std::min(images_, last - n);
        weights.multiply(count * h_ * w_, x + n * h_ * w_ * c, z);
        for (Index image = 0; image < count; ++image)
          add_up(rows, columns, z + image * h_ * w_ * columns_of_z_, wide_bias, line, pixel,
                 y + (n + image) * e_.out_h * e_.out_w * e_.out_c);
      }
    });
  }

  void backward(const T* x, const T* dy, const T* w, T* dx, T* dw) const {
    static thread_local Scratch scratch;
    const Index c = e_.c, size = dw ? c * columns_of_z_ : 0;
    const Index most =
        dw ? std::clamp<Index>(kGroupBytes / (size * Index{sizeof(T)}), 1, kGroups) : pieces_of(e_.n, kTaskImages);
    const Index groups = std::min(e_.n, most), packed = PackedPanels<T>::size(columns_of_z_, c);
    T* memory = scratch.template reserve<T>(packed + c * columns_of_z_ + groups * size);
    T *matrix = memory + packed, *sums = matrix + c * columns_of_z_;
    as_matrix(w, matrix);
    const PackedPanels<T> weights(matrix, columns_of_z_, c, 1, columns_of_z_, memory);
    const auto rows = sums_of_users<T>(rows_, e_.kernel_w * w_ * padded_);
    const auto columns = sums_of_users<T>(columns_, padded_);
    parallel_for(groups, [&](Index group) {
      static thread_local Scratch mine;
      const Index z_size = images_ * h_ * w_ * columns_of_z_ + kLanes<T>;
      const Index b_size = e_.out_h * e_.kernel_w * w_ * padded_;
      T* dz = mine.template reserve<T>(z_size + b_size + e_.out_w * padded_);
      T* b = dz + z_size;
      T* own = sums + group * size;
      std::fill_n(own, size, T(0));
      const Index last = e_.n * (group + 1) / groups;
      for (Index n = e_.n * group / groups; n < last; n += images_) {
        const Index count = std::min(images_, last - n);
        for (Index image = 0; image < count; ++image)
          gather(rows, columns, dy + (n + image) * e_.out_h * e_.out_w * e_.out_c, b, b + b_size,
                 dz + image * h_ * w_ * columns_of_z_);
        if (dx) weights.multiply(count * h_ * w_, dz, dx + n * h_ * w_ * c);
        if (dw) add_product(count * h_ * w_, x + n * h_ * w_ * c, dz, own);
      }
    });
    if (dw) join(groups, sums, dw);
  }

 private:
  // w [tap, c, out_c] as [c, tap, out_c]
  void as_matrix(const T* w, T* matrix) const {
    const Index taps = e_.kernel_h * e_.kernel_w;
    for (Index t = 0; t < taps; ++t)
      for (Index c = 0; c < e_.c; ++c)
        std::copy_n(w + (t * e_.c + c) * e_.out_c, e_.out_c, matrix + (c * taps + t) * e_.out_c);
  }

  // y of one image from its z
  void add_up(const WeightedSums<T>& rows, const WeightedSums<T>& columns, const T* z, const T* bias, T* line, T* pixel,
              T* y) const {
    const bool in_place = padded_ == e_.out_c;
    for (Index i = 0; i < e_.out_h; ++i) {
      for (Index kx = 0; kx < e_.kernel_w; ++kx)
        for (Index q = 0; q < w_; ++q)
          sum_vectors<T>(rows, i, z + q * columns_of_z_ + kx * e_.out_c, e_.out_c, nullptr,
                         line + (kx * w_ + q) * padded_);
      for (Index j = 0; j < e_.out_w; ++j, y += e_.out_c) {
        sum_vectors<T>(columns, j, line, e_.out_c, bias, in_place ? y : pixel);
        if (!in_place) std::copy(pixel, pixel + e_.out_c, y);
      }
    }
  }

  // dz of one image from its dy, by way of b[i, kx, q] = the sum over the row i of dy. Whole vectors are written in
  // rising order: what goes beyond a tap's channels is overwritten by the next.
  void gather(const WeightedSums<T>& rows, const WeightedSums<T>& columns, const T* dy, T* b, T* wide, T* dz) const {
    for (Index i = 0; i < e_.out_h; ++i) {
      const T* line = dy + i * e_.out_w * e_.out_c;
      if (padded_ != e_.out_c) {
        for (Index j = 0; j < e_.out_w; ++j)
          std::fill(std::copy_n(line + j * e_.out_c, e_.out_c, wide + j * padded_), wide + (j + 1) * padded_, T(0));
        line = wide;
      }
      for (Index kx = 0; kx < e_.kernel_w; ++kx)
        for (Index q = 0; q < w_; ++q)
          sum_vectors<T>(columns, q * e_.kernel_w + kx, line, e_.out_c, nullptr,
                         b + ((i * e_.kernel_w + kx) * w_ + q) * padded_);
    }
    for (Index p = 0; p < h_; ++p)
      for (Index q = 0; q < w_; ++q)
        for (Index ky = 0; ky < e_.kernel_h; ++ky)
          for (Index kx = 0; kx < e_.kernel_w; ++kx, dz += e_.out_c)
            sum_vectors<T>(rows, p * e_.kernel_h + ky, b + (kx * w_ + q) * padded_, e_.out_c, nullptr, dz);
  }

  // sums[c, columns of z] += xT dz
  void add_product(Index count, const T* x, const T* dz, T* sums) const {
    const Pixels pixels{{1, 1, count}, {0, 0, e_.c}, {0, 0, columns_of_z_}};
    for (Index column = 0; column < columns_of_z_; column += PackedPanels<T>::kPanel) {
      const Index left = columns_of_z_ - column;
      with_vectors(static_cast<int>(std::min<Index>(kVectors, pieces_of(left, kLanes<T>))), [&]<int V>() {
        const Index strips = pieces_of(e_.c, rows_beside(V));
        for (Index s = 0; s < strips; ++s) {
          const Index first = e_.c * s / strips, end = e_.c * (s + 1) / strips;
          run_channel_tile<T, V>(end - first, pixels, x + first, dz + column, sums + first * columns_of_z_ + column,
                                 columns_of_z_, left);
        }
      });
    }
  }

  void join(Index groups, const T* sums, T* dw) const {
    const Index taps = e_.kernel_h * e_.kernel_w, size = e_.c * columns_of_z_;
    parallel_for(taps, [&](Index t) {
      for (Index c = 0; c < e_.c; ++c)
        for (Index o = 0; o < e_.out_c; ++o) {
          const T* part = sums + (c * taps + t) * e_.out_c + o;
          T sum = groups > 0 ? part[0] : T(0);
          for (Index g = 1; g < groups; ++g) sum += part[g * size];
          dw[(t * e_.c + c) * e_.out_c + o] = sum;
        }
    });
  }

  Index h_, w_;  // of x
  ConvExtents e_;
  Index padded_;  // out_c in whole vectors
  TappedAxis rows_, columns_;
  Index columns_of_z_, images_ = 1;
};

}  // namespace

template <class T>
void upsample_conv2d(Cpu, const UpsampleConvExtents& e, const T* x, const T* w, const T* bias, T* y) {
  if (e.conv.n * e.conv.out_c == 0) return;
  LowResolution<T>(e).forward(x, w, bias, y);
}

template <class T>
void upsample_conv2d_back(Cpu, const UpsampleConvExtents& e, const T* x, const T* dy, const T* w, T* dx, T* dw) {
  const Index in = e.conv.n * e.rows.in * e.columns.in * e.conv.c;
  const Index weights = e.conv.kernel_h * e.conv.kernel_w * e.conv.c * e.conv.out_c;
  if (in * weights > 0) return LowResolution<T>(e).backward(x, dy, w, dx, dw);
  if (dx) std::fill_n(dx, in, T(0));
  if (dw) std::fill_n(dw, weights, T(0));
}

#define GRADUS_EMIT(T)                                                                              \
  template void upsample_conv2d(Cpu, const UpsampleConvExtents&, const T*, const T*, const T*, T*); \
  template void upsample_conv2d_back(Cpu, const UpsampleConvExtents&, const T*, const T*, const T*, T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
