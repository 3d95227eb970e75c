// The weight gradient of convolution on the CPU: a product over pixels, both maps read in place.
//
// The images are cut into up to 16 groups. Each has sums of its own, which are added in order at the end. In a group, a
// few images at a time stay in L2 while each tile, some input channels of some taps by up to four vectors of output
// channels, runs over their pixels and is added to the group's sums.
//
// With few output channels most lanes would be empty, and the two maps change places: the vectors then run along the
// input channels.
#include <gradus/kernels/conv2d.h>

#include <gradus/kernels/conv2d_runs.h>
#include <gradus/kernels/conv2d_tile.h>
#include <gradus/kernels/matmul_pack.h>
#include <gradus/kernels/parallel.h>

namespace gradus::kernels {
namespace {

using namespace conv;
using gemm::Scratch;

// Chosen by measuring. They decide the order in which an element is summed.
constexpr Index kGroups = 16;
constexpr Index kGroupBytes = Index{1} << 25;  // all groups' sums take so much at most, or there is one
constexpr Index kMostImages = 12;              // at a time
constexpr Index kBlockBytes = Index{1} << 18;  // of both maps, which stay in L2

template <class T>
class WeightGrad {
 public:
  WeightGrad(const ConvExtents& e, const T* x, const T* dy, T* dw)
      : e_(e),
        x_(x),
        dy_(dy),
        dw_(dw),
        rows_(forward_phases(e.h, e.out_h, e.kernel_h, e.stride_h, e.pad_h)[0].runs),
        columns_(forward_phases(e.w, e.out_w, e.kernel_w, e.stride_w, e.pad_w)[0].runs) {
    // Whole vectors are read at each pixel, so a map whose channels are none is copied with zeros behind them.
    swapped_ = e.out_c <= kLanes<T> / 2 && e.c % kLanes<T> == 0;
    vectors_ = pieces_of(swapped_ ? e.c : e.out_c, kLanes<T>);
    padded_ = !swapped_ && e.out_c % kLanes<T> != 0;
    pitch_ = padded_ ? vectors_ * kLanes<T> : e.out_c;
  }

  void run() {
    static thread_local Scratch scratch;
    const Index size = e_.kernel_h * e_.kernel_w * e_.c * e_.out_c;
    const Index most = std::clamp<Index>(kGroupBytes / (size * Index{sizeof(T)}), 1, kGroups);
    const Index groups = std::min(e_.n, most);
    const Index lines = groups < kGroups ? e_.kernel_h : 1;  // few groups: a task for each row of the kernel
    T* sums = scratch.template reserve<T>(groups * size);
    parallel_for(groups * lines, [&](Index task) {
      const Index group = task / lines, line = task % lines, end = lines == 1 ? e_.kernel_h : line + 1;
      T* mine = sums + group * size;
      clear(mine, line, end);
      const Index both = e_.h * e_.w * e_.c + e_.out_h * e_.out_w * pitch_;
      const Index images = std::clamp<Index>(kBlockBytes / (both * Index{sizeof(T)}), 1, kMostImages);
      const Index last = e_.n * (group + 1) / groups;
      for (Index n = e_.n * group / groups; n < last; n += images)
        add_images(n, std::min(images, last - n), line, end, mine);
    });
    join(groups, size, sums);
  }

 private:
  // The groups' sums lie as [kernel_h, kernel_w, c, out_c], or [out_c, kernel_h, kernel_w, c] where the maps change
  // places.
  T* at(T* sums, Index ky, Index kx, Index c) const {
    const Index row = (ky * e_.kernel_w + kx) * e_.c + c;
    return swapped_ ? sums + row : sums + row * e_.out_c;
  }
  Index stride() const { return swapped_ ? e_.kernel_h * e_.kernel_w * e_.c : e_.out_c; }

  void clear(T* sums, Index line, Index end) const {
    const Index length = (end - line) * e_.kernel_w * e_.c;
    if (swapped_)
      for (Index o = 0; o < e_.out_c; ++o) std::fill_n(at(sums, line, 0, 0) + o * stride(), length, T(0));
    else
      std::fill_n(at(sums, line, 0, 0), length * e_.out_c, T(0));
  }

  void add_images(Index first, Index images, Index line, Index end, T* sums) const {
    const T* dy = dy_ + first * e_.out_h * e_.out_w * e_.out_c;
    if (padded_) {
      static thread_local Scratch scratch;
      T* copy = scratch.template reserve<T>(images * e_.out_h * e_.out_w * pitch_);
      for (Index p = 0; p < images * e_.out_h * e_.out_w; ++p)
        std::fill(std::copy_n(dy + p * e_.out_c, e_.out_c, copy + p * pitch_), copy + (p + 1) * pitch_, T(0));
      dy = copy;
    }
    for (const Run& rows : rows_)
      for (const Run& columns : columns_) {
        Pixels pixels{{images, rows.count, columns.count},
                      {e_.h * e_.w * e_.c, rows.stride * e_.w * e_.c, columns.stride * e_.c},
                      {e_.out_h * e_.out_w * pitch_, e_.out_w * pitch_, pitch_}};
        longest_inside(pixels);
        const T* to = dy + (rows.first * e_.out_w + columns.first) * pitch_;
        for (Index t = 0; t < rows.taps && columns.taps > 0; ++t) {
          const Index ky = rows.tap + t;
          if (ky < line || ky >= end) continue;
          const T* from = x_ + ((first * e_.h + rows.at + t) * e_.w + columns.at) * e_.c;
          if (swapped_)
            add_swapped(pixels, columns, from, to, ky, sums);
          else
            add_line(pixels, columns, from, to, ky, sums);
        }
      }
  }

  // The taps of a line and their input channels are one run of numbers at each pixel: they are the tiles' rows.
  void add_line(const Pixels& pixels, const Run& columns, const T* x, const T* dy, Index ky, T* sums) const {
    const Index rows = columns.taps * e_.c;
    for (Index v = 0; v < vectors_; v += kVectors) {
      with_vectors(static_cast<int>(std::min<Index>(kVectors, vectors_ - v)), [&]<int V>() {
        const Index strips = pieces_of(rows, rows_beside(V)), column = v * kLanes<T>;
        for (Index s = 0; s < strips; ++s) {
          const Index begin = rows * s / strips, count = rows * (s + 1) / strips - begin;
          run_channel_tile<T, V>(count, pixels, x + begin, dy + column,
                                 at(sums, ky, columns.tap, 0) + begin * e_.out_c + column, e_.out_c, e_.out_c - column);
        }
      });
    }
  }

  void add_swapped(const Pixels& pixels, const Run& columns, const T* x, const T* dy, Index ky, T* sums) const {
    const Pixels turned{{pixels.count[0], pixels.count[1], pixels.count[2]},
                        {pixels.b_step[0], pixels.b_step[1], pixels.b_step[2]},
                        {pixels.a_step[0], pixels.a_step[1], pixels.a_step[2]}};
    const Index vectors = columns.taps * vectors_;
    for (Index v = 0; v < vectors; v += kVectors) {
      with_vectors(static_cast<int>(std::min<Index>(kVectors, vectors - v)), [&]<int V>() {
        const Index strips = pieces_of(e_.out_c, rows_beside(V)), column = v * kLanes<T>;
        for (Index s = 0; s < strips; ++s) {
          const Index begin = e_.out_c * s / strips, count = e_.out_c * (s + 1) / strips - begin;
          run_channel_tile<T, V>(count, turned, dy + begin, x + column,
                                 at(sums, ky, columns.tap, 0) + begin * stride() + column, stride(),
                                 vectors * kLanes<T> - column);
        }
      });
    }
  }

  static void longest_inside(Pixels& p) {
    for (int d = 0; d < 2; ++d) {
      if (p.count[d] <= p.count[2]) continue;
      std::swap(p.count[d], p.count[2]);
      std::swap(p.a_step[d], p.a_step[2]);
      std::swap(p.b_step[d], p.b_step[2]);
    }
  }

  void join(Index groups, Index size, const T* sums) const {
    const Index rows = size / e_.out_c;
    parallel_ranges(rows, pieces_of(4096, e_.out_c), [&](Index begin, Index end) {
      for (Index row = begin; row < end; ++row)
        for (Index o = 0; o < e_.out_c; ++o) {
          const T* part = sums + (swapped_ ? o * rows + row : row * e_.out_c + o);
          T sum = groups > 0 ? part[0] : T(0);
          for (Index g = 1; g < groups; ++g) sum += part[g * size];
          dw_[row * e_.out_c + o] = sum;
        }
    });
  }

  ConvExtents e_;
  const T *x_, *dy_;
  T* dw_;
  std::vector<Run> rows_, columns_;
  bool swapped_, padded_;
  Index vectors_, pitch_;
};

}  // namespace

template <class T>
void conv2d_weight_grad(Cpu, const ConvExtents& e, const T* x, const T* dy, T* dw) {
  if (e.c * e.out_c == 0) return;
  WeightGrad<T>(e, x, dy, dw).run();
}

template void conv2d_weight_grad(Cpu, const ConvExtents&, const float*, const float*, float*);
template void conv2d_weight_grad(Cpu, const ConvExtents&, const double*, const double*, double*);

}  // namespace gradus::kernels
