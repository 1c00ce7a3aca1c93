#pragma once

#include <concepts>
#include <span>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What a loss says about a batch.
struct LossResult {
  double loss = 0;    ///< mean over the samples
  Index correct = 0;  ///< samples whose largest output is at their label
};

/// A function of a network's outputs and the labels. The four-argument call also writes the gradient of the mean loss,
/// the three-argument call only evaluates. Neither allocates, and the bits of both are the same on any team.
template <class L, class T>
concept Loss = requires(const L& loss, TensorView<const T> outputs, std::span<const Label> labels,
                        TensorView<T> gradient, const Team& team) {
  { loss(outputs, labels, gradient, team) } -> std::same_as<LossResult>;
  { loss(outputs, labels, team) } -> std::same_as<LossResult>;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
