#pragma once

#include <type_traits>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/winograd/layout.hpp>

/// @file
/// The products of a point on transformed blocks (BlockLayout) and matrices in panels (PanelLayout). A register tile
/// keeps 8 to 16 independent sums, which hides the latency of the multiply-add.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd {

/// C = A B (+ C) for some tiles (rows of A and C).
template <class T>
struct Product {
  Index depth = 0;       ///< channels of A
  const T* a = nullptr;  ///< a point of a block
  Index a_group = 0;     ///< its group stride
  const T* b = nullptr;  ///< a point of a matrix
  Index b_rows = 0;      ///< its padded rows
  T* c = nullptr;        ///< a point of a block
  Index c_group = 0;     ///< its group stride
  Index c_columns = 0;   ///< padded columns of B
  bool add = false;      ///< to C
};

/// C = A' B (+ C), a sum over tiles.
template <class T>
struct OuterProduct {
  Index tiles = 0;
  const T* a = nullptr;  ///< a point of a block
  Index a_group = 0;
  Index a_rows = 0;      ///< channels of A, in whole row tiles
  const T* b = nullptr;  ///< a point of a block
  Index b_group = 0;
  Index b_columns = 0;  ///< channels of B, in whole vectors
  T* c = nullptr;       ///< a point of a matrix with a_rows padded rows
  bool add = false;     ///< to C
};

namespace detail {

template <Index N>
using Constant = std::integral_constant<Index, N>;

/// Where vector number `v` of a panel lies in a block.
template <class T>
[[nodiscard]] constexpr Index vector_offset(Index v, Index group_stride) {
  const Index at = v * kWidestLanes<T>;
  return at / kGroup<T> * group_stride + at % kGroup<T>;
}

/// sums += a(.) x row: a holds one value for each tile row, `step` apart.
template <class T, Index Rows, Index Vectors>
[[gnu::always_inline]] inline void add_step(const T* a, Index step, const VectorRow<T, kWidestLanes<T>, Vectors>& row,
                                            VectorTile<T, kWidestLanes<T>, Rows, Vectors>& sums) {
#pragma GCC unroll 16
  for (Index r = 0; r < Rows; ++r) {
    const auto value = broadcast<T, kWidestLanes<T>>(a[r * step]);
#pragma GCC unroll 4
    for (Index v = 0; v < Vectors; ++v) sums[r][v] = multiply_add<T, kWidestLanes<T>>(value, row[v], sums[r][v]);
  }
}

template <class T, Index Rows, Index Vectors>
void product_tile(const Product<T>& product, const T* a, const T* b, T* c) {
  constexpr Index lanes = kWidestLanes<T>;
  const Index a_group = product.a_group;
  const Index c_group = product.c_group;
  VectorTile<T, lanes, Rows, Vectors> sums = {};
  if (product.add) {
#pragma GCC unroll 4
    for (Index v = 0; v < Vectors; ++v) {
      const T* const from = c + vector_offset<T>(v, c_group);
#pragma GCC unroll 16
      for (Index r = 0; r < Rows; ++r) sums[r][v] = load<T, lanes>(from + r * kGroup<T>);
    }
  }
  for (Index left = product.depth; left > 0; left -= kGroup<T>, a += a_group) {
    const Index steps = std::min(left, kGroup<T>);
    for (Index k = 0; k < steps; ++k, b += Vectors * lanes) {
      VectorRow<T, lanes, Vectors> row;
#pragma GCC unroll 4
      for (Index v = 0; v < Vectors; ++v) row[v] = load<T, lanes>(b + v * lanes);
      add_step<T, Rows, Vectors>(a + k, kGroup<T>, row, sums);
    }
  }
#pragma GCC unroll 4
  for (Index v = 0; v < Vectors; ++v) {
    T* const to = c + vector_offset<T>(v, c_group);
#pragma GCC unroll 16
    for (Index r = 0; r < Rows; ++r) store<T, lanes>(to + r * kGroup<T>, sums[r][v]);
  }
}

template <class T, Index Rows, Index Vectors>
void outer_tile(const OuterProduct<T>& product, const T* a, const T* b, T* c) {
  constexpr Index lanes = kWidestLanes<T>;
  VectorTile<T, lanes, Rows, Vectors> sums = {};
  if (product.add) {
#pragma GCC unroll 16
    for (Index r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (Index v = 0; v < Vectors; ++v) sums[r][v] = load<T, lanes>(c + (r * Vectors + v) * lanes);
    }
  }
  const Index b_group = product.b_group;
  for (Index tile = 0; tile < product.tiles; ++tile, a += kGroup<T>, b += kGroup<T>) {
    VectorRow<T, lanes, Vectors> row;
#pragma GCC unroll 4
    for (Index v = 0; v < Vectors; ++v) row[v] = load<T, lanes>(b + vector_offset<T>(v, b_group));
    add_step<T, Rows, Vectors>(a, 1, row, sums);
  }
#pragma GCC unroll 16
  for (Index r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (Index v = 0; v < Vectors; ++v) store<T, lanes>(c + (r * Vectors + v) * lanes, sums[r][v]);
  }
}

/// Calls tile(Constant<rows>, first row) so that `count` rows are covered by tiles of Rows, 4 and 1.
template <Index Rows, class Tile>
[[gnu::always_inline]] inline void cover_rows(Index count, const Tile& tile) {
  Index row = 0;
  for (; row + Rows <= count; row += Rows) tile(Constant<Rows>{}, row);
  for (; row + 4 <= count; row += 4) tile(Constant<4>{}, row);
  for (; row < count; ++row) tile(Constant<1>{}, row);
}

/// Calls panel(Constant<vectors>, first column) for each panel of so many columns in whole vectors.
template <class T, class Panel>
[[gnu::always_inline]] inline void cover_panels(Index columns, const Panel& panel) {
  constexpr Index lanes = kWidestLanes<T>;
  Index first = 0;
  for (; first + 2 * lanes <= columns; first += 2 * lanes) panel(Constant<2>{}, first);
  if (first < columns) panel(Constant<1>{}, first);
}

}  // namespace detail

/// Rows of a product's register tile.
inline constexpr Index kProductRows = kRegisters >= 32 ? 8 : 6;

/// Register tiles in which so many rows (tiles of images) and padded columns are computed.
template <class T>
[[nodiscard]] constexpr Index product_steps(Index rows, Index columns) {
  const Index rest = rows % kProductRows;
  return (rows / kProductRows + rest / 4 + rest % 4) * ((columns + 2 * kWidestLanes<T> - 1) / (2 * kWidestLanes<T>));
}
template <class T>
[[nodiscard]] constexpr Index outer_product_steps(Index rows, Index columns) {
  return rows / PanelLayout<T>::row_tile * ((columns + 2 * kWidestLanes<T> - 1) / (2 * kWidestLanes<T>));
}

/// Computes `tiles` rows of a product, and calls before_step() before each register tile.
template <class T, class BeforeStep>
void multiply(Index tiles, const Product<T>& product, const BeforeStep& before_step) {
  detail::cover_panels<T>(product.c_columns, [&]<Index Vectors>(detail::Constant<Vectors>, Index first) {
    const T* const b = product.b + first * product.b_rows;
    T* const c = product.c + first / kGroup<T> * product.c_group + first % kGroup<T>;
    detail::cover_rows<kProductRows>(tiles, [&]<Index Rows>(detail::Constant<Rows>, Index row) {
      before_step();
      detail::product_tile<T, Rows, Vectors>(product, product.a + row * kGroup<T>, b, c + row * kGroup<T>);
    });
  });
}

/// Computes an outer product, and calls before_step() before each register tile.
template <class T, class BeforeStep>
void multiply(const OuterProduct<T>& product, const BeforeStep& before_step) {
  constexpr Index rows = PanelLayout<T>::row_tile;
  detail::cover_panels<T>(product.b_columns, [&]<Index Vectors>(detail::Constant<Vectors>, Index first) {
    const T* const b = product.b + first / kGroup<T> * product.b_group + first % kGroup<T>;
    T* const c = product.c + first * product.a_rows;
    for (Index row = 0; row < product.a_rows; row += rows) {
      before_step();
      const T* const a = product.a + row / kGroup<T> * product.a_group + row % kGroup<T>;
      detail::outer_tile<T, rows, Vectors>(product, a, b, c + row * Vectors * kWidestLanes<T>);
    }
  });
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd
