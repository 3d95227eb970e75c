// The sums of upsample_conv2d on the GPU, along one axis and then the other:
//
//   forward   lines[n, i, q, kx, o] = the sum of z over the rows and taps that row i of y contains, then
//             y[n, i, j, o] = bias[o] + the sum of lines over the columns and taps that column j contains
//   backward  lines[n, i, q, kx, o] = the sum of dy over the columns that contain column q through tap kx, then
//             dz[n, p, q, ky, kx, o] = the sum of lines over the rows that contain row p through tap ky
//
// Both axes at once would be as many additions as the product of both lists. Bytes: z and y once, lines out and in.
// A thread makes one number, or 16 bytes of channels where they lie on such borders.
#include <gradus/kernels/part_lists.h>
#include <gradus/kernels/upsample_conv2d.h>

namespace gradus::kernels {
namespace {

constexpr int together = 4;  // parts; Note [Loads under way] in grid.h

// y[outer, high, middle, low, inner] is the sum of list high * lows + low of x[outer, middle, inner + offset]. In
// items.
struct Pass {
  Index outer, high, middle, low, inner;
  Index outer_step, middle_step;  // of x
};

template <class T>
__device__ inline void take_bias(const T* bias, Index at, T& sum) {
  sum = bias[at];
}
template <class T>
__device__ inline void take_bias(const T* bias, Index at, Pack<T>& sum) {
#pragma unroll
  for (int i = 0; i < Pack<T>::size; ++i) sum.item[i] = bias[at * Pack<T>::size + i];
}

// Block x takes one of `outer`, and as many blocks y as there are share its results. bias: of the inner items, or null.
template <class T, class Item>
__global__ void sum_parts_kernel(Pass pass, PartLists<T> lists, const T* bias, const Item* x, Item* y) {
  // 32 bits: a division of 64 takes longer than a sum
  const auto middles = static_cast<unsigned>(pass.middle), lows = static_cast<unsigned>(pass.low),
             width = static_cast<unsigned>(pass.inner);
  const auto results = static_cast<unsigned>(pass.high) * middles * lows * width;
  const Item* const from = x + blockIdx.x * pass.outer_step;
  Item* const to = y + Index{blockIdx.x} * results;
  for (unsigned i = blockIdx.y * blockDim.x + threadIdx.x; i < results; i += gridDim.y * blockDim.x) {
    const unsigned pixel = i / width, at = i - pixel * width, high_middle = pixel / lows,
                   low = pixel - high_middle * lows, high = high_middle / middles,
                   middle = high_middle - high * middles;
    const Part<T>* part = lists.parts + Index{high * lows + low} * lists.most;
    const Part<T>* const end = part + lists.most;
    const Item* const begin = from + middle * pass.middle_step + at;
    Item sum{};
    if (bias) take_bias(bias, at, sum);
    for (; part != end; part += together) {
      Part<T> parts[together];
      Item values[together];
#pragma unroll
      for (int u = 0; u < together; ++u) parts[u] = part[u];
      if (parts[0].weight == 0) break;
#pragma unroll
      for (int u = 0; u < together; ++u) values[u] = begin[parts[u].offset];  // beyond a list's end: some number
#pragma unroll
      for (int u = 0; u < together; ++u) {
        if (parts[u].weight != 0) add_scaled(sum, parts[u].weight, values[u]);
      }
    }
    to[i] = sum;
  }
}

// One axis, whose inputs (back: outputs) lie `step` items apart and its taps tap_step: a Source of part_lists.h. Back,
// a list is for an input and a tap.
template <bool back>
struct TapParts {
  using holds_no_pointers = void;
  TappedAxis axis;
  Index step, tap_step;

  Index count() const { return back ? axis.axis.in * axis.kernel : axis.out; }
  Index most() const { return pieces_of(back ? most_users(axis.axis) : 2 * axis.kernel, together) * together; }
  template <class Add>
  __device__ void list(Index i, const Add& add) const {
    if constexpr (back) {
      axis.for_users(i / axis.kernel, i % axis.kernel, [&](Index o, double share) { add(o * step, share); });
    } else {
      axis.for_parts(i, [&](Index t, Index p, double share) { add(t * tap_step + p * step, share); });
    }
  }
};

template <class T, class Item>
void run(Cuda cuda, const Pass& pass, const PartLists<T>& lists, const T* bias, const Item* x, Item* y) {
  const Index results = pass.high * pass.middle * pass.low * pass.inner;
  const auto threads = static_cast<unsigned>(std::min<Index>(block_threads, pieces_of(results, 32) * 32));
  const dim3 grid(blocks_for(pass.outer, 1),
                  static_cast<unsigned>(std::min<Index>(pieces_of(results, threads), 65535)));
  launch<sum_parts_kernel<T, Item>>(cuda, grid, threads, 0, pass, lists, bias, x, y);
}

template <bool back, class T, class Item>
void sum_items(Cuda cuda, const UpsampleConvExtents& e, Index channels, const T* bias, const Item* from, Item* lines,
               Item* to) {
  const Index h = e.rows.in, w = e.columns.in, taps = e.conv.kernel_w * channels, pixel = e.conv.kernel_h * taps;
  const Index images = e.conv.n, out_h = e.conv.out_h, out_w = e.conv.out_w;
  const auto [down, across] = lists_of<T>(cuda, TapParts<back>{tapped_rows(e), back ? w * taps : w * pixel, taps},
                                          TapParts<back>{tapped_columns(e), back ? channels : taps, channels});
  if constexpr (back) {
    run(cuda, {images * out_h, w * e.conv.kernel_w, 1, 1, channels, out_w * channels, 0}, across, bias, from, lines);
    run(cuda, {images, h, w, e.conv.kernel_h, taps, out_h * w * taps, taps}, down, bias, lines, to);
  } else {
    run<T>(cuda, {images, out_h, w, 1, taps, h * w * pixel, pixel}, down, nullptr, from, lines);
    run(cuda, {images * out_h, out_w, 1, 1, channels, w * taps, 0}, across, bias, lines, to);
  }
}

template <bool back, class T>
void sum_all(Cuda cuda, const UpsampleConvExtents& e, const T* bias, const T* from, T* lines, T* to) {
  const Index channels = e.conv.out_c, size = Pack<T>::size;
  if (e.conv.n * channels == 0) return;
  if (channels % size == 0 && packs_of<T>(channels, from, lines, to) > 0) {
    sum_items<back>(cuda, e, channels / size, bias, reinterpret_cast<const Pack<T>*>(from),
                    reinterpret_cast<Pack<T>*>(lines), reinterpret_cast<Pack<T>*>(to));
  } else {
    sum_items<back>(cuda, e, channels, bias, from, lines, to);
  }
}

}  // namespace

template <class T>
void sum_taps(Cuda cuda, const UpsampleConvExtents& e, const T* z, const T* bias, T* lines, T* y) {
  sum_all<false>(cuda, e, bias, z, lines, y);
}

template <class T>
void sum_taps_back(Cuda cuda, const UpsampleConvExtents& e, const T* dy, T* lines, T* dz) {
  sum_all<true, T>(cuda, e, nullptr, dy, lines, dz);
}

#define GRADUS_EMIT(T)                                                                  \
  template void sum_taps(Cuda, const UpsampleConvExtents&, const T*, const T*, T*, T*); \
  template void sum_taps_back(Cuda, const UpsampleConvExtents&, const T*, T*, T*);
GRADUS_EMIT(float)
GRADUS_EMIT(double)
#undef GRADUS_EMIT

}  // namespace gradus::kernels
