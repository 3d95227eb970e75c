// Dropout on the GPU. Bytes: x once in, y once out. A thread takes a counter and the four elements that it serves, 16
// bytes at a time where both arrays lie on such borders.
#include <gradus/kernels/dropout.h>
#include <gradus/kernels/grid.h>

namespace gradus::kernels {
namespace {

template <class T>
__global__ void dropout_kernel(Dropout mask, Index n, Index packs, const T* x, T* y) {
  constexpr int size = Pack<T>::size;
  for (Index c = first_item(); 4 * c < n; c += item_step()) {
    const PhiloxWords words = mask.words(c);
#pragma unroll
    for (int p = 0; p < 4 / size; ++p) {
      const Index at = 4 * c + p * size;
      if (at < packs * size) {
        Pack<T> pack = load_pack(x + at);
#pragma unroll
        for (int i = 0; i < size; ++i) pack.item[i] = mask.value(pack.item[i], words.word[p * size + i]);
        store_pack(pack, y + at);
      } else {
#pragma unroll
        for (int i = 0; i < size; ++i) {
          if (at + i < n) y[at + i] = mask.value(x[at + i], words.word[p * size + i]);
        }
      }
    }
  }
}

}  // namespace

template <class T>
void dropout(Cuda cuda, const Dropout& mask, Index n, const T* x, T* y) {
  launch<dropout_kernel<T>>(cuda, grid_for(pieces_of(n, 4)), block_threads, 0, mask, n, packs_of<T>(n, x, y), x, y);
}

template void dropout(Cuda, const Dropout&, Index, const float*, float*);
template void dropout(Cuda, const Dropout&, Index, const double*, double*);

}  // namespace gradus::kernels
