// Convolution and its input gradient on the CPU: implicit matrix products, one loop for both (conv2d_runs.h).
//
// The weights are laid out first, in panels of up to four vectors of output channels, each in the order in which the
// taps read: [tap row][tap column][input channel][panel]. A task then owns some images' pixels that meet the same rows
// of taps; its tiles are a few pixels by a panel, and read the map in place: for each row of taps one run of numbers.
// Taps that fall outside are skipped, not multiplied by 0: with a 3x3 kernel and padding 1 they are 31% of all for maps
// of 4x4, 16% for 8x8.
//
// Bytes: the map once, for each panel of output channels from L2; the result once; the panels by each task from L2.
#include <gradus/kernels/conv2d.h>

#include <gradus/kernels/conv2d_runs.h>
#include <gradus/kernels/conv2d_tile.h>
#include <gradus/kernels/matmul_pack.h>
#include <gradus/kernels/parallel.h>

namespace gradus::kernels {
namespace {

using namespace conv;
using gemm::Scratch;

// Chosen by measuring. None touches the order in which an element is summed.
constexpr Index kMostImages = 12;             // in a task: the corners of so many fill a tile
constexpr Index kTaskBytes = Index{1} << 18;  // of the map, which stay in L2
constexpr Index kTasks = 16;                  // where there are few images, their rows are cut to have so many tasks

// A map, [n, h, w, c].
template <class T>
struct Map {
  T* data;
  Index n, h, w, c;
  T* at(Index image, Index y, Index x) const { return data + ((image * h + y) * w + x) * c; }
};

// Where the weights of a tap lie: element (in, out) at data + tap * taps + in * in_step + out * out_step.
template <class T>
struct Weights {
  const T* data;
  Index columns;  // of the kernel
  Index tap_step, in_step, out_step;
};

template <class T>
class TapProduct {
 public:
  TapProduct(Map<const T> from, Map<T> to, std::vector<Phase> rows, std::vector<Phase> columns, Weights<T> weights,
             const T* bias)
      : from_(from), to_(to), rows_(std::move(rows)), columns_(std::move(columns)), weights_(weights), bias_(bias) {}

  void run() {
    pack_weights();
    const Index image = std::max<Index>(1, from_.h * from_.w * from_.c * Index{sizeof(T)});
    images_ = std::clamp<Index>(kTaskBytes / image, 1, kMostImages);
    const Index blocks = pieces_of(to_.n, images_);
    Index most_rows = std::max<Index>(1, kTaskBytes * from_.h / image);
    if (blocks < kTasks) most_rows = std::clamp<Index>(to_.h * blocks / kTasks, 1, most_rows);
    struct Task {
      int row_phase, column_phase;
      Run rows;
    };
    std::vector<Task> tasks;  // of one block of images
    for (int y = 0; y < static_cast<int>(rows_.size()); ++y)
      for (int x = 0; x < static_cast<int>(columns_.size()); ++x)
        for (const Run& run : rows_[y].runs)
          for (Index j = 0; j < run.count; j += most_rows) {
            Run piece = run;
            piece.first += j * run.step;
            piece.at += j * run.stride;
            piece.count = std::min(most_rows, run.count - j);
            tasks.push_back({y, x, piece});
          }
    const Index count = static_cast<Index>(tasks.size());
    parallel_for(blocks * count, [&](Index i) {
      const Task& task = tasks[i % count];
      const Index first = i / count * images_;
      for (const Run& columns : columns_[task.column_phase].runs)
        multiply(task.row_phase, task.column_phase, {first, 1, std::min(images_, to_.n - first), first, 1, 0, 0},
                 task.rows, columns);
    });
  }

 private:
  static constexpr Index kPanel = kVectors * kLanes<T>;  // channels of a whole panel
  Index vectors() const { return pieces_of(to_.c, kLanes<T>); }

  // Panels of one pair of phases lie after one another; those before them are whole.
  T* panel(int y, int x, Index first_channel) const {
    return packed_ + starts_[y * columns_.size() + x] + first_channel * rows_[y].taps * columns_[x].taps * from_.c;
  }

  void pack_weights() {
    static thread_local Scratch scratch;
    Index size = 0;
    for (const Phase& y : rows_)
      for (const Phase& x : columns_) {
        starts_.push_back(size);
        size += y.taps * x.taps * from_.c * vectors() * kLanes<T>;
      }
    const Index wide = vectors() * kLanes<T>;
    packed_ = scratch.template reserve<T>(size + wide);
    if (bias_) {  // in whole vectors
      std::fill(std::copy(bias_, bias_ + to_.c, packed_ + size), packed_ + size + wide, T(0));
      bias_ = packed_ + size;
    }
    const Index phases = static_cast<Index>(rows_.size() * columns_.size()), panels = pieces_of(to_.c, kPanel);
    parallel_for(phases * panels, [&](Index i) {
      const int y = static_cast<int>(i / panels / columns_.size()), x = static_cast<int>(i / panels % columns_.size());
      const Index channel = i % panels * kPanel;
      T* to = panel(y, x, channel);
      with_vectors(vectors_at(channel), [&]<int V>() {
        for (Index ty = 0; ty < rows_[y].taps; ++ty)
          for (Index tx = 0; tx < columns_[x].taps; ++tx, to += from_.c * V * kLanes<T>) {
            const Index row = rows_[y].first + ty * rows_[y].step, column = columns_[x].first + tx * columns_[x].step;
            gemm::pack<T, V * kLanes<T>>(
                weights_.data + (row * weights_.columns + column) * weights_.tap_step + channel * weights_.out_step,
                weights_.out_step, weights_.in_step, std::min<Index>(V * kLanes<T>, to_.c - channel), from_.c, to);
          }
      });
    });
  }

  int vectors_at(Index channel) const {
    return static_cast<int>(std::min<Index>(kVectors, vectors() - channel / kLanes<T>));
  }

  // All pixels of some images, rows and columns that meet the same taps.
  void multiply(int y, int x, const Run& images, const Run& rows, const Run& columns) const {
    const Index depth = columns.taps * from_.c;
    const Taps taps{depth > 0 ? rows.taps : 0, depth, from_.w * from_.c, 0};
    for (Index channel = 0; channel < to_.c; channel += kPanel) {
      with_vectors(vectors_at(channel), [&]<int V>() {
        Taps mine = taps;
        mine.weight_pitch = columns_[x].taps * from_.c * V * kLanes<T>;
        const T* weights = panel(y, x, channel) + rows.tap * mine.weight_pitch + columns.tap * from_.c * V * kLanes<T>;
        tiles<V>(images, rows, columns, channel, mine, weights);
      });
    }
  }

  // The last tile repeats its last pixel.
  template <int V>
  void tiles(const Run& images, const Run& rows, const Run& columns, Index channel, const Taps& taps,
             const T* weights) const {
    constexpr int Rows = rows_beside(V);
    const T* from[Rows];
    T* to[Rows];
    const T* bias = bias_ ? bias_ + channel : nullptr;
    int filled = 0;
    for (Index n = images.first; n < images.first + images.count; ++n)
      for (Index j = 0; j < rows.count; ++j) {
        // A run without taps may lie outside of the map; it reads nothing.
        const T* line = taps.lines ? from_.at(n, rows.at + j * rows.stride, columns.at) : nullptr;
        T* out = to_.at(n, rows.first + j * rows.step, columns.first) + channel;
        for (Index i = 0; i < columns.count; ++i) {
          from[filled] = taps.lines ? line + i * columns.stride * from_.c : nullptr;
          to[filled] = out + i * columns.step * to_.c;
          if (++filled < Rows) continue;
          pixel_tile<T, Rows, V>(from, taps, weights, bias, to, to_.c - channel);
          filled = 0;
        }
      }
    if (filled == 0) return;
    std::fill(from + filled, from + Rows, from[filled - 1]);
    std::fill(to + filled, to + Rows, to[filled - 1]);
    pixel_tile<T, Rows, V>(from, taps, weights, bias, to, to_.c - channel);
  }

  Map<const T> from_;
  Map<T> to_;
  std::vector<Phase> rows_, columns_;
  Weights<T> weights_;
  const T* bias_;
  Index images_ = 1;
  std::vector<Index> starts_;
  T* packed_ = nullptr;
};

}  // namespace

template <class T>
void conv2d(Cpu, const ConvExtents& e, const T* x, const T* w, const T* bias, T* y) {
  if (e.n * e.out_h * e.out_w * e.out_c == 0) return;
  TapProduct<T>({x, e.n, e.h, e.w, e.c}, {y, e.n, e.out_h, e.out_w, e.out_c},
                forward_phases(e.h, e.out_h, e.kernel_h, e.stride_h, e.pad_h),
                forward_phases(e.w, e.out_w, e.kernel_w, e.stride_w, e.pad_w),
                {w, e.kernel_w, e.c * e.out_c, e.out_c, 1}, bias)
      .run();
}

template <class T>
void conv2d_input_grad(Cpu, const ConvExtents& e, const T* dy, const T* w, T* dx) {
  if (e.n * e.h * e.w * e.c == 0) return;
  TapProduct<T>({dy, e.n, e.out_h, e.out_w, e.out_c}, {dx, e.n, e.h, e.w, e.c},
                backward_phases(e.h, e.out_h, e.kernel_h, e.stride_h, e.pad_h),
                backward_phases(e.w, e.out_w, e.kernel_w, e.stride_w, e.pad_w),
                {w, e.kernel_w, e.c * e.out_c, 1, e.out_c}, nullptr)
      .run();
}

#define GRADUS_EMIT(T)                                                             \
  template void conv2d(Cpu, const ConvExtents&, const T*, const T*, const T*, T*); \
  template void conv2d_input_grad(Cpu, const ConvExtents&, const T*, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
