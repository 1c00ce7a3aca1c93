#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include <lamina/kernels/simd.hpp>

/// @file
/// Small dense products with register tiles, for the few sizes that convolutions and linear layers have. All matrices
/// are row-major with strides known at compile time, so that the rows of a tile are constant offsets from one pointer.
/// B comes in panels (pack_panels) as wide as the tile, padded with zeros: any number of columns is correct, multiples
/// of 8 are fast. A tile keeps 12 or 16 independent sums, which hides the latency of the multiply-add.

namespace lamina::kernels {

/// How rows of `Columns` values are cut into vectors, and tiles of `rows` x `vectors` vectors.
template <class T, Index Columns>
struct Tiling {
  static constexpr Index lanes = lanes_for<T>(Columns);
  static constexpr Index padded = round_up(Columns, lanes);
  static constexpr Index vectors = padded / lanes >= 2 ? 2 : 1;
  static constexpr Index panel = vectors * lanes;
  static constexpr Index rows = vectors == 1 ? 12 : kRegisters >= 32 ? 8 : 6;
};

/// Number of values of a packed Depth x Columns matrix.
template <class T, Index Depth, Index Columns>
inline constexpr Index packed_size = Depth* Tiling<T, Columns>::padded;

/// Where the element in row k and column n of a packed Depth x Columns matrix lies: panels one after the other, each as
/// wide as a tile (the last may be narrower) and row-major.
template <class T, Index Depth, Index Columns>
[[nodiscard]] constexpr Index packed_offset(Index k, Index n) {
  using Tile = Tiling<T, Columns>;
  const Index first = n / Tile::panel * Tile::panel;
  return first * Depth + k * std::min(Tile::panel, Tile::padded - first) + n - first;
}

/// Cuts the matrix b(k, n) = b[k * row_stride + n * column_stride] into panels. Columns past the last are zero.
template <class T, Index Depth, Index Columns>
void pack_panels(const T* b, Index row_stride, Index column_stride, T* packed) {
  for (Index k = 0; k < Depth; ++k) {
    for (Index n = 0; n < Tiling<T, Columns>::padded; ++n) {
      packed[packed_offset<T, Depth, Columns>(k, n)] = n < Columns ? b[k * row_stride + n * column_stride] : T{0};
    }
  }
}

/// Copies rows of Columns values to rows of Tiling::padded values, the rest zero.
template <class T, Index Columns>
void pad_rows(Index rows, const T* values, T* padded) {
  constexpr Index stride = Tiling<T, Columns>::padded;
  for (Index row = 0; row < rows; ++row) {
    std::copy_n(values + row * Columns, Columns, padded + row * stride);
    std::fill(padded + row * stride + Columns, padded + (row + 1) * stride, T{0});
  }
}

namespace detail {

/// Stores the first `columns` values of a tile's row.
template <class T, Index Lanes, Index Vectors>
[[gnu::always_inline]] inline void store_row(const Vector<T, Lanes>* row, T* c, Index columns) {
  if (columns == Vectors * Lanes) {
#pragma GCC unroll 4
    for (Index v = 0; v < Vectors; ++v) store<T, Lanes>(c + v * Lanes, row[v]);
  } else {
    std::array<T, static_cast<std::size_t>(Vectors * Lanes)> values;
#pragma GCC unroll 4
    for (Index v = 0; v < Vectors; ++v) store<T, Lanes>(values.data() + v * Lanes, row[v]);
    std::copy_n(values.data(), columns, c);
  }
}

/// sums += a(.) x row of b, one step of either product: a holds one value for each tile row, AStep apart.
template <class T, Index Lanes, Index Rows, Index Vectors, Index AStep>
[[gnu::always_inline]] inline void add_step(const T* a, const T* b, Vector<T, Lanes> (&sums)[Rows][Vectors]) {
  Vector<T, Lanes> row[Vectors];
#pragma GCC unroll 4
  for (Index v = 0; v < Vectors; ++v) row[v] = load<T, Lanes>(b + v * Lanes);
#pragma GCC unroll 16
  for (Index r = 0; r < Rows; ++r) {
    const auto value = broadcast<T, Lanes>(a[r * AStep]);
#pragma GCC unroll 4
    for (Index v = 0; v < Vectors; ++v) sums[r][v] = multiply_add<T, Lanes>(value, row[v], sums[r][v]);
  }
}

/// One tile of C = A B + start, `start` being a row of bias or null.
template <class T, Index Lanes, Index Rows, Index Vectors, Index AStride, Index CStride>
void product_tile(Index depth, const T* a, const T* b, const T* start, T* c, Index columns) {
  Vector<T, Lanes> sums[Rows][Vectors];
#pragma GCC unroll 4
  for (Index v = 0; v < Vectors; ++v) {
    const auto first = start == nullptr ? Vector<T, Lanes>{} : load<T, Lanes>(start + v * Lanes);
#pragma GCC unroll 16
    for (Index r = 0; r < Rows; ++r) sums[r][v] = first;
  }
  for (Index k = 0; k < depth; ++k) add_step<T, Lanes, Rows, Vectors, AStride>(a + k, b + k * Vectors * Lanes, sums);
#pragma GCC unroll 16
  for (Index r = 0; r < Rows; ++r) store_row<T, Lanes, Vectors>(sums[r], c + r * CStride, columns);
}

/// One tile of C += A^T B.
template <class T, Index Lanes, Index Rows, Index Vectors, Index AStride, Index Stride>
void outer_tile(Index depth, const T* a, const T* b, T* c) {
  Vector<T, Lanes> sums[Rows][Vectors];
#pragma GCC unroll 16
  for (Index r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (Index v = 0; v < Vectors; ++v) sums[r][v] = load<T, Lanes>(c + r * Stride + v * Lanes);
  }
  for (Index k = 0; k < depth; ++k) add_step<T, Lanes, Rows, Vectors, 1>(a + k * AStride, b + k * Stride, sums);
#pragma GCC unroll 16
  for (Index r = 0; r < Rows; ++r) store_row<T, Lanes, Vectors>(sums[r], c + r * Stride, Vectors * Lanes);
}

template <Index N>
using Constant = std::integral_constant<Index, N>;

/// Calls tile(Constant<rows>, first row) so that `count` rows are covered by tiles of Rows, 4 and 1.
template <Index Rows, class Tile>
void cover_rows(Index count, const Tile& tile) {
  const Index whole = count / Rows * Rows;
  const Index fours = whole + (count - whole) / 4 * 4;
  for (Index row = 0; row < whole; row += Rows) tile(Constant<Rows>{}, row);
  for (Index row = whole; row < fours; row += 4) tile(Constant<4>{}, row);
  for (Index row = fours; row < count; ++row) tile(Constant<1>{}, row);
}

/// Calls panel(Constant<vectors>, first column) for each panel of pack_panels.
template <class Tile, class Panel>
void cover_panels(const Panel& panel) {
  constexpr Index wide = Tile::padded / Tile::panel * Tile::panel;
  for (Index first = 0; first < wide; first += Tile::panel) panel(Constant<Tile::vectors>{}, first);
  if constexpr (wide < Tile::padded) panel(Constant<1>{}, wide);
}

}  // namespace detail

/// What a product does before each of its tiles: nothing.
struct Nothing {
  constexpr void operator()() const {}
};

/// Tiles in which product computes so many rows, or add_outer_products, whose rows are those of its result.
template <class T, Index Columns>
[[nodiscard]] constexpr Index product_tiles(Index rows) {
  using Tile = Tiling<T, Columns>;
  const Index rest = rows % Tile::rows;
  return (rows / Tile::rows + rest / 4 + rest % 4) * (round_up(Tile::padded, Tile::panel) / Tile::panel);
}

/// C = A B + bias: A is rows x Depth with rows AStride apart, B packed by pack_panels, C rows x Columns with rows
/// CStride apart. `bias` holds Tiling::padded values or is null.
template <class T, Index Depth, Index Columns, Index AStride = Depth, Index CStride = Columns,
          class BeforeTile = Nothing>
void product(Index rows, const T* a, const T* packed_b, const T* bias, T* c, const BeforeTile& before_tile = {}) {
  using Tile = Tiling<T, Columns>;
  detail::cover_panels<Tile>([&]<Index Vectors>(detail::Constant<Vectors>, Index first) {
    const Index columns = std::min(Vectors * Tile::lanes, Columns - first);
    detail::cover_rows<Tile::rows>(rows, [&]<Index Rows>(detail::Constant<Rows>, Index row) {
      before_tile();
      detail::product_tile<T, Tile::lanes, Rows, Vectors, AStride, CStride>(
          Depth, a + row * AStride, packed_b + first * Depth, bias == nullptr ? nullptr : bias + first,
          c + row * CStride + first, columns);
    });
  });
}

/// C += A^T B: A is depth x Rows with rows AStride apart; B is depth x Tiling::padded and C is Rows x Tiling::padded,
/// both without gaps: rows of other widths come through pad_rows.
template <class T, Index Rows, Index Columns, Index AStride = Rows, class BeforeTile = Nothing>
void add_outer_products(Index depth, const T* a, const T* b, T* c, const BeforeTile& before_tile = {}) {
  using Tile = Tiling<T, Columns>;
  constexpr Index stride = Tile::padded;
  detail::cover_panels<Tile>([&]<Index Vectors>(detail::Constant<Vectors>, Index first) {
    detail::cover_rows<Tile::rows>(Rows, [&]<Index TileRows>(detail::Constant<TileRows>, Index row) {
      before_tile();
      detail::outer_tile<T, Tile::lanes, TileRows, Vectors, AStride, stride>(depth, a + row, b + first,
                                                                             c + row * stride + first);
    });
  });
}

}  // namespace lamina::kernels
