#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/window.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Everything about a convolution but its numbers.
struct ConvolutionShape {
  WindowGeometry geometry;
  Index groups = 1;  ///< each maps a share of the input channels to a share of the output channels

  [[nodiscard]] constexpr Index inputs() const { return geometry.input.channels; }
  [[nodiscard]] constexpr Index outputs() const { return geometry.output.channels; }
  /// Rows of the weight matrix: kernel row, kernel column, input channel of the group, the slowest first.
  [[nodiscard]] constexpr Index depth() const {
    return geometry.window.kernel * geometry.window.kernel * inputs() / groups;
  }
  [[nodiscard]] constexpr Index weight_size() const { return depth() * outputs(); }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
