#pragma once

#include <string>

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Height, width and channels of one image or feature map. The batch is not part of a shape: networks are typed by
/// shapes and run at any batch size. A vector of n features is 1 x 1 x n.
struct Shape {
  Index height = 1;
  Index width = 1;
  Index channels = 1;

  /// Number of values in one sample.
  [[nodiscard]] constexpr Index size() const { return height * width * channels; }
  /// Number of pixels in one sample.
  [[nodiscard]] constexpr Index pixels() const { return height * width; }

  friend constexpr bool operator==(const Shape&, const Shape&) = default;
};

/// "32x32x3": height, width, channels.
[[nodiscard, gnu::cold, gnu::noinline]] inline std::string to_string(const Shape& shape) {
  return std::to_string(shape.height) + "x" + std::to_string(shape.width) + "x" + std::to_string(shape.channels);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
