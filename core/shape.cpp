#include <gradus/core/shape.h>

#include <algorithm>
#include <limits>

#include <gradus/core/error.h>

namespace gradus {

Shape::Shape(std::span<const Index> extents) : rank_(static_cast<int>(extents.size())) {
  check(extents.size() <= max_rank, "shape", "a tensor has at most ", max_rank, " dimensions, got ", extents.size());
  std::copy(extents.begin(), extents.end(), extents_.begin());
  Index n = 1;
  for (Index e : *this) {
    check(e >= 0, "shape", "extents are at least 0, got ", *this);
    check(e == 0 || n <= std::numeric_limits<Index>::max() / 8 / e, "shape", *this,
          " has more elements than memory can hold");
    n *= e;
  }
}

Shape::Shape(std::initializer_list<Index> extents) : Shape(std::span(extents.begin(), extents.size())) {}

Index Shape::numel() const {
  Index n = 1;
  for (Index e : *this) n *= e;
  return n;
}

Shape Shape::without(int d) const {
  Shape s = *this;
  std::copy(s.extents_.begin() + d + 1, s.extents_.begin() + rank_, s.extents_.begin() + d);
  s.extents_[--s.rank_] = 0;
  return s;
}

Shape Shape::with(int d, Index extent) const {
  Shape s = *this;
  s.extents_[d] = extent;
  return s;
}

Shape Shape::inserted(int d, Index extent) const {
  std::vector<Index> e(begin(), end());
  e.insert(e.begin() + d, extent);
  return Shape(std::span<const Index>(e));
}

std::array<Index, Shape::max_rank> Shape::strides() const {
  std::array<Index, max_rank> s{};
  Index step = 1;
  for (int d = rank_ - 1; d >= 0; --d) {
    s[d] = step;
    step *= extents_[d];
  }
  return s;
}

bool operator==(const Shape& a, const Shape& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

std::string Shape::str() const {
  std::string s = "[";
  for (int d = 0; d < rank_; ++d) s += (d ? ", " : "") + std::to_string(extents_[d]);
  return s + "]";
}

int normalize_dim(const char* op, Index d, int rank) {
  check(d >= -rank && d < rank, op, "dimension ", d, " is out of range for a tensor of ", rank, " dimension",
        rank == 1 ? "" : "s", rank == 0 ? "" : "; expected one from ",
        rank == 0 ? "" : std::to_string(-rank) + " to " + std::to_string(rank - 1));
  return static_cast<int>(d < 0 ? d + rank : d);
}

Shape broadcast(const char* op, const Shape& a, const Shape& b) {
  Shape out = a.rank() >= b.rank() ? a : b;
  for (int i = 1; i <= std::min(a.rank(), b.rank()); ++i) {
    const Index ea = a[a.rank() - i], eb = b[b.rank() - i];
    check(ea == eb || ea == 1 || eb == 1, op, "shapes ", a, " and ", b,
          " don't broadcast: aligned at the last dimension, ", ea, " meets ", eb,
          "; extents must be equal or one of them 1");
    out[out.rank() - i] = ea == 1 ? eb : ea;
  }
  return out;
}

Around around(const Shape& s, int first, int last) {
  Around a;
  for (int d = 0; d < s.rank(); ++d) (d < first ? a.outer : d < last ? a.n : a.inner) *= s[d];
  return a;
}

}  // namespace gradus
