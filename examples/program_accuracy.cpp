#include <gradus/examples/program_accuracy.h>

#include <cstdint>

#include <gradus/core/error.h>
#include <gradus/examples/program.h>

namespace gradus {

void ClassAccuracy::add(const Tensor& predicted, const Tensor& labels) {
  check(predicted.shape() == labels.shape() && labels.dim() == 1, "class_accuracy",
        "expected predictions and labels of one ", "shape [n], got ", predicted.shape(), " and ", labels.shape());
  const auto guesses = predicted.to_vector<std::int64_t>(), truths = labels.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < truths.size(); ++i) {
    check(truths[i] >= 0 && truths[i] < static_cast<Index>(size()), "class_accuracy", "label ", truths[i],
          " is none of the ", size(), " classes");
    const auto truth = static_cast<std::size_t>(truths[i]);
    ++total_[truth];
    right_[truth] += guesses[i] == truths[i];
  }
}

double ClassAccuracy::overall() const {
  Index right = 0, total = 0;
  for (std::size_t i = 0; i < size(); ++i) {
    right += right_[i];
    total += total_[i];
  }
  return percent(right, total);
}

std::string ClassAccuracy::str() const {
  std::string table;
  for (std::size_t i = 0; i < size(); ++i)
    table += total_[i] > 0 ? formatted("Accuracy of %5s : %f %%\n", classes_[i].c_str(), of(i))
                           : formatted("Accuracy of %5s : no image of this class\n", classes_[i].c_str());
  return table;
}

}  // namespace gradus
