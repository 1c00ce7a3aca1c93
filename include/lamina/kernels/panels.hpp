#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/partition.hpp>
#include <lamina/kernels/simd.hpp>

/// @file
/// The right factor of a product: a matrix whose columns lie in panels, as wide as the vectors of a register tile.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// A panel of a matrix.
struct Panel {
  Index first = 0;  ///< column
  Index used = 0;   ///< columns
  Index width = 0;  ///< of the panel in memory; zeros follow the columns
};

/// How the columns of a matrix are cut into panels: as many as possible of two vectors, then narrower ones.
template <class T>
struct Panels {
  static constexpr Index lanes = kWidestLanes<T>;
  static constexpr Index widest = 2 * lanes;
  /// Half a vector, but no less than 16 bytes: each width has product kernels of its own.
  static constexpr Index narrowest = std::max(lanes / 2, 16 / static_cast<Index>(sizeof(T)));

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

/// Calls body(panel) for each panel of a matrix with `columns` columns that begins in the range.
template <class T, class Body>
[[gnu::always_inline]] inline void for_panels(Index columns, Range range, const Body& body) {
  for (Index first = range.begin; first < range.end;) {
    const Index width = Panels<T>::width(columns - first);
    body(Panel{first, std::min(width, columns - first), width});
    first += width;
  }
}

/// Rows of a matrix in memory.
template <class T>
struct MatrixRows {
  T* data = nullptr;
  Index stride = 0;

  [[nodiscard]] MatrixRows from(Index row, Index column = 0) const { return {data + row * stride + column, stride}; }
};

/// Some rows of a right factor in panels. The panels lie one after the other, each row by row, and are zero in columns
/// past the last.
template <class T>
struct PanelMatrix {
  const T* data = nullptr;
  Index depth = 0;  ///< rows of a panel in memory
  Index columns = 0;
  Range rows{0, depth};

  [[nodiscard]] const T* at(const Panel& panel) const { return data + panel.first * depth + rows.begin * panel.width; }
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

}  // namespace detail

/// Writes rows `range` of the panels, `depth` rows long, of the matrix whose `columns` values a row lie at `rows`.
template <class T>
[[gnu::noinline]] void pack_rows(Index depth, Index columns, Range range, MatrixRows<const T> rows, T* panels) {
  for (Index k = range.begin; k < range.end; ++k) {
    for_panels<T>(columns, {0, columns}, [&](const Panel& panel) {
      const T* const from = rows.from(k, panel.first).data;
      T* const to = panels + panel.first * depth + k * panel.width;
      if (panel.used < panel.width) std::fill_n(to, panel.width, T{0});
      detail::copy_some<T>(from, to, panel.used);
    });
  }
}

/// sums += the sum of the rows of b, for the panels that begin in a range of columns.
template <class T>
[[gnu::noinline]] void add_column_sums(const PanelMatrix<T>& b, Range columns, T* sums) {
  constexpr Index lanes = Panels<T>::narrowest;
  for_panels<T>(b.columns, columns, [&](const Panel& panel) {
    for (Index n = 0; n < panel.used; n += lanes) {
      const Index count = std::min(lanes, panel.used - n);
      std::array<T, static_cast<std::size_t>(lanes)> values{};
      detail::copy_some<T, lanes>(sums + panel.first + n, values.data(), count);
      Vector<T, lanes> sum = load<T, lanes>(values.data());
      const T* from = b.at(panel) + n;
      for (Index k = 0; k < b.rows.size(); ++k, from += panel.width) sum += load<T, lanes>(from);
      store<T, lanes>(values.data(), sum);
      detail::copy_some<T, lanes>(values.data(), sums + panel.first + n, count);
    }
  });
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
