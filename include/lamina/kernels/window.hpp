#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Where a square window reads: input(y * stride - padding + i * dilation, ...) for output row y and kernel row i.
struct Window {
  Index kernel = 1;
  Index stride = 1;
  Index padding = 0;
  Index dilation = 1;

  /// Pixels that the window spans along one side.
  [[nodiscard]] constexpr Index extent() const { return dilation * (kernel - 1) + 1; }
  /// Positions of the window along a side of `size` pixels; at most 0 where it does not fit.
  [[nodiscard]] constexpr Index positions(Index size) const {
    const Index room = size + 2 * padding - extent();
    return room < 0 ? 0 : room / stride + 1;
  }
};

/// Input and output of a window that slides over an image.
struct WindowGeometry {
  Window window;
  Shape input;
  Shape output;

  /// Whether the windows lie side by side and cover the image without a remainder.
  [[nodiscard]] constexpr bool tiles() const {
    return window.stride == window.kernel && window.padding == 0 && window.dilation == 1 &&
           input.height == output.height * window.kernel && input.width == output.width * window.kernel;
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
