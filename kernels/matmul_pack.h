// Packing for the matrix product: lines of a matrix laid out so that the register tile reads them front to back.
//
//   panel[p * Width + i] = source[i * line_stride + p * k_stride]     i < lines, p < k;  zero for lines <= i < Width
//
// One of the two strides is 1: the matrix is dense, transposed or not. Lines that lie side by side are copied; lines
// that run along k are transposed in registers, a square of kLanes x kLanes elements at a time.
#pragma once
#include <cstddef>
#include <new>

#include <gradus/kernels/matmul_tile.h>

namespace gradus::kernels::gemm {

template <class T, int Width>
void pack_across(const T* source, Index k_stride, Index lines, Index k, T* panel) {
  for (Index p = 0; p < k; ++p, source += k_stride, panel += Width) {
    if (lines == Width) {
      GRADUS_UNROLL
      for (int i = 0; i < Width; i += kLanes<T>) store(panel + i, load(source + i));
    } else {
      for (int i = 0; i < Width; ++i) panel[i] = i < lines ? source[i] : T(0);
    }
  }
}

template <class T, int Width>
void pack_along(const T* source, Index line_stride, Index lines, Index k, T* panel) {
  constexpr int lanes = kLanes<T>;
  Index p = 0;
  for (; p + lanes <= k; p += lanes) {
    for (int first = 0; first < Width; first += lanes) {
      Vector<T> square[lanes];
      GRADUS_UNROLL
      for (int i = 0; i < lanes; ++i)
        square[i] = first + i < lines ? load(source + (first + i) * line_stride + p) : Vector<T>{};
      transpose<T>(square);
      GRADUS_UNROLL
      for (int i = 0; i < lanes; ++i) store(panel + (p + i) * Width + first, square[i]);
    }
  }
  for (; p < k; ++p)
    for (int i = 0; i < Width; ++i) panel[p * Width + i] = i < lines ? source[i * line_stride + p] : T(0);
}

template <class T, int Width>
void pack(const T* source, Index line_stride, Index k_stride, Index lines, Index k, T* panel) {
  static_assert(Width % kLanes<T> == 0);
  if (line_stride == 1)
    pack_across<T, Width>(source, k_stride, lines, k, panel);
  else
    pack_along<T, Width>(source, line_stride, lines, k, panel);
}

// A thread's memory for packing, which grows and is used again: no allocation in the steady state. The content is lost
// when it grows.
class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { ::operator delete(data_, kCacheLine); }

  template <class T>
  T* reserve(Index elements) {
    const std::size_t bytes = elements * sizeof(T);
    if (bytes > bytes_) {
      ::operator delete(std::exchange(data_, nullptr), kCacheLine);
      bytes_ = 0;
      data_ = ::operator new(bytes, kCacheLine);
      bytes_ = bytes;
    }
    return static_cast<T*>(data_);
  }

 private:
  static constexpr std::align_val_t kCacheLine{64};
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace gradus::kernels::gemm
