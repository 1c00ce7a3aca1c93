#pragma once

#include <span>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What the outputs for a batch are held against. A part that is not there is empty.
/// @tparam T  float or double
template <class T>
struct Targets {
  std::span<const Label> labels{};  ///< the class of each sample
  TensorView<const T> rows{};       ///< 1 x 1 x outputs a sample: values of a regression, 0 or 1 for each of several
                                    ///< labels, or probabilities of classes
  TensorView<const T> teacher{};    ///< of the same shape: what another network puts out for the same samples
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
