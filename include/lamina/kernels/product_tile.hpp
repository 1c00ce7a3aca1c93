#pragma once

#include <array>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/panels.hpp>
#include <lamina/kernels/simd.hpp>

/// @file
/// The register tiles of matrix products, a kernel for each width of a panel and number of rows. The same kernels do
/// for a matrix, for its transpose and for patches of images: the left factor's values are found by strides.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

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

/// Two rows of a product, or one. Two of them take fewer registers for addresses than four rows would.
template <class T>
struct RowPair {
  const T* from;  ///< the first one's values in the left factor
  T* to;          ///< its row of the result
  bool both;
};

/// Where the values of the left factor's rows lie: in runs of memory.
struct RowRuns {
  Index count = 1;
  Index length = 0;  ///< values of a run
  Index stride = 0;  ///< from one run to the next
  Index step = 1;    ///< from one value of a run to the next
  Index second = 0;  ///< from the first row of a pair to the second
};

/// The product of a panel.
template <class T>
struct PanelProduct {
  RowRuns runs{};
  const T* panel = nullptr;
  ProductEnds<T> ends{};
  Index first = 0;    ///< column of the result
  Index columns = 0;  ///< of the result
  Index stride = 0;   ///< from one row of the result to the next
};

/// Copies the first values of some rows. No part of the tiles that need it, which it would make long.
template <class T>
[[gnu::noinline, gnu::noclone]] void copy_rows(Index rows, Index columns, MatrixRows<const T> from, MatrixRows<T> to) {
  for (Index r = 0; r < rows; ++r) copy_some<T>(from.from(r).data, to.from(r).data, columns);
}

/// Copies rows of `width` values to those of the result.
template <class T>
[[gnu::noinline, gnu::noclone]] void copy_to_pairs(const PanelProduct<T>& product, Index rows, const T* values,
                                                   Index width, const RowPair<T>* pairs) {
  for (Index r = 0; r < rows; ++r) {
    const RowPair<T>& pair = pairs[r / 2];
    if (r % 2 == 1 && !pair.both) continue;
    copy_some<T>(values + r * width, pair.to + r % 2 * product.stride + product.first, product.columns);
  }
}

/// Sets the sums of a tile of C to what they begin with.
template <class T, Index Lanes, Index Rows, Index Vectors>
[[gnu::always_inline]] inline void start_tile(const PanelProduct<T>& product, const T* c,
                                              VectorTile<T, Lanes, Rows, Vectors>& sums) {
  constexpr Index width = Vectors * Lanes;
  if (product.ends.accumulate) {
    std::array<T, static_cast<std::size_t>(Rows * width)> values;
    MatrixRows<const T> from{c, product.stride};
    if (product.columns < width) {
      copy_rows<T>(Rows, product.columns, from, {values.data(), width});
      from = {values.data(), width};
    }
#pragma GCC unroll 16
    for (Index r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
      for (Index v = 0; v < Vectors; ++v) sums[r][v] = load<T, Lanes>(from.data + r * from.stride + v * Lanes);
    }
    return;
  }
  const T* const bias = product.ends.bias;
#pragma GCC unroll 2
  for (Index v = 0; v < Vectors; ++v) {
    const auto first = bias == nullptr ? Vector<T, Lanes>{} : load<T, Lanes>(bias + v * Lanes);
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
[[gnu::always_inline]] inline void store_tile(const PanelProduct<T>& product,
                                              const VectorTile<T, Lanes, Rows, Vectors>& sums,
                                              const RowPair<T>* pairs) {
  constexpr Index width = Vectors * Lanes;
  constexpr Index last = (Rows - 1) / 2;
  // Pairs that lie one after the other are a tile of rows.
  const bool joined = Rows == 1 || (pairs[last].to == pairs[0].to + 2 * last * product.stride && pairs[last].both);
  const bool direct = joined && product.columns == width;
  std::array<T, static_cast<std::size_t>(Rows * width)> values;
  const MatrixRows<T> to =
      direct ? MatrixRows<T>{pairs[0].to + product.first, product.stride} : MatrixRows<T>{values.data(), width};
#pragma GCC unroll 16
  for (Index r = 0; r < Rows; ++r) {
#pragma GCC unroll 2
    for (Index v = 0; v < Vectors; ++v) store<T, Lanes>(to.data + r * to.stride + v * Lanes, sums[r][v]);
  }
  if (!direct) copy_to_pairs<T>(product, Rows, values.data(), width, pairs);
}

/// One tile of C = A B (+ C). A tile of one row has the first row of a pair. To accumulate, the rows of the result must
/// lie one after the other.
template <class T, Index Lanes, Index Rows, Index Vectors>
[[gnu::noinline]] void multiply_tile(const PanelProduct<T>& product, const RowPair<T>* pairs) {
  VectorTile<T, Lanes, Rows, Vectors> sums;
  start_tile<T, Lanes, Rows, Vectors>(product, pairs[0].to + product.first, sums);
  const RowRuns runs = product.runs;
  const T* from[static_cast<std::size_t>((Rows + 1) / 2)];
#pragma GCC unroll 8
  for (Index p = 0; p < (Rows + 1) / 2; ++p) from[p] = pairs[p].from;
  const T* b = product.panel;
  Index even = 0;
  for (Index run = 0; run < runs.count; ++run, even += runs.stride - runs.length * runs.step) {
    for (Index k = 0; k < runs.length; ++k, even += runs.step, b += Vectors * Lanes) {
      VectorRow<T, Lanes, Vectors> row;
#pragma GCC unroll 2
      for (Index v = 0; v < Vectors; ++v) row[v] = load<T, Lanes>(b + v * Lanes);
#pragma GCC unroll 16
      for (Index r = 0; r < Rows; ++r) {
        const auto value = broadcast<T, Lanes>(from[r / 2][r % 2 == 0 ? even : even + runs.second]);
#pragma GCC unroll 2
        for (Index v = 0; v < Vectors; ++v) sums[r][v] = multiply_add<T, Lanes>(value, row[v], sums[r][v]);
      }
    }
  }
  rectify_tile<T, Lanes, Rows, Vectors>(product.ends.slope, sums);
  store_tile<T, Lanes, Rows, Vectors>(product, sums, pairs);
}

/// Rows of a tile: as many sums as the registers hold, which hides the latency of the multiply-add.
template <Index Vectors>
inline constexpr Index kTileRows = Vectors == 1 || kRegisters >= 32 ? 12 : 6;

/// About the number of tiles in which a product goes, of `rows` rows.
template <class T>
[[nodiscard]] constexpr Index tiles_of(Index rows, Index columns) {
  return std::max<Index>(1, rows / kTileRows<2>) * ((columns + Panels<T>::widest - 1) / Panels<T>::widest);
}

/// The kernels for panels of one width.
template <class T>
struct TileKernels {
  using Kernel = void (*)(const PanelProduct<T>&, const RowPair<T>*);

  std::array<Index, 4> rows{};      ///< of a tile, most first
  std::array<Kernel, 4> kernels{};  ///< for those rows

  template <Index Lanes, Index Vectors>
  [[nodiscard]] static constexpr TileKernels of() {
    constexpr Index most = kTileRows<Vectors>;
    return {{most, 4, 2, 1},
            {&multiply_tile<T, Lanes, most, Vectors>, &multiply_tile<T, Lanes, 4, Vectors>,
             &multiply_tile<T, Lanes, 2, Vectors>, &multiply_tile<T, Lanes, 1, Vectors>}};
  }

  [[nodiscard]] static const TileKernels& of_width(Index width) {
    constexpr Index lanes = Panels<T>::lanes;
    static constexpr std::array<TileKernels, 3> kernels{of<lanes, 2>(), of<lanes, 1>(), of<Panels<T>::narrowest, 1>()};
    return kernels[width == 2 * lanes ? 0 : width == lanes ? 1 : 2];
  }
};

}  // namespace detail

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
