#pragma once

#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/losses/loss_checks.hpp>
#include <lamina/losses/sum_over_samples.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The loss of one output against its target, and the derivative with respect to the output.
struct ElementLoss {
  double value = 0;
  double derivative = 0;
};

/// The mean of a loss over all outputs of all samples, which PyTorch calls the reduction "mean".
/// @param element   (output, target, column) -> ElementLoss, in double
/// @param gradient  overwritten with the gradient of the mean; may be the outputs' memory; empty to evaluate only
/// @throws ArgumentError  outputs, rows and gradient that do not fit
template <class T, class Element>
[[nodiscard]] double elementwise_loss(std::string_view name, TensorView<const T> outputs, TensorView<const T> rows,
                                      TensorView<T> gradient, const Team& team, const Element& element) {
  check_loss_outputs<T>(name, outputs, gradient);
  check_loss_rows<T>(name, outputs, rows);
  const double scale = 1 / static_cast<double>(outputs.size());
  const double sum = sum_over_samples(outputs.batch, team, [&](Index n) {
    double loss = 0;
    for (Index i = 0; i < outputs.shape.channels; ++i) {
      const ElementLoss one =
          element(static_cast<double>(outputs.sample(n)[i]), static_cast<double>(rows.sample(n)[i]), i);
      loss += one.value;
      if (!gradient.empty()) gradient.sample(n)[i] = static_cast<T>(scale * one.derivative);
    }
    return loss;
  });
  return scale * sum;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
