#pragma once

#include <cstddef>
#include <span>

#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Number of outputs that are ranked before the label's. Ties go to the lower index, and NaN is ranked before all
/// numbers.
template <class T>
[[nodiscard]] Index rank_of_label(std::span<const T> outputs, Label label) {
  const auto own = static_cast<std::size_t>(label);
  Index rank = 0;
  for (std::size_t c = 0; c < outputs.size(); ++c) {
    const bool numbers = !is_nan(outputs[own]) && !is_nan(outputs[c]);
    const bool behind = outputs[own] > outputs[c] || (outputs[own] == outputs[c] && own < c);
    rank += (numbers && behind) || c == own ? 0 : 1;
  }
  return rank;
}

/// Samples whose label is among the `k` largest outputs.
/// @param outputs  1 x 1 x classes
/// @throws ArgumentError  labels that are not as many as the outputs, or name no class
template <class T>
[[nodiscard]] Index count_in_top(TensorView<const T> outputs, std::span<const Label> labels, Index k) {
  require(std::ssize(labels) == outputs.batch,
          "got " + std::to_string(outputs.batch) + " outputs but " + std::to_string(labels.size()) + " labels");
  Index count = 0;
  for (Index n = 0; n < outputs.batch; ++n) {
    const Label label = labels[static_cast<std::size_t>(n)];
    require(label >= 0 && label < outputs.shape.channels, "the network has " + std::to_string(outputs.shape.channels) +
                                                              " outputs, got the label " + std::to_string(label));
    const std::span row(outputs.sample(n), static_cast<std::size_t>(outputs.shape.channels));
    count += rank_of_label(row, label) < k ? 1 : 0;
  }
  return count;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
