#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/partition.hpp>
#include <lamina/kernels/panels.hpp>
#include <lamina/kernels/product_tile.hpp>
#include <lamina/kernels/read_ahead.hpp>

/// @file
/// Matrix products whose sizes are known at run time, cut as Goto and van de Geijn (2008) do: the right factor comes in
/// panels as wide as two vector registers and in blocks of rows that fit into the first-level cache, the left one in
/// blocks of rows that fit into the second-level cache. A value of the result adds its products in the order of the
/// depth, wherever it lies in a tile: its bits do not depend on how the work is shared.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Cuts the depth of a product into blocks of about the same size, in each of which a panel fits into the first-level
/// cache.
struct DepthBlocks {
  static constexpr Index kMost = 256;

  Index depth = 0;
  Index most = kMost;

  [[nodiscard]] constexpr Index count() const { return (depth + most - 1) / most; }
  [[nodiscard]] constexpr Range operator[](Index block) const { return Share{block, count()}.of(depth); }
};

/// A product C = A B but for its left factor.
template <class T>
struct MatrixProduct {
  PanelMatrix<T> b{};
  Range columns{};  ///< those in which the panels to be multiplied begin
  ProductEnds<T> ends{};
  MatrixRows<T> c{};
  ReadAhead* ahead = nullptr;  ///< what to ask for in the meantime, a piece a tile; null for nothing
};

namespace detail {

/// Rows whose pairs are listed at a time: a multiple of a tile's, and no fewer than a block's.
inline constexpr Index kListedRows = 264;
template <class T>
using RowPairs = std::array<RowPair<T>, static_cast<std::size_t>(kListedRows)>;

/// Computes a product for listed pairs of rows. Of an odd number of rows the last pair has one.
template <class T>
[[gnu::noinline]] void multiply_pairs(const MatrixProduct<T>& product, const RowRuns& runs, Index rows,
                                      const RowPairs<T>& pairs) {
  for_panels<T>(product.b.columns, product.columns, [&](const Panel& panel) {
    const TileKernels<T>& kernels = TileKernels<T>::of_width(panel.width);
    const PanelProduct<T> work{.runs = runs,
                               .panel = product.b.at(panel),
                               .ends = product.ends.from(panel.first),
                               .first = panel.first,
                               .columns = panel.used,
                               .stride = product.c.stride};
    Index row = 0;
    for (std::size_t size = 0; row < rows;) {
      if (rows - row < kernels.rows[size]) {
        ++size;
        continue;
      }
      if (product.ahead != nullptr) product.ahead->fetch();
      kernels.kernels[size](work, pairs.data() + row / 2);
      row += kernels.rows[size];
    }
  });
}

/// Computes a product for rows of which each begins `row_step` values behind the one before.
template <class T>
void multiply_rows(Index rows, const T* a, Index row_step, const RowRuns& runs, const MatrixProduct<T>& product) {
  RowPairs<T> pairs;
  for (Index done = 0; done < rows; done += kListedRows) {
    const Index count = std::min(kListedRows, rows - done);
    MatrixProduct<T> part = product;
    part.c = product.c.from(done);
    for (Index r = 0; r < count; r += 2) {
      pairs[static_cast<std::size_t>(r / 2)] = {a + (done + r) * row_step, part.c.from(r).data, r + 1 < count};
    }
    multiply_pairs(part, runs, count, pairs);
  }
}

}  // namespace detail

/// C = A B (+ C); A has `rows` rows.
template <class T>
void multiply(Index rows, MatrixRows<const T> a, const MatrixProduct<T>& product) {
  const Index depth = product.b.rows.size();
  detail::multiply_rows(rows, a.data, a.stride, {.length = depth, .step = 1, .second = a.stride}, product);
}

/// C = A' B (+ C): A has as many rows as B, and `rows` columns.
template <class T>
void multiply_transposed(Index rows, MatrixRows<const T> a, const MatrixProduct<T>& product) {
  const Index depth = product.b.rows.size();
  detail::multiply_rows(rows, a.data, Index{1}, {.length = depth, .step = a.stride, .second = 1}, product);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
