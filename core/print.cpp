// How a tensor is printed: as PyTorch prints it by default, with four digits, at most 80 columns, and three items at
// each end of a dimension once there are more than 1000 elements. Our dtypes are printed without "torch.".
//
//   tensor([[1.0000, 0.5000],
//           [0.2500, 0.1250]], dtype=float64, grad_fn=<div>)
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include <gradus/core/autograd.h>
#include <gradus/core/recording.h>
#include <gradus/core/tensor.h>

namespace gradus {
namespace {

constexpr Index summarize_over = 1000;  // elements
constexpr Index edge_items = 3;
constexpr Index line_width = 80;
constexpr int digits = 4;
constexpr Index gap = -1;  // stands for the positions that are left out

const char prefix[] = "tensor(";
constexpr Index prefix_width = sizeof prefix - 1;

// The positions of a dimension that are printed.
std::vector<Index> shown_positions(Index extent, bool summarize) {
  std::vector<Index> positions;
  const bool cut = summarize && extent > 2 * edge_items;
  for (Index i = 0; i < (cut ? edge_items : extent); ++i) positions.push_back(i);
  if (cut) {
    positions.push_back(gap);
    for (Index i = extent - edge_items; i < extent; ++i) positions.push_back(i);
  }
  return positions;
}

// How the numbers of one tensor are written: all in one way and, padded on the left, in one width.
template <class T>
class Style;

template <>
class Style<Index> {
 public:
  explicit Style(const std::vector<Index>& values) {
    for (Index v : values) width_ = std::max(width_, std::to_string(v).size());
  }
  std::string text(Index v) const { return std::to_string(v); }
  std::size_t width() const { return width_; }

 private:
  std::size_t width_ = 1;
};

// Floating-point numbers: whole ones as "2.", others with four digits, or in scientific notation where the magnitudes
// are too far apart, too large or too small for that. Zeros, infinities and NaN have no say in it.
template <>
class Style<double> {
 public:
  explicit Style(const std::vector<double>& values) {
    double smallest = std::numeric_limits<double>::infinity(), largest = 0;
    for (double v : values) {
      if (!counts(v)) continue;
      smallest = std::min(smallest, std::abs(v));
      largest = std::max(largest, std::abs(v));
      whole_ = whole_ && v == std::ceil(v);
    }
    scientific_ = largest > 0 && (largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4);
    for (double v : values) {
      if (counts(v)) width_ = std::max(width_, text(v).size());
    }
  }

  std::string text(double v) const {
    if (std::isnan(v)) return "nan";  // printf would give a sign
    const bool point = whole_ && !scientific_ && std::isfinite(v);
    char buffer[400];  // the largest double has 309 digits
    std::snprintf(buffer, sizeof buffer, scientific_ ? "%.*e" : "%.*f", whole_ && !scientific_ ? 0 : digits, v);
    return std::string(buffer) + (point ? "." : "");
  }
  std::size_t width() const { return width_; }

 private:
  static bool counts(double v) { return std::isfinite(v) && v != 0; }

  bool whole_ = true, scientific_ = false;
  std::size_t width_ = 1;
};

// The numbers in their brackets.
template <class T>
class Printer {
  using Number = std::conditional_t<std::is_same_v<T, Index>, Index, double>;

 public:
  Printer(std::span<const T> values, const Shape& shape)
      : values_(values), shape_(shape), summarize_(shape.numel() > summarize_over), style_(shown(0, 0)) {}

  std::string str() const { return values_.empty() ? "[]" : render(0, 0, prefix_width); }

 private:
  // The numbers that will be printed, of the part that starts at `offset` and has dimensions [d, rank).
  std::vector<Number> shown(int d, Index offset) const {
    if (values_.empty()) return {};
    if (d == shape_.rank()) return {Number(values_[offset])};
    std::vector<Number> found;
    for (Index i : shown_positions(shape_[d], summarize_)) {
      if (i == gap) continue;
      const std::vector<Number> part = shown(d + 1, offset + i * shape_.strides()[d]);
      found.insert(found.end(), part.begin(), part.end());
    }
    return found;
  }

  std::string render(int d, Index offset, Index indent) const {
    if (d == shape_.rank()) return padded(style_.text(values_[offset]));
    const bool innermost = d == shape_.rank() - 1;
    std::vector<std::string> parts;
    for (Index i : shown_positions(shape_[d], summarize_)) {
      if (i == gap) {
        parts.push_back(innermost ? " ..." : "...");
      } else {
        parts.push_back(render(d + 1, offset + i * shape_.strides()[d], indent + 1));
      }
    }
    return innermost ? row(parts, indent) : block(parts, indent, shape_.rank() - 1 - d);
  }

  // Numbers after one another, in as many lines as they need.
  std::string row(const std::vector<std::string>& parts, Index indent) const {
    const Index each = Index(style_.width()) + 2;  // with ", "
    const std::size_t a_line = std::size_t(std::max<Index>(1, (line_width - indent) / each));
    std::string text = "[";
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) text += i % a_line == 0 ? ",\n" + std::string(indent + 1, ' ') : ", ";
      text += parts[i];
    }
    return text + "]";
  }

  // Rows below one another, with blank lines between matrices, two between blocks of matrices, and so on.
  static std::string block(const std::vector<std::string>& parts, Index indent, int newlines) {
    std::string text = "[";
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) text += "," + std::string(newlines, '\n') + std::string(indent + 1, ' ');
      text += parts[i];
    }
    return text + "]";
  }

  std::string padded(const std::string& text) const {
    return text.size() < style_.width() ? std::string(style_.width() - text.size(), ' ') + text : text;
  }

  std::span<const T> values_;
  Shape shape_;
  bool summarize_;
  Style<Number> style_;
};

std::string numbers(const Tensor& t) {
  const Tensor here = t.detach().to(cpu);
  switch (t.dtype()) {
    case DType::float32:
      return Printer<float>(here.data<float>(), t.shape()).str();
    case DType::float64:
      return Printer<double>(here.data<double>(), t.shape()).str();
    case DType::int64:
      return Printer<Index>(here.data<Index>(), t.shape()).str();
  }
  return "";
}

// Python's tuple: (), (3,), (0, 3).
std::string tuple(const Shape& shape) {
  std::string text = "(";
  for (int d = 0; d < shape.rank(); ++d) text += (d > 0 ? ", " : "") + std::to_string(shape[d]);
  return text + (shape.rank() == 1 ? ",)" : ")");
}

// What is said behind the numbers, where it is not the default.
std::vector<std::string> suffixes(const Tensor& t) {
  std::vector<std::string> all;
  if (!t.device().is_cpu()) all.push_back("device='" + t.device().str() + "'");
  const bool empty = t.numel() == 0;
  if (empty && t.dim() != 1) all.push_back("size=" + tuple(t.shape()));
  // Numbers show whether they are whole; an empty tensor of int64 has none to show it with.
  if (t.dtype() == float64 || (empty && t.dtype() == int64)) all.push_back(std::string("dtype=") + name(t.dtype()));
  if (t.grad_fn()) {
    all.push_back("grad_fn=<" + t.grad_fn()->name() + ">");
  } else if (t.requires_grad()) {
    all.push_back("requires_grad=True");
  }
  return all;
}

std::string text_of(const Tensor& t) {
  if (!t.defined()) return "tensor(undefined)";
  if (!t.device().is_cpu()) {
    refuse_while_recording("print", "a tensor is printed", "return it from the step, and print it after the call");
  }
  std::string text = prefix + numbers(t);
  const std::size_t last_newline = text.rfind('\n');
  // Lines break where PyTorch's break: its count starts two columns late, and its dtypes are longer by "torch.".
  Index column = Index(last_newline == std::string::npos ? text.size() + 2 : text.size() - last_newline + 1);
  for (const std::string& suffix : suffixes(t)) {
    const Index width = Index(suffix.size()) + (suffix.rfind("dtype", 0) == 0 ? 6 : 0);
    if (column + width + 2 > line_width) {
      text += ",\n" + std::string(prefix_width, ' ') + suffix;
      column = prefix_width + width;
    } else {
      text += ", " + suffix;
      column += width + 2;
    }
  }
  return text + ")";
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Tensor& t) { return out << text_of(t); }

}  // namespace gradus
