#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/patches.hpp>

/// @file
/// The product of patches and weights without a copy of the patches: a kernel row of a patch is one run of memory, and
/// the run of the next position lies one step further. What a copy costs counts where there are few columns.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

namespace detail {

/// Two positions beside each other in a row of an image, or one.
template <class T>
struct PositionPair {
  const T* from = nullptr;  ///< the first one's patch
  T* to = nullptr;          ///< its row of the result
  bool both = true;
};

/// The runs of memory of a patch, which are its kernel rows.
struct PatchRuns {
  Index count = 0;
  Index length = 0;
  Index stride = 0;  ///< from one to the next
  Index step = 0;    ///< from a position to the one beside it
};

/// One tile of C = A B.
template <class T, Index Lanes, Index Rows, Index Vectors>
[[gnu::noinline]] void multiply_window_tile(const PatchRuns& runs, const PositionPair<T>* pairs, const T* b,
                                            const ProductEnds<T>& ends, Index first, Index columns, Index c_stride) {
  VectorTile<T, Lanes, Rows, Vectors> sums;
  start_tile<T, Lanes, Rows, Vectors>(ends, {}, columns, sums);
  const T* from[static_cast<std::size_t>(Rows / 2)];
#pragma GCC unroll 8
  for (Index p = 0; p < Rows / 2; ++p) from[p] = pairs[p].from;
  Index even = 0;
  for (Index run = 0; run < runs.count; ++run, even += runs.stride - runs.length) {
    for (Index k = 0; k < runs.length; ++k, ++even, b += Vectors * Lanes) {
      const Index odd = even + runs.step;
      add_products<T, Lanes, Rows, Vectors>([&](Index r) { return from[r / 2][r % 2 == 0 ? even : odd]; }, b, sums);
    }
  }
  rectify_tile<T, Lanes, Rows, Vectors>(ends.slope, sums);
  // Pairs that lie one after the other are a tile of rows.
  if (pairs[Rows / 2 - 1].to == pairs[0].to + (Rows - 2) * c_stride && pairs[Rows / 2 - 1].both) {
    return store_tile<T, Lanes, Rows, Vectors>(sums, {pairs[0].to + first, c_stride}, columns);
  }
  constexpr Index width = Vectors * Lanes;
  std::array<T, static_cast<std::size_t>(Rows * width)> values;
  store_tile<T, Lanes, Rows, Vectors>(sums, {values.data(), width}, width);
  for (Index p = 0; p < Rows / 2; ++p) {
    copy_rows<T, Lanes>(pairs[p].both ? 2 : 1, columns, {values.data() + 2 * p * width, width},
                        {pairs[p].to + first, c_stride});
  }
}

/// Calls tile.template operator()<Rows>(first pair) so that tiles cover `pairs` pairs.
template <Index Rows, class Tile>
[[gnu::always_inline]] inline void for_pair_tiles(Index pairs, const Tile& tile) {
  Index pair = 0;
  for (; pair + Rows / 2 <= pairs; pair += Rows / 2) tile.template operator()<Rows>(pair);
  for (; pair + 2 <= pairs; pair += 2) tile.template operator()<4>(pair);
  if (pair < pairs) tile.template operator()<2>(pair);
}

}  // namespace detail

/// The panels of C = A B that begin in a range of columns; A has the patches at a range of positions, `Most` at most.
/// The patches' images must be dense, with as many values behind them as lie from a position to the next.
/// @param ends  must not accumulate
template <Index Most, class T>
void multiply_windows(const Patches<const T>& patches, Range positions, const PanelMatrix<T>& b, Range columns,
                      const ProductEnds<T>& ends, MatrixRows<T> c, ReadAhead* ahead = nullptr) {
  const detail::PatchRuns runs{.count = patches.window.kernel,
                               .length = patches.window.kernel * patches.channels,
                               .stride = patches.row_stride,
                               .step = patches.window.stride * patches.pixel_stride};
  std::array<detail::PositionPair<T>, static_cast<std::size_t>(Most)> pairs;
  Index count = 0;
  detail::for_position_runs(patches, positions, [&](Index first, Index run) {
    const T* const from = patches.patch(first);
    for (Index i = 0; i < run; i += 2) {
      pairs[static_cast<std::size_t>(count++)] = {from + i * runs.step, c.from(first - positions.begin + i).data,
                                                  i + 1 < run};
    }
  });
  for_panels<T>(b.columns, columns, [&]<Index Lanes, Index Vectors>(Index first, Index used) {
    const T* const panel = b.template panel<Lanes * Vectors>(first);
    detail::for_pair_tiles<detail::kTileRows<Vectors>>(count, [&]<Index Rows>(Index pair) {
      if (ahead != nullptr) ahead->fetch();
      detail::multiply_window_tile<T, Lanes, Rows, Vectors>(runs, pairs.data() + pair, panel, ends.from(first), first,
                                                            used, c.stride);
    });
  });
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
