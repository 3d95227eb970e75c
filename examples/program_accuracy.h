// ClassAccuracy: of each class, how many predictions were right.
#pragma once
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gradus/core/tensor.h>

namespace gradus {

class ClassAccuracy {
 public:
  explicit ClassAccuracy(std::vector<std::string> classes)
      : classes_(std::move(classes)), right_(size()), total_(size()) {}

  // predicted, labels: [n], int64. Throws Error for other shapes and dtypes, and for a label that is no class.
  void add(const Tensor& predicted, const Tensor& labels);

  std::size_t size() const { return classes_.size(); }
  const std::string& name(std::size_t i) const { return classes_[i]; }
  double of(std::size_t i) const { return percent(right_[i], total_[i]); }  // of class i; NaN when none was seen
  double overall() const;
  std::string str() const;  // the lectures' table, a line a class: "Accuracy of  zero : 97.551020 %"

 private:
  static double percent(Index right, Index total) {
    return total > 0 ? 100 * static_cast<double>(right) / static_cast<double>(total)
                     : std::numeric_limits<double>::quiet_NaN();
  }
  std::vector<std::string> classes_;
  std::vector<Index> right_, total_;
};

}  // namespace gradus
