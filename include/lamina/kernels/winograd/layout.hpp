#pragma once

#include <algorithm>

#include <lamina/core/buffer.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/range.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/kernels/simd.hpp>
#include <lamina/kernels/window.hpp>
#include <lamina/kernels/winograd_transform.hpp>

/// @file
/// How tiles lie in images, and how their transforms and the transformed weights lie in memory.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd {

/// Values of a cache line. The channels of a transformed block lie in groups of so many.
template <class T>
inline constexpr Index kGroup = static_cast<Index>(kAlignment / sizeof(T));

/// Rounds up to an odd number of cache lines: blocks at even distances would compete for few sets of a cache.
template <class T>
[[nodiscard]] constexpr Index odd_lines(Index size) {
  return round_up(size, 2 * kGroup<T>) + kGroup<T>;
}

/// Transformed tiles in the order (group of channels, point, tile, channel of the group): the rows of a product lie a
/// cache line apart whatever the number of channels, and that number may be any.
/// @tparam Tiles  the most tiles, if the compiler knows them: a transform touches 36 points, whose distance is then a
///                constant; or 0
template <class T, Index Tiles = 0>
struct BlockLayout {
  Index channels = 0;
  Index most_tiles = Tiles;  ///< where the compiler does not know them

  [[nodiscard]] constexpr Index tiles() const { return Tiles > 0 ? Tiles : most_tiles; }
  [[nodiscard]] constexpr Index point_stride() const { return odd_lines<T>(tiles() * kGroup<T>); }
  [[nodiscard]] constexpr Index group_stride() const { return kPoints * point_stride(); }
  [[nodiscard]] constexpr Index size() const { return round_up(channels, kGroup<T>) / kGroup<T> * group_stride(); }
  /// Where a channel of the first tile and point lies.
  [[nodiscard]] constexpr Index offset(Index channel) const {
    return channel / kGroup<T> * group_stride() + channel % kGroup<T>;
  }
  /// Whether the groups hold channels that no tile has.
  [[nodiscard]] constexpr bool padded() const { return channels % kGroup<T> != 0; }
};

/// A matrix for each point, cut into panels as wide as a register tile (two vectors, the last panel perhaps one). Each
/// panel is row-major and lies behind the one before.
template <class T>
struct PanelLayout {
  static constexpr Index lanes = kWidestLanes<T>;
  static constexpr Index panel = 2 * lanes;
  /// Rows of a tile of weight gradients' sums.
  static constexpr Index row_tile = kRegisters >= 32 ? 8 : 4;

  Index rows = 0;
  Index columns = 0;

  [[nodiscard]] constexpr Index padded_rows() const { return round_up(rows, row_tile); }
  [[nodiscard]] constexpr Index padded_columns() const { return round_up(columns, lanes); }
  [[nodiscard]] constexpr Index point_stride() const { return odd_lines<T>(padded_rows() * padded_columns()); }
  [[nodiscard]] constexpr Index size() const { return kPoints * point_stride(); }
  [[nodiscard]] constexpr Index offset(Index row, Index column) const {
    const Index first = column / panel * panel;
    return first * padded_rows() + row * std::min(panel, padded_columns() - first) + column - first;
  }
};

/// Tiles that cover a side of an output image.
[[nodiscard]] constexpr Index tiles_of_side(Index side) { return (side + kOutput - 1) / kOutput; }

/// The tiles of a batch, counted image by image and row by row.
struct TileGrid {
  Index down = 0;
  Index across = 0;

  [[nodiscard]] static constexpr TileGrid of(const Shape& output) {
    return {tiles_of_side(output.height), tiles_of_side(output.width)};
  }
  [[nodiscard]] constexpr Index tiles() const { return down * across; }

  /// A tile's image and its first pixel in the output.
  struct Place {
    Index image;
    Index y;
    Index x;
  };

  /// Calls body(place, number of the tile in the range) for a range of tiles.
  template <class Body>
  [[gnu::always_inline]] void for_each(Range range, const Body& body) const {
    Index x = range.begin % across;
    Index y = range.begin / across % down;
    Index image = range.begin / across / down;
    for (Index tile = 0; tile < range.size(); ++tile) {
      body(Place{image, kOutput * y, kOutput * x}, tile);
      if (++x < across) continue;
      x = 0;
      if (++y < down) continue;
      y = 0;
      ++image;
    }
  }
};

/// Calls body(range) for one block of at most `size` items after the other.
template <class Body>
void for_each_block(Range items, Index size, const Body& body) {
  for (Index first = items.begin; first < items.end; first += size) {
    body(Range{first, std::min(first + size, items.end)});
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd
