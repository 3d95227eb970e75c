// Convolution on the GPU and its gradients: implicit matrix products on the tiles of gpu_tile.h. There is no im2col
// buffer: a loader finds each element of the map where it lies, or a zero outside of it.
//
//   forward      pixels of y x channels of y, along taps and channels of x
//   input grad   pixels of x x channels of x, along taps and channels of y; one launch for each remainder of the
//                position divided by the stride, as such positions meet the same taps, and no others are multiplied
//   weight grad  taps and channels of x x channels of y, along pixels; where these are few tiles the pixels are cut
//                into parts, each part's sums go to scratch, and a second kernel adds them in order
//
// Bytes: each map once for every column of tiles (from cache, mostly), the result once.
#include <gradus/kernels/conv2d.h>
#include <gradus/kernels/gpu_tile.h>
#include <gradus/kernels/scratch.h>

namespace gradus::kernels {
namespace {

// An int as wide as a pointer: launch() searches the words of structs for pointers to host memory, and two ints side by
// side may look like one.
struct Wide {
  Index value;
  __host__ __device__ operator int() const { return static_cast<int>(value); }
};

// One axis of a gather: output number j, at first + j * step, reads inputs base + j * stride + sign * t for each tap t,
// which is the kernel's tap + t * tap_step.
struct Axis {
  Wide count, first, step, base, stride, sign, taps, length, tap, tap_step;
};

// The whole of it: from [n, rows.length, columns.length, in_c] to [n, out_h, out_w, out_c].
struct Gather {
  Index n, out_h, out_w;
  Wide in_c, out_c, kernel_w;
  Axis rows, columns;
};

// Pixels by (tap, channel) of the map that is read.
template <class T, class Tile>
class MapLoader {
 public:
  __device__ MapLoader(const Gather& g, const T* x, Index first_pixel, Index pixels) : g_(g), x_(x) {
#pragma unroll
    for (int i = 0; i < Plan::count; ++i) {
      const Index pixel = first_pixel + Plan::line(i);
      const Index row = pixel / g.columns.count, image = row / g.rows.count;
      row_[i] = pixel < pixels ? g.rows.base + static_cast<int>(row - image * g.rows.count) * g.rows.stride : outside;
      column_[i] = g.columns.base + static_cast<int>(pixel - row * g.columns.count) * g.columns.stride;
      image_[i] = image * g.rows.length;
    }
  }
  __device__ void load(int left) {
    const int k = k_ + Plan::depth(0), tap = k / g_.in_c, c = k - tap * g_.in_c;
    const int ty = tap / g_.columns.taps, down = ty * g_.rows.sign;
    const int across = (tap - ty * g_.columns.taps) * g_.columns.sign;
#pragma unroll
    for (int i = 0; i < Plan::count; ++i) {
      const int row = row_[i] + down, column = column_[i] + across;
      const bool inside =
          Plan::depth(0) < left && row >= 0 && row < g_.rows.length && column >= 0 && column < g_.columns.length;
      held_[i] = inside ? x_[((image_[i] + row) * g_.columns.length + column) * g_.in_c + c] : T(0);
    }
    k_ += Tile::step;
  }
  __device__ void store(Pack<T> (&tile)[Tile::step][Tile::line]) const { Plan::store(held_, tile); }

 private:
  using Plan = LoadPlan<Tile, true>;
  static constexpr int outside = -(1 << 30);  // of every map
  const Gather& g_;
  const T* x_;
  int k_ = 0, row_[Plan::count], column_[Plan::count];
  Index image_[Plan::count];
  T held_[Plan::count];
};

// (tap, channel in) by channel out of the weights: as they lie for the forward pass, or, backward, the taps of one
// remainder with the channels exchanged.
template <class T, class Tile, bool backward>
class WeightLoader {
 public:
  __device__ WeightLoader(const Gather& g, const T* w, int first) : g_(g), w_(w), first_(first) {}
  __device__ void load(int left) {
#pragma unroll
    for (int i = 0; i < Plan::count; ++i) {
      const int out = first_ + Plan::line(i), depth = Plan::depth(i);
      held_[i] = depth < left && out < g_.out_c ? w_[at(k_ + depth, out)] : T(0);
    }
    k_ += Tile::step;
  }
  __device__ void store(Pack<T> (&tile)[Tile::step][Tile::line]) const { Plan::store(held_, tile); }

 private:
  using Plan = LoadPlan<Tile, backward>;
  __device__ Index at(int k, int out) const {
    if (!backward) return Index{k} * g_.out_c + out;
    const int tap = k / g_.in_c, in = k - tap * g_.in_c, ty = tap / g_.columns.taps;
    const int row = g_.rows.tap + ty * g_.rows.tap_step;
    const int column = g_.columns.tap + (tap - ty * g_.columns.taps) * g_.columns.tap_step;
    return ((Index{row} * g_.kernel_w + column) * g_.out_c + out) * g_.in_c + in;
  }
  const Gather& g_;
  const T* w_;
  int first_, k_ = 0;
  T held_[Plan::count];
};

template <class T, class Tile, bool backward>
__global__ void __launch_bounds__(block_threads) conv2d_kernel(Gather g, const T* x, const T* w, const T* bias, T* y) {
  GRADUS_SHARED(Pack<T>, left, [2][Tile::step][Tile::line]);
  GRADUS_SHARED(Pack<T>, right, [2][Tile::step][Tile::line]);
  const Index pixels = g.n * g.rows.count * g.columns.count;
  const int columns = (g.out_c + Tile::size - 1) / Tile::size;
  const Index first_pixel = blockIdx.x / columns * Index{Tile::size};
  const int first_channel = static_cast<int>(blockIdx.x % columns) * Tile::size;

  T sums[Tile::patch][Tile::patch] = {};
  MapLoader<T, Tile> load_map(g, x, first_pixel, pixels);
  WeightLoader<T, Tile, backward> load_weights(g, w, first_channel);
  multiply_tiles<Tile>(g.rows.taps * g.columns.taps * g.in_c, load_map, load_weights, left, right, sums);

  const int tx = static_cast<int>(threadIdx.x) % tile_side, ty = static_cast<int>(threadIdx.x) / tile_side;
#pragma unroll
  for (int i = 0; i < Tile::patch; ++i) {
    const Index pixel = first_pixel + Tile::at(i, ty);
    if (pixel >= pixels) continue;
    const Index row = pixel / g.columns.count, image = row / g.rows.count;
    const Index down = g.rows.first + (row - image * g.rows.count) * g.rows.step;
    const Index across = g.columns.first + (pixel - row * g.columns.count) * g.columns.step;
    T* const out = y + ((image * g.out_h + down) * g.out_w + across) * g.out_c;
#pragma unroll
    for (int j = 0; j < Tile::patch; ++j) {
      const int channel = first_channel + Tile::at(j, tx);
      if (channel < g.out_c) out[channel] = bias ? sums[i][j] + bias[channel] : sums[i][j];
    }
  }
}

// --- the weight gradient ---

// What the pixels of y are, and where they read x.
struct Windows {
  Wide c, h, w, out_h, out_w, kernel_w, stride_h, stride_w, pad_h, pad_w;
};

// (tap, channel) by pixels of x.
template <class T, class Tile>
class WindowLoader {
 public:
  __device__ WindowLoader(const Windows& e, const T* x, int first_row, int rows, Index first_pixel) : e_(e), x_(x) {
    const int row = first_row + Plan::line(0), tap = row / e.c, ky = tap / e.kernel_w;
    in_rows_ = row < rows;
    c_ = row - tap * e.c;
    down_ = ky - e.pad_h;
    across_ = tap - ky * e.kernel_w - e.pad_w;
    const Index image = first_pixel / (e.out_h * e.out_w);
    image_ = image * e.h;
    pixel_ = static_cast<int>(first_pixel - image * (e.out_h * e.out_w));
  }
  __device__ void load(int left) {
#pragma unroll
    for (int i = 0; i < Plan::count; ++i) {
      const int pixel = pixel_ + Plan::depth(i), out_row = pixel / e_.out_w, image = out_row / e_.out_h;
      const int row = (out_row - image * e_.out_h) * e_.stride_h + down_;
      const int column = (pixel - out_row * e_.out_w) * e_.stride_w + across_;
      const bool inside = in_rows_ && Plan::depth(i) < left && row >= 0 && row < e_.h && column >= 0 && column < e_.w;
      held_[i] = inside ? x_[((image_ + Index{image} * e_.h + row) * e_.w + column) * e_.c + c_] : T(0);
    }
    pixel_ += Tile::step;
  }
  __device__ void store(Pack<T> (&tile)[Tile::step][Tile::line]) const { Plan::store(held_, tile); }

 private:
  using Plan = LoadPlan<Tile, false>;
  const Windows& e_;
  const T* x_;
  bool in_rows_;
  int c_, down_, across_, pixel_;
  Index image_;
  T held_[Plan::count];
};

// Channels by pixels of dy.
template <class T, class Tile>
class ChannelLoader {
 public:
  __device__ ChannelLoader(const T* dy, int first, int channels, Index first_pixel)
      : dy_(dy + first_pixel * channels), channels_(channels), channel_(first + Plan::line(0)) {}
  __device__ void load(int left) {
#pragma unroll
    for (int i = 0; i < Plan::count; ++i) {
      const bool inside = channel_ < channels_ && Plan::depth(i) < left;
      held_[i] = inside ? dy_[Index{Plan::depth(i)} * channels_ + channel_] : T(0);
    }
    dy_ += Index{Tile::step} * channels_;
  }
  __device__ void store(Pack<T> (&tile)[Tile::step][Tile::line]) const { Plan::store(held_, tile); }

 private:
  using Plan = LoadPlan<Tile, false>;
  const T* dy_;
  int channels_, channel_;
  T held_[Plan::count];
};

// dw[part, rows, channels] = the sums over the part's `depth` pixels
template <class T, class Tile>
__global__ void __launch_bounds__(block_threads)
    conv2d_weight_grad_kernel(Windows e, int rows, int channels, Index pixels, int depth, const T* x, const T* dy,
                              T* dw) {
  GRADUS_SHARED(Pack<T>, left, [2][Tile::step][Tile::line]);
  GRADUS_SHARED(Pack<T>, right, [2][Tile::step][Tile::line]);
  const int columns = (channels + Tile::size - 1) / Tile::size;
  const int tiles = (rows + Tile::size - 1) / Tile::size * columns, tile = static_cast<int>(blockIdx.x % tiles);
  const Index part = blockIdx.x / tiles, begin = part * depth;
  const int row = tile / columns * Tile::size, column = tile % columns * Tile::size;
  const int length = begin + depth < pixels ? depth : static_cast<int>(pixels - begin);

  T sums[Tile::patch][Tile::patch] = {};
  WindowLoader<T, Tile> load_x(e, x, row, rows, begin);
  ChannelLoader<T, Tile> load_dy(dy, column, channels, begin);
  multiply_tiles<Tile>(length, load_x, load_dy, left, right, sums);

  const int tx = static_cast<int>(threadIdx.x) % tile_side, ty = static_cast<int>(threadIdx.x) / tile_side;
  dw += part * rows * channels;
#pragma unroll
  for (int i = 0; i < Tile::patch; ++i) {
#pragma unroll
    for (int j = 0; j < Tile::patch; ++j) {
      const int r = row + Tile::at(i, ty), s = column + Tile::at(j, tx);
      if (r < rows && s < channels) dw[Index{r} * channels + s] = sums[i][j];
    }
  }
}

// dw[i] = partial[0, i] + partial[1, i] + ...
template <class T>
__global__ void conv2d_join_kernel(Index size, Index parts, const T* partial, T* dw) {
  for (Index i = first_item(); i < size; i += item_step()) {
    dw[i] = sum_of_parts(partial, size, parts, i);
  }
}

// --- launching ---

constexpr Index shortest_part = 256;  // pixels

Axis forward_axis(Index in, Index out, Index kernel, Index stride, Index pad) {
  Axis a{};
  a.count = {out};
  a.step = {1};
  a.base = {-pad};
  a.stride = {stride};
  a.sign = {1};
  a.taps = {kernel};
  a.length = {in};
  a.tap_step = {1};
  return a;
}

// The inputs i with (i + pad) % stride == remainder: they are met by the taps remainder + t * stride, from the outputs
// (i + pad) / stride - t.
Axis backward_axis(Index in, Index out, Index kernel, Index stride, Index pad, Index remainder) {
  const Index first = ((remainder - pad) % stride + stride) % stride;
  Axis a{};
  a.count = {first < in ? (in - first + stride - 1) / stride : 0};
  a.first = {first};
  a.step = {stride};
  a.base = {(first + pad - remainder) / stride};
  a.stride = {1};
  a.sign = {-1};
  a.taps = {remainder < kernel ? (kernel - remainder + stride - 1) / stride : 0};
  a.length = {out};
  a.tap = {remainder};
  a.tap_step = {stride};
  return a;
}

// All of a gather but its axes.
Gather gather(const ConvExtents& e, Index out_h, Index out_w, Index in_c, Index out_c) {
  Gather g{};
  g.n = e.n;
  g.out_h = out_h;
  g.out_w = out_w;
  g.in_c = {in_c};
  g.out_c = {out_c};
  g.kernel_w = {e.kernel_w};
  return g;
}

template <bool backward, class T>
void run(Cuda cuda, Gather g, const T* x, const T* w, const T* bias, T* y) {
  if (g.rows.taps * g.columns.taps * g.in_c == 0) {  // sums of nothing; the kernel divides by these
    g.rows.taps = {0};
    g.columns.taps = g.in_c = {1};
  }
  const Index pixels = g.n * g.rows.count * g.columns.count;
  const auto start = [&]<class Tile>(Tile) {
    launch<conv2d_kernel<T, Tile, backward>>(cuda, blocks_for(tiles_of<Tile>(pixels, g.out_c), 1), block_threads, 0, g,
                                             x, w, bias, y);
  };
  if constexpr (std::is_same_v<T, float>) {
    if (g.out_c > 64 && tiles_of<LargeTile>(pixels, g.out_c) >= enough_tiles) return start(LargeTile{});
  }
  start(SmallTile<T>{});
}

}  // namespace

template <class T>
void conv2d(Cuda cuda, const ConvExtents& e, const T* x, const T* w, const T* bias, T* y) {
  if (e.n * e.out_h * e.out_w * e.out_c == 0) return;
  Gather g = gather(e, e.out_h, e.out_w, e.c, e.out_c);
  g.rows = forward_axis(e.h, e.out_h, e.kernel_h, e.stride_h, e.pad_h);
  g.columns = forward_axis(e.w, e.out_w, e.kernel_w, e.stride_w, e.pad_w);
  run<false>(cuda, g, x, w, bias, y);
}

template <class T>
void conv2d_input_grad(Cuda cuda, const ConvExtents& e, const T* dy, const T* w, T* dx) {
  if (e.n * e.h * e.w * e.c == 0) return;
  Gather g = gather(e, e.h, e.w, e.out_c, e.c);
  for (Index i = 0; i < e.stride_h * e.stride_w; ++i) {
    g.rows = backward_axis(e.h, e.out_h, e.kernel_h, e.stride_h, e.pad_h, i / e.stride_w);
    g.columns = backward_axis(e.w, e.out_w, e.kernel_w, e.stride_w, e.pad_w, i % e.stride_w);
    if (g.rows.count * g.columns.count > 0) run<true>(cuda, g, dy, w, static_cast<const T*>(nullptr), dx);
  }
}

template <class T>
void conv2d_weight_grad(Cuda cuda, const ConvExtents& e, const T* x, const T* dy, T* dw) {
  using Tile = SmallTile<T>;
  const Index rows = e.kernel_h * e.kernel_w * e.c, pixels = e.n * e.out_h * e.out_w;
  if (rows * e.out_c == 0) return;
  Windows windows{};
  windows.c = {e.c};
  windows.h = {e.h};
  windows.w = {e.w};
  windows.out_h = {e.out_h};
  windows.out_w = {e.out_w};
  windows.kernel_w = {e.kernel_w};
  windows.stride_h = {e.stride_h};
  windows.stride_w = {e.stride_w};
  windows.pad_h = {e.pad_h};
  windows.pad_w = {e.pad_w};
  const Index tiles = tiles_of<Tile>(rows, e.out_c);
  const Cut cut = cut_for<Tile>(tiles, pixels, shortest_part);
  T* const out = cut.parts == 1 ? dw : scratch<T>(cut.parts * rows * e.out_c);
  launch<conv2d_weight_grad_kernel<T, Tile>>(cuda, blocks_for(tiles * cut.parts, 1), block_threads, 0, windows,
                                             static_cast<int>(rows), static_cast<int>(e.out_c), pixels, cut.depth, x,
                                             dy, out);
  if (cut.parts > 1) {
    launch<conv2d_join_kernel<T>>(cuda, grid_for(rows * e.out_c), block_threads, 0, rows * e.out_c, cut.parts, out, dw);
  }
}

#define GRADUS_EMIT(T)                                                               \
  template void conv2d(Cuda, const ConvExtents&, const T*, const T*, const T*, T*);  \
  template void conv2d_input_grad(Cuda, const ConvExtents&, const T*, const T*, T*); \
  template void conv2d_weight_grad(Cuda, const ConvExtents&, const T*, const T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
