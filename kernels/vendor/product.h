// What a matrix product is to cuBLASLt: the key of its plan, and how row-major matrices look to a library that counts
// by columns.
#pragma once
#include <compare>
#include <cstdint>

#include <gradus/kernels/exec.h>
#include <gradus/kernels/libraries.h>

namespace gradus::kernels {

// c[m, n] = op(a) op(b), as kernels/matmul.h defines it, and what follows before c is written; or, for row_sums, what
// else is computed: the sum over k of op(a), of which the bias takes the place.
struct Product {
  enum class Epilogue { none, bias, bias_relu, row_sums };
  Index m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  Epilogue epilogue = Epilogue::none;
  bool is_double = false;
  Precision precision = Precision::float32;
  int device = 0;
  int alignment = 16;  // of all addresses, in bytes

  auto operator<=>(const Product&) const = default;
};

// Products with an extent below this are our own kernels': a library's tile would be mostly empty, and cuBLASLt refuses
// matrices of one row or column.
inline constexpr Index least_extent = 8;
inline bool is_for_library(const Product& p) {
  return p.m >= least_extent && p.n >= least_extent && p.k >= least_extent;
}

// The largest power of two, up to 16, that divides all of these addresses.
template <class... Pointers>
int alignment_of(Pointers... pointers) {
  const std::uintptr_t all = (16 | ... | reinterpret_cast<std::uintptr_t>(pointers));
  return static_cast<int>(all & -all);
}

// A matrix that lies in memory column after column, and whether the product takes it transposed.
struct ColumnMajor {
  Index rows = 0, columns = 0;  // as it lies; `rows` is the distance between columns, too
  bool transpose = false;
};

// A row-major matrix [r, c] is a column-major one of c rows and r columns: its transpose. So the library computes
// cT = op(b)T op(a)T, its first operand is b and its second a, and whether each is transposed stays the same. The bias,
// one number for each column of c, is one for each row of cT, which is how cuBLASLt adds one.
struct ColumnMajorProduct {
  ColumnMajor first, second, result;
};
inline ColumnMajorProduct in_columns(const Product& p) {
  return {p.transpose_b ? ColumnMajor{p.k, p.n, true} : ColumnMajor{p.n, p.k, false},
          p.transpose_a ? ColumnMajor{p.m, p.k, true} : ColumnMajor{p.k, p.m, false}, ColumnMajor{p.n, p.m, false}};
}

}  // namespace gradus::kernels
