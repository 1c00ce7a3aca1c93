#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/partition.hpp>
#include <lamina/kernels/read_ahead.hpp>
#include <lamina/kernels/simd.hpp>

/// @file
/// Matrix products whose sizes are known at run time, cut as Goto and van de Geijn (2008) do: the right factor comes in
/// panels as wide as two vector registers and in blocks of rows that fit into the first-level cache, the left one in
/// blocks of rows that fit into the second-level cache. A value of the result adds its products in the order of the
/// depth, wherever it lies in a tile: its bits do not depend on how the work is shared.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// How the columns of a matrix are cut into panels: as many as possible of two vectors, then narrower ones.
template <class T>
struct Panels {
  static constexpr Index lanes = kWidestLanes<T>;
  static constexpr Index widest = 2 * lanes;
  static constexpr Index narrowest = 16 / static_cast<Index>(sizeof(T));

  /// Width of a panel where `rest` columns are left. It may be wider than they are. The padded columns are cut as the
  /// columns are.
  [[nodiscard]] static constexpr Index width(Index rest) {
    if (rest > lanes + (lanes > narrowest ? lanes / 2 : 0)) return widest;
    Index width = lanes;
    while (width > narrowest && width / 2 >= rest) width /= 2;
    return width;
  }
  /// The columns of all panels together, those past the last column included.
  [[nodiscard]] static constexpr Index padded(Index columns) {
    const Index whole = columns / widest * widest;
    Index first = whole;
    while (first < columns) first += width(columns - first);
    return first;
  }
};

/// Calls panel.template operator()<Lanes, Vectors>(first column, number of columns) for each panel of a matrix with
/// `columns` columns that begins in the range.
template <class T, class Panel>
void for_panels(Index columns, Range range, const Panel& panel) {
  constexpr Index lanes = Panels<T>::lanes;
  for (Index first = range.begin; first < range.end;) {
    const Index width = Panels<T>::width(columns - first);
    const Index used = std::min(width, columns - first);
    if (width == 2 * lanes) {
      panel.template operator()<lanes, 2>(first, used);
    } else if (width == lanes) {
      panel.template operator()<lanes, 1>(first, used);
    } else if constexpr (lanes > Panels<T>::narrowest) {
      if (width == lanes / 2) panel.template operator()<lanes / 2, 1>(first, used);
      if constexpr (lanes / 2 > Panels<T>::narrowest) {
        if (width == lanes / 4) panel.template operator()<lanes / 4, 1>(first, used);
      }
    }
    first += width;
  }
}

/// Cuts the depth of a product into blocks of about the same size, in each of which a panel fits into the first-level
/// cache.
struct DepthBlocks {
  static constexpr Index kMost = 256;

  Index depth = 0;
  Index most = kMost;

  [[nodiscard]] constexpr Index count() const { return (depth + most - 1) / most; }
  [[nodiscard]] constexpr Range operator[](Index block) const { return Share{block, count()}.of(depth); }
};

/// Rows of a matrix in memory.
template <class T>
struct MatrixRows {
  T* data = nullptr;
  Index stride = 0;

  [[nodiscard]] MatrixRows from(Index row, Index column = 0) const { return {data + row * stride + column, stride}; }
};

/// What the sums of a product begin with, and what becomes of them.
template <class T>
struct ProductEnds {
  const T* bias = nullptr;  ///< a value for each column and zero up to the end of the last panel, or null for none
  bool accumulate = false;  ///< begins with what the result has instead
  T slope = 1;              ///< of the leaky rectifier that is applied to the sums; 1 for none

  [[nodiscard]] ProductEnds from(Index column) const {
    return {bias == nullptr ? nullptr : bias + column, accumulate, slope};
  }
};

namespace detail {

/// Copies some values in vectors of `Lanes` values, then in ever narrower ones.
template <class T, Index Lanes = kWidestLanes<T>>
[[gnu::always_inline]] inline void copy_some(const T* from, T* to, Index count) {
  Index done = 0;
  for (; done + Lanes <= count; done += Lanes) store<T, Lanes>(to + done, load<T, Lanes>(from + done));
  if constexpr (Lanes > 1) {
    if (done < count) copy_some<T, Lanes / 2>(from + done, to + done, count - done);
  }
}

/// Loads the first `columns` values of a tile's row.
template <class T, Index Lanes, Index Vectors>
[[gnu::always_inline]] inline void load_some(const T* c, Index columns, VectorRow<T, Lanes, Vectors>& row) {
  std::array<T, static_cast<std::size_t>(Vectors * Lanes)> values{};
  if (columns < Vectors * Lanes) copy_some<T, Vectors * Lanes / 2>(c, values.data(), columns);
  const T* const from = columns < Vectors * Lanes ? values.data() : c;
#pragma GCC unroll 2
  for (Index v = 0; v < Vectors; ++v) row[v] = load<T, Lanes>(from + v * Lanes);
}

/// Stores the first `columns` values of a tile's row.
template <class T, Index Lanes, Index Vectors>
[[gnu::always_inline]] inline void store_some(const VectorRow<T, Lanes, Vectors>& row, T* c, Index columns) {
  if (columns == Vectors * Lanes) {
#pragma GCC unroll 2
    for (Index v = 0; v < Vectors; ++v) store<T, Lanes>(c + v * Lanes, row[v]);
    return;
  }
  std::array<T, static_cast<std::size_t>(Vectors * Lanes)> values;
#pragma GCC unroll 2
  for (Index v = 0; v < Vectors; ++v) store<T, Lanes>(values.data() + v * Lanes, row[v]);
  copy_some<T, Vectors * Lanes / 2>(values.data(), c, columns);
}

/// Copies rows of some values. No part of the tiles that need it, which it would make long.
template <class T, Index Lanes>
[[gnu::noinline]] void copy_rows(Index rows, Index columns, MatrixRows<const T> from, MatrixRows<T> to) {
  for (Index r = 0; r < rows; ++r) copy_some<T, Lanes>(from.from(r).data, to.from(r).data, columns);
}

/// Sets the sums of a tile of C to what they begin with.
template <class T, Index Lanes, Index Rows, Index Vectors>
[[gnu::always_inline]] inline void start_tile(const ProductEnds<T>& start, MatrixRows<T> c, Index columns,
                                              VectorTile<T, Lanes, Rows, Vectors>& sums) {
  constexpr Index width = Vectors * Lanes;
  if (start.accumulate) {
    std::array<T, static_cast<std::size_t>(Rows * width)> values;
    MatrixRows<const T> from{c.data, c.stride};
    if (columns < width) {
      copy_rows<T, width / 2>(Rows, columns, from, {values.data(), width});
      from = {values.data(), width};
    }
#pragma GCC unroll 16
    for (Index r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
      for (Index v = 0; v < Vectors; ++v) sums[r][v] = load<T, Lanes>(from.data + r * from.stride + v * Lanes);
    }
    return;
  }
#pragma GCC unroll 2
  for (Index v = 0; v < Vectors; ++v) {
    const auto first = start.bias == nullptr ? Vector<T, Lanes>{} : load<T, Lanes>(start.bias + v * Lanes);
#pragma GCC unroll 16
    for (Index r = 0; r < Rows; ++r) sums[r][v] = first;
  }
}

/// Applies a leaky rectifier to the sums of a tile.
template <class T, Index Lanes, Index Rows, Index Vectors>
[[gnu::always_inline]] inline void rectify_tile(T slope, VectorTile<T, Lanes, Rows, Vectors>& sums) {
  if (slope == T{1}) return;
#pragma GCC unroll 16
  for (Index r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
    for (Index v = 0; v < Vectors; ++v) sums[r][v] = sums[r][v] > 0 ? sums[r][v] : sums[r][v] * slope;
  }
}

/// Stores the sums of a tile of C.
template <class T, Index Lanes, Index Rows, Index Vectors>
[[gnu::always_inline]] inline void store_tile(const VectorTile<T, Lanes, Rows, Vectors>& sums, MatrixRows<T> c,
                                              Index columns) {
  constexpr Index width = Vectors * Lanes;
  std::array<T, static_cast<std::size_t>(Rows * width)> values;
  const MatrixRows<T> to = columns < width ? MatrixRows<T>{values.data(), width} : c;
#pragma GCC unroll 16
  for (Index r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
    for (Index v = 0; v < Vectors; ++v) store<T, Lanes>(to.data + r * to.stride + v * Lanes, sums[r][v]);
  }
  if (columns < width) copy_rows<T, width / 2>(Rows, columns, {values.data(), width}, c);
}

/// sums += value of a x row of b for each row of the tile.
template <class T, Index Lanes, Index Rows, Index Vectors, class A>
[[gnu::always_inline]] inline void add_products(const A& a, const T* b, VectorTile<T, Lanes, Rows, Vectors>& sums) {
  VectorRow<T, Lanes, Vectors> row;
#pragma GCC unroll 2
  for (Index v = 0; v < Vectors; ++v) row[v] = load<T, Lanes>(b + v * Lanes);
#pragma GCC unroll 16
  for (Index r = 0; r < Rows; ++r) {
    const auto value = broadcast<T, Lanes>(a(r));
#pragma GCC unroll 2
    for (Index v = 0; v < Vectors; ++v) sums[r][v] = multiply_add<T, Lanes>(value, row[v], sums[r][v]);
  }
}

/// One tile of C = A B: B is a panel, whose rows lie one after the other.
template <class T, Index Lanes, Index Rows, Index Vectors>
[[gnu::noinline]] void multiply_tile(Index depth, MatrixRows<const T> a, const T* b, const ProductEnds<T>& ends,
                                     MatrixRows<T> c, Index columns) {
  VectorTile<T, Lanes, Rows, Vectors> sums;
  start_tile<T, Lanes, Rows, Vectors>(ends, c, columns, sums);
  // Every fourth row has a pointer: the others are reached by the stride as an index.
  const T* quads[static_cast<std::size_t>((Rows + 3) / 4)];
#pragma GCC unroll 4
  for (Index q = 0; q < (Rows + 3) / 4; ++q) quads[q] = a.data + 4 * q * a.stride;
  const Index stride = a.stride;
  for (Index k = 0; k < depth; ++k) {
    add_products<T, Lanes, Rows, Vectors>([&](Index r) { return quads[r / 4][r % 4 * stride]; },
                                          b + k * Vectors * Lanes, sums);
#pragma GCC unroll 4
    for (Index q = 0; q < (Rows + 3) / 4; ++q) ++quads[q];
  }
  rectify_tile<T, Lanes, Rows, Vectors>(ends.slope, sums);
  store_tile<T, Lanes, Rows, Vectors>(sums, c, columns);
}

/// One tile of C = A^T B: B is a panel, whose rows lie one after the other.
template <class T, Index Lanes, Index Rows, Index Vectors>
[[gnu::noinline]] void multiply_transposed_tile(Index depth, MatrixRows<const T> a, const T* b,
                                                const ProductEnds<T>& start, MatrixRows<T> c, Index columns) {
  VectorTile<T, Lanes, Rows, Vectors> sums;
  start_tile<T, Lanes, Rows, Vectors>(start, c, columns, sums);
  for (Index k = 0; k < depth; ++k) {
    const T* const values = a.data + k * a.stride;
    add_products<T, Lanes, Rows, Vectors>([&](Index r) { return values[r]; }, b + k * Vectors * Lanes, sums);
  }
  store_tile<T, Lanes, Rows, Vectors>(sums, c, columns);
}

/// Rows of a tile: as many sums as the registers hold, which hides the latency of the multiply-add.
template <Index Vectors>
inline constexpr Index kTileRows = Vectors == 1 || kRegisters >= 32 ? 12 : 6;

/// About the number of tiles in which a product goes, of `rows` rows.
template <class T>
[[nodiscard]] constexpr Index tiles_of(Index rows, Index columns) {
  return std::max<Index>(1, rows / kTileRows<2>) * ((columns + Panels<T>::widest - 1) / Panels<T>::widest);
}

/// Calls tile.template operator()<Rows>(first row) so that tiles of Rows, 4, 2 and 1 rows cover `count` rows.
template <Index Rows, class Tile>
[[gnu::always_inline]] inline void for_tiles(Index count, const Tile& tile) {
  Index row = 0;
  for (; row + Rows <= count; row += Rows) tile.template operator()<Rows>(row);
  for (; row + 4 <= count; row += 4) tile.template operator()<4>(row);
  for (; row + 2 <= count; row += 2) tile.template operator()<2>(row);
  if (row < count) tile.template operator()<1>(row);
}

}  // namespace detail

/// Some rows of a right factor in panels. The panels lie one after the other, each row by row, and are zero in columns
/// past the last.
template <class T>
struct PanelMatrix {
  const T* data = nullptr;
  Index depth = 0;  ///< rows of a panel in memory
  Index columns = 0;
  Range rows{0, depth};

  template <Index Width>
  [[nodiscard]] const T* panel(Index first) const {
    return data + first * depth + rows.begin * Width;
  }
};

/// The panels of C = A B that begin in a range of columns; C has `rows` rows.
/// @param ahead  what to ask for in the meantime, a piece a tile; null for nothing
template <class T>
void multiply(Index rows, MatrixRows<const T> a, const PanelMatrix<T>& b, Range columns, const ProductEnds<T>& ends,
              MatrixRows<T> c, ReadAhead* ahead = nullptr) {
  for_panels<T>(b.columns, columns, [&]<Index Lanes, Index Vectors>(Index first, Index used) {
    const ProductEnds<T> panel_ends = ends.from(first);
    const T* const panel = b.template panel<Lanes * Vectors>(first);
    detail::for_tiles<detail::kTileRows<Vectors>>(rows, [&]<Index Rows>(Index row) {
      if (ahead != nullptr) ahead->fetch();
      detail::multiply_tile<T, Lanes, Rows, Vectors>(b.rows.size(), a.from(row), panel, panel_ends, c.from(row, first),
                                                     used);
    });
  });
}

/// C = A^T B (+ C): A has as many rows as B and `rows` columns.
template <class T>
void multiply_transposed(Index rows, MatrixRows<const T> a, const PanelMatrix<T>& b, bool accumulate, MatrixRows<T> c,
                         ReadAhead* ahead = nullptr) {
  for_panels<T>(b.columns, {0, b.columns}, [&]<Index Lanes, Index Vectors>(Index first, Index used) {
    const ProductEnds<T> start{.accumulate = accumulate};
    const T* const panel = b.template panel<Lanes * Vectors>(first);
    detail::for_tiles<detail::kTileRows<Vectors>>(rows, [&]<Index Rows>(Index row) {
      if (ahead != nullptr) ahead->fetch();
      detail::multiply_transposed_tile<T, Lanes, Rows, Vectors>(b.rows.size(), a.from(0, row), panel, start,
                                                                c.from(row, first), used);
    });
  });
}

/// sums += the sum of the rows of b, for the panels that begin in a range of columns.
template <class T>
void add_column_sums(const PanelMatrix<T>& b, Range columns, T* sums) {
  for_panels<T>(b.columns, columns, [&]<Index Lanes, Index Vectors>(Index first, Index used) {
    VectorRow<T, Lanes, Vectors> sum;
    detail::load_some<T, Lanes, Vectors>(sums + first, used, sum);
    const T* const panel = b.template panel<Lanes * Vectors>(first);
    for (Index k = 0; k < b.rows.size(); ++k) {
#pragma GCC unroll 2
      for (Index v = 0; v < Vectors; ++v) sum[v] += load<T, Lanes>(panel + (k * Vectors + v) * Lanes);
    }
    detail::store_some<T, Lanes, Vectors>(sum, sums + first, used);
  });
}

/// Writes rows `range` of the panels of the matrix with these columns: row(k) points to the values of row k.
template <class T, class Row>
void pack_rows(Index depth, Index columns, Range range, const Row& row, T* panels) {
  for (Index k = range.begin; k < range.end; ++k) {
    const T* const from = row(k);
    for_panels<T>(columns, {0, columns}, [&]<Index Lanes, Index Vectors>(Index first, Index used) {
      T* const to = panels + first * depth + k * Vectors * Lanes;
      if (used == Vectors * Lanes) {
#pragma GCC unroll 2
        for (Index v = 0; v < Vectors; ++v) store<T, Lanes>(to + v * Lanes, load<T, Lanes>(from + first + v * Lanes));
      } else {
        std::fill_n(to, Vectors * Lanes, T{0});
        detail::copy_some<T, Vectors * Lanes / 2>(from + first, to, used);
      }
    });
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
