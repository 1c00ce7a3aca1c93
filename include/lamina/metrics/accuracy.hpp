#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The class that outputs speak for: the first of the largest.
template <class T>
[[nodiscard]] Label predicted_class(std::span<const T> outputs) {
  return static_cast<Label>(std::max_element(outputs.begin(), outputs.end()) - outputs.begin());
}

/// Samples whose largest output (the first of equal ones) is at their label.
/// @param outputs  1 x 1 x classes
/// @throws ArgumentError  labels that are not as many as the outputs
template <class T>
[[nodiscard]] Index count_correct(TensorView<const T> outputs, std::span<const Label> labels) {
  if (std::ssize(labels) != outputs.batch)
    throw ArgumentError(message("got ", outputs.batch, " outputs but ", labels.size(), " labels"));
  Index correct = 0;
  for (Index n = 0; n < outputs.batch; ++n) {
    const std::span row(outputs.sample(n), static_cast<std::size_t>(outputs.shape.channels));
    correct += predicted_class(row) == labels[static_cast<std::size_t>(n)] ? 1 : 0;
  }
  return correct;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
