#pragma once

#include <algorithm>
#include <cstdint>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/random.hpp>
#include <lamina/core/range.hpp>
#include <lamina/core/shape.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The part of an image that is cut out.
struct Cutout {
  Range rows;
  Range columns;
};

/// A square around a pixel of the image, each as likely as any other, and clipped at its borders (DeVries and Taylor,
/// "Improved regularization of convolutional neural networks with cutout", 2017).
/// @param side  of the square in pixels
/// @return a function of the arguments alone
[[nodiscard]] constexpr Cutout draw_cutout(Shape shape, Index side, std::uint64_t seed, Index epoch, Index sample) {
  RandomStream random(seed, RandomPurpose::cutout, static_cast<std::uint32_t>(epoch),
                      static_cast<std::uint32_t>(sample));
  const auto range = [&](Index length) {
    const Index begin = static_cast<Index>(random.below(static_cast<std::uint32_t>(length))) - side / 2;
    return Range{std::max<Index>(begin, 0), std::min(begin + side, length)};
  };
  const Range rows = range(shape.height);
  return {rows, range(shape.width)};
}

/// Sets the part of a normalised image to 0, which is the mean colour.
/// @param image  row, column, channel
template <class T>
void cut_out(const Cutout& cutout, Shape shape, T* image) {
  for (Index y = cutout.rows.begin; y < cutout.rows.end; ++y) {
    T* const row = image + y * shape.width * shape.channels;
    std::fill(row + cutout.columns.begin * shape.channels, row + cutout.columns.end * shape.channels, T{0});
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
