// Shape: the extents of a tensor, held inline, rank 0 to 6; and the index arithmetic that ops share.
#pragma once
#include <array>
#include <initializer_list>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include <gradus/kernels/exec.h>

namespace gradus {

using Index = kernels::Index;

class Shape {
 public:
  static constexpr int max_rank = 6;

  Shape() = default;                            // rank 0: a scalar, one element
  Shape(std::initializer_list<Index> extents);  // throws Error: rank over 6, or a negative extent
  explicit Shape(std::span<const Index> extents);

  int rank() const { return rank_; }
  Index operator[](int d) const { return extents_[d]; }  // d in [0, rank)
  Index& operator[](int d) { return extents_[d]; }
  Index numel() const;  // the product of the extents; 1 for rank 0

  const Index* begin() const { return extents_.data(); }
  const Index* end() const { return extents_.data() + rank_; }

  Shape without(int d) const;                   // dimension d removed
  Shape with(int d, Index extent) const;        // dimension d replaced
  Shape inserted(int d, Index extent) const;    // a dimension put before d
  std::array<Index, max_rank> strides() const;  // of a dense tensor, in elements: the last dimension has 1

  friend bool operator==(const Shape& a, const Shape& b);
  std::string str() const;  // "[1000, 784]"
  friend std::ostream& operator<<(std::ostream& out, const Shape& s) { return out << s.str(); }

 private:
  std::array<Index, max_rank> extents_{};
  int rank_ = 0;
};

// d in [-rank, rank) as an index from the front. Throws Error, naming op, for any other d.
int normalize_dim(const char* op, Index d, int rank);

// Of an image: rows and columns. One number stands for both.
struct Size2d {
  Index h, w;
  Size2d(Index both) : h(both), w(both) {}
  Size2d(Index rows, Index columns) : h(rows), w(columns) {}
  friend bool operator==(const Size2d& a, const Size2d& b) = default;
  friend std::ostream& operator<<(std::ostream& out, const Size2d& s) { return out << s.h << " x " << s.w; }
};

// Two factors, of rows and of columns. One number stands for both.
struct Scale2d {
  double h, w;
  Scale2d(double both) : h(both), w(both) {}
  Scale2d(double rows, double columns) : h(rows), w(columns) {}
};

// The shape to which a and b broadcast: aligned at the last dimension, extents equal or one of them 1.
// Throws Error, naming op and both shapes, where they don't.
Shape broadcast(const char* op, const Shape& a, const Shape& b);

// The tensor seen as [outer, n, inner] around one dimension: what ops over a dimension loop over.
struct Around {
  Index outer = 1, n = 1, inner = 1;
};
Around around(const Shape& s, int first, int last);  // dimensions [first, last) make n

}  // namespace gradus
