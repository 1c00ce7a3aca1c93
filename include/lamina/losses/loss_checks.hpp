#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>

/// @file
/// Checks of what a loss is called with. They compose messages only to throw them: losses run in every step.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Refuses outputs that are no rows, and a gradient of another shape.
/// @throws ArgumentError
template <class T>
void check_loss_outputs(std::string_view loss, TensorView<const T> outputs, TensorView<const T> gradient) {
  const auto text = [](TensorView<const T> tensor) {
    return std::to_string(tensor.batch) + " of " + to_string(tensor.shape);
  };
  if (outputs.batch <= 0 || outputs.shape.pixels() != 1 || outputs.shape.channels <= 0)
    throw ArgumentError(std::string(loss) + " needs outputs of shape 1x1xK for at least one sample, got " +
                        text(outputs));
  if (!gradient.empty() && (gradient.batch != outputs.batch || gradient.shape != outputs.shape))
    throw ArgumentError("the gradient of the outputs must be " + text(outputs) + ", got " + text(gradient));
}

/// Refuses target rows that are not as many as the outputs, or of another shape.
/// @throws ArgumentError
template <class T>
void check_loss_rows(std::string_view loss, TensorView<const T> outputs, TensorView<const T> rows) {
  if (!rows.empty() && rows.batch == outputs.batch && rows.shape == outputs.shape) return;
  throw ArgumentError(std::string(loss) + " got " + std::to_string(outputs.batch) + " outputs of " +
                      to_string(outputs.shape) + " but " + std::to_string(rows.batch) + " target rows of " +
                      to_string(rows.shape));
}

/// Refuses weights that are not one an output, or that are negative or not finite.
/// @param name  "class weight"
/// @throws ArgumentError
inline void check_loss_weights(std::string_view name, std::span<const double> weights, Index outputs) {
  if (std::ssize(weights) != outputs)
    throw ArgumentError("expected a " + std::string(name) + " for each of " + std::to_string(outputs) +
                        " outputs, got " + std::to_string(weights.size()));
  for (const double weight : weights) {
    if (!(weight >= 0) || !is_finite(weight))
      throw ArgumentError("a " + std::string(name) + " must be finite and not negative, got " + to_digits(weight));
  }
}

/// Refuses labels that are not as many as the outputs, or name a class that is none.
/// @throws ArgumentError
/// @param ignored  a label that is allowed, whether it names a class or not
template <class T>
void check_loss_labels(std::string_view loss, TensorView<const T> outputs, std::span<const Label> labels,
                       std::optional<Label> ignored = {}) {
  if (std::ssize(labels) != outputs.batch)
    throw ArgumentError(std::string(loss) + " got " + std::to_string(outputs.batch) + " rows of outputs but " +
                        std::to_string(labels.size()) + " labels");
  const auto outside = std::find_if(labels.begin(), labels.end(), [&](Label label) {
    return (label < 0 || label >= outputs.shape.channels) && label != ignored;
  });
  if (outside != labels.end())
    throw ArgumentError("the label of sample " + std::to_string(outside - labels.begin()) + " must be in 0 ... " +
                        std::to_string(outputs.shape.channels - 1) + " (" + std::to_string(outputs.shape.channels) +
                        " classes), got " + std::to_string(*outside));
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
