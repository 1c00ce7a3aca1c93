#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// An image inside a larger one, whose border is zero: what lets an algorithm read past the image's edges.
struct Frame {
  Shape image;
  Index height = 0;  ///< of the whole, in pixels
  Index width = 0;
  Index border = 0;  ///< rows above and columns left of the image

  /// The frame without a border.
  [[nodiscard]] static constexpr Frame of(const Shape& shape) { return {shape, shape.height, shape.width, 0}; }

  [[nodiscard]] constexpr bool bare() const { return height == image.height && width == image.width; }
  /// Values of the whole, of one of its rows, and of one row of the image.
  [[nodiscard]] constexpr Index size() const { return height * pitch(); }
  [[nodiscard]] constexpr Index pitch() const { return width * image.channels; }
  [[nodiscard]] constexpr Index row_size() const { return image.width * image.channels; }
  /// Where row y of the image begins.
  [[nodiscard]] constexpr Index row(Index y) const { return ((y + border) * width + border) * image.channels; }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
