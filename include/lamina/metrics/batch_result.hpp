#pragma once

#include <optional>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/losses/targets.hpp>
#include <lamina/metrics/accuracy.hpp>
#include <lamina/metrics/mean_absolute_error.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The loss of a batch, and how far its outputs are from their targets in a unit that people read.
struct BatchResult {
  double loss = 0;                         ///< mean over the samples
  std::optional<Index> correct{};          ///< of samples with labels: those whose largest output is at their label
  std::optional<double> absolute_error{};  ///< of samples with rows alone: mean over outputs and samples
};

/// Measures outputs against the targets that there are.
template <class T>
[[nodiscard]] BatchResult batch_result(double loss, TensorView<const T> outputs, const Targets<T>& targets) {
  if (!targets.labels.empty()) return {.loss = loss, .correct = count_correct(outputs, targets.labels)};
  return {.loss = loss, .absolute_error = mean_absolute_error(outputs, targets.rows)};
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
