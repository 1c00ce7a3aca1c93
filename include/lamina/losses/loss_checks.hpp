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
  if (outputs.batch <= 0 || outputs.shape.pixels() != 1 || outputs.shape.channels <= 0)
    throw ArgumentError(message(loss, " needs outputs of shape 1x1xK for at least one sample, got ", outputs.batch,
                                " of ", to_string(outputs.shape)));
  if (!gradient.empty() && (gradient.batch != outputs.batch || gradient.shape != outputs.shape))
    throw ArgumentError(message("the gradient of the outputs must be ", outputs.batch, " of ", to_string(outputs.shape),
                                ", got ", gradient.batch, " of ", to_string(gradient.shape)));
}

/// Refuses target rows that are not as many as the outputs, or of another shape.
/// @throws ArgumentError
template <class T>
void check_loss_rows(std::string_view loss, TensorView<const T> outputs, TensorView<const T> rows) {
  if (!rows.empty() && rows.batch == outputs.batch && rows.shape == outputs.shape) return;
  throw ArgumentError(message(loss, " got ", outputs.batch, " outputs of ", to_string(outputs.shape), " but ",
                              rows.batch, " target rows of ", to_string(rows.shape)));
}

/// Refuses weights that are not one an output, or that are negative or not finite.
/// @param name  "class weight"
/// @throws ArgumentError
[[gnu::cold]] inline void check_loss_weights(std::string_view name, std::span<const double> weights, Index outputs) {
  if (std::ssize(weights) != outputs)
    throw ArgumentError(message("expected a ", name, " for each of ", outputs, " outputs, got ", weights.size()));
  for (const double weight : weights) {
    if (!(weight >= 0) || !is_finite(weight))
      throw ArgumentError(message("a ", name, " must be finite and not negative, got ", to_digits(weight)));
  }
}

/// Refuses labels that are not as many as the outputs, or name a class that is none.
/// @throws ArgumentError
/// @param ignored  a label that is allowed, whether it names a class or not
template <class T>
void check_loss_labels(std::string_view loss, TensorView<const T> outputs, std::span<const Label> labels,
                       std::optional<Label> ignored = {}) {
  if (std::ssize(labels) != outputs.batch)
    throw ArgumentError(message(loss, " got ", outputs.batch, " rows of outputs but ", labels.size(), " labels"));
  const auto outside = std::find_if(labels.begin(), labels.end(), [&](Label label) {
    return (label < 0 || label >= outputs.shape.channels) && label != ignored;
  });
  if (outside != labels.end())
    throw ArgumentError(message("the label of sample ", outside - labels.begin(), " must be in 0 ... ",
                                outputs.shape.channels - 1, " (", outputs.shape.channels, " classes), got ", *outside));
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
