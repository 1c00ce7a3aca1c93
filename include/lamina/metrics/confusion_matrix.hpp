#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/metrics/accuracy.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// How often samples of each class were taken for each class.
class ConfusionMatrix {
 public:
  /// @throws ArgumentError  no classes
  explicit ConfusionMatrix(Index classes) : classes_(classes) {
    require(classes > 0, "the number of classes must be positive, got " + std::to_string(classes));
    counts_.resize(static_cast<std::size_t>(classes * classes));
  }

  /// Counts a batch.
  /// @param outputs  1 x 1 x classes
  /// @throws ArgumentError  other outputs, labels that are not as many or name no class; nothing is counted then
  template <class T>
  void add(TensorView<const T> outputs, std::span<const Label> labels) {
    require(outputs.shape == Shape{1, 1, classes_}, "a confusion matrix of " + std::to_string(classes_) +
                                                        " classes takes as many outputs, got " +
                                                        to_string(outputs.shape));
    require(std::ssize(labels) == outputs.batch,
            "got " + std::to_string(outputs.batch) + " outputs but " + std::to_string(labels.size()) + " labels");
    for (const Label label : labels) {
      require(label >= 0 && label < classes_,
              "expected a label from 0 to " + std::to_string(classes_ - 1) + ", got " + std::to_string(label));
    }
    for (Index n = 0; n < outputs.batch; ++n) {
      const std::span row(outputs.sample(n), static_cast<std::size_t>(classes_));
      ++counts_[place(labels[static_cast<std::size_t>(n)], predicted_class(row))];
    }
  }

  [[nodiscard]] Index classes() const { return classes_; }
  /// Samples of one class that were taken for another.
  [[nodiscard]] Index count(Label actual, Label predicted) const { return counts_[place(actual, predicted)]; }
  /// Samples of a class.
  [[nodiscard]] Index samples(Label actual) const {
    Index sum = 0;
    for (Label predicted = 0; predicted < classes_; ++predicted) sum += count(actual, predicted);
    return sum;
  }

 private:
  [[nodiscard]] std::size_t place(Label actual, Label predicted) const {
    return static_cast<std::size_t>(actual * classes_ + predicted);
  }

  Index classes_;
  std::vector<Index> counts_;  ///< a row for each class that samples are of
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
