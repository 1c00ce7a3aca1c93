#pragma once

#include <cmath>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/losses/loss_checks.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// |output - target|, averaged over all outputs of all samples, in the unit of the targets.
/// @param outputs, rows  1 x 1 x outputs a sample
/// @throws ArgumentError  an empty batch, shapes that differ
template <class T>
[[nodiscard]] double mean_absolute_error(TensorView<const T> outputs, TensorView<const T> rows) {
  check_loss_outputs<T>("the mean absolute error", outputs, {});
  check_loss_rows<T>("the mean absolute error", outputs, rows);
  double sum = 0;
  for (Index n = 0; n < outputs.batch; ++n) {
    for (Index i = 0; i < outputs.shape.channels; ++i) {
      sum += std::abs(static_cast<double>(outputs.sample(n)[i]) - static_cast<double>(rows.sample(n)[i]));
    }
  }
  return sum / static_cast<double>(outputs.size());
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
