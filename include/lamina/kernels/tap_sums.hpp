#pragma once

#include <numeric>

#include <lamina/kernels/im2col.hpp>
#include <lamina/kernels/row_panels.hpp>

namespace lamina::kernels {

/// The taps of a window that reach one row of results, with a weight for each channel:
///
///     result(t) = sum over i < rows, j < columns of
///                 source(row + i row_step, pixel + j pixel_step + t step) weights(i weight_row + j weight_column)
template <class T>
struct Taps {
  Index rows = 0;
  Index columns = 0;
  Index row = 0;
  Index row_step = 1;
  Index pixel = 0;
  Index pixel_step = 1;
  Index step = 1;
  const T* weights = nullptr;
  Index weight_row = 0;     ///< values from a tap to the one below
  Index weight_column = 0;  ///< and to the one beside it

  /// Those of row y of a depthwise convolution's output.
  [[nodiscard]] static Taps forward(const WindowGeometry& geometry, const T* weights, Index y) {
    const Window& window = geometry.window;
    const Index channels = geometry.output.channels;
    return {.rows = window.kernel,
            .columns = window.kernel,
            .row = y * window.stride - window.padding,
            .row_step = window.dilation,
            .pixel = -window.padding,
            .pixel_step = window.dilation,
            .step = window.stride,
            .weights = weights,
            .weight_row = window.kernel * channels,
            .weight_column = channels};
  }

  /// Those of the pixels x, x + stride, ... of row y of its input's gradient, of which the output's gradient is the
  /// source.
  [[nodiscard]] static Taps backward(const WindowGeometry& geometry, const T* weights, Index y, Index x) {
    const Window& window = geometry.window;
    const Index channels = geometry.output.channels;
    const Along down = Along::of(window, y);
    const Along across = Along::of(window, x);
    return {.rows = down.taps,
            .columns = across.taps,
            .row = down.source,
            .row_step = down.source_step,
            .pixel = across.source,
            .pixel_step = across.source_step,
            .step = 1,
            .weights = weights + (down.first * window.kernel + across.first) * channels,
            .weight_row = down.tap_step * window.kernel * channels,
            .weight_column = across.tap_step * channels};
  }

 private:
  /// The taps along one side that an input pixel reaches an output pixel through: those whose distance from it is a
  /// multiple of the stride.
  struct Along {
    Index first = 0;
    Index taps = 0;
    Index tap_step = 1;
    Index source = 0;
    Index source_step = 0;

    [[nodiscard]] static Along of(const Window& window, Index position) {
      const auto reaches = [&](Index tap) {
        return (position + window.padding - tap * window.dilation) % window.stride == 0;
      };
      Along along{.tap_step = window.stride / std::gcd(window.stride, window.dilation)};
      while (along.first < window.kernel && !reaches(along.first)) ++along.first;
      if (along.first >= window.kernel) return {};
      along.taps = (window.kernel - along.first + along.tap_step - 1) / along.tap_step;
      along.source = (position + window.padding - along.first * window.dilation) / window.stride;
      along.source_step = -along.tap_step * window.dilation / window.stride;
      return along;
    }
  };
};

/// Where a row of results goes: one every `step` values.
template <class T>
struct PlainResults {
  T* to = nullptr;
  Index step = 0;
  const T* bias = nullptr;  ///< null for none

  template <Index Lanes>
  [[nodiscard, gnu::always_inline]] auto writer(Index c) const {
    return [to = to + c, step = step](Index t, Vector<T, Lanes> value) { store<T, Lanes>(to + t * step, value); };
  }
};

/// The same for results that an expression, whose raw tensor they are, is applied to.
template <class T>
struct ExpressedResults {
  T* to = nullptr;
  Index step = 0;
  const T* bias = nullptr;
  const Expression<T>& expression;
  Index pixel = 0;  ///< of the first result, counted over the batch

  template <Index Lanes>
  [[nodiscard, gnu::always_inline]] auto writer(Index c) const {
    const ExpressionReader<T, Lanes> read(expression, c);
    const Index addend_step = expression.addend.stride;
    return
        [to = to + c, step = step, read, addend = pixel * addend_step + c, addend_step](
            Index t, Vector<T, Lanes> value) { store<T, Lanes>(to + t * step, read(value, addend + t * addend_step)); };
  }
};

namespace detail {

/// Results t ... t + Results - 1 of the taps. Rows, Columns and Step are those of the taps, or 0 where the compiler
/// need not know them.
template <class T, Index Lanes, Index Results, Index Rows, Index Columns, Index Step, class Writer>
[[gnu::always_inline]] inline void sum_taps_at(const RowPanels<T>& source, const Taps<T>& taps, Index t,
                                               Vector<T, Lanes> first, Index c, const Writer& write) {
  const Index step = (Step == 0 ? taps.step : Step) * Lanes;
  const Index pixel_step = taps.pixel_step * Lanes;
  const Index rows = Rows == 0 ? taps.rows : Rows;
  const Index columns = Columns == 0 ? taps.columns : Columns;
  Vector<T, Lanes> sums[Results];
  for (Index k = 0; k < Results; ++k) sums[k] = first;
#pragma GCC unroll 3
  for (Index i = 0; i < rows; ++i) {
    const T* from = source.template at<Lanes>(taps.row + i * taps.row_step, taps.pixel, c) + t * step;
    const T* weights = taps.weights + i * taps.weight_row + c;
#pragma GCC unroll 3
    for (Index j = 0; j < columns; ++j, from += pixel_step, weights += taps.weight_column) {
      const Vector<T, Lanes> weight = load<T, Lanes>(weights);
#pragma GCC unroll 8
      for (Index k = 0; k < Results; ++k) {
        sums[k] = multiply_add<T, Lanes>(load<T, Lanes>(from + k * step), weight, sums[k]);
      }
    }
  }
#pragma GCC unroll 8
  for (Index k = 0; k < Results; ++k) write(t + k, sums[k]);
}

template <class T, Index Lanes, Index Rows, Index Columns, Index Step, class Results>
void sum_taps_row(const RowPanels<T>& source, const Taps<T>& taps, Index count, Range channels,
                  const Results& results) {
  constexpr Index block = 8;
  for (Index c = channels.begin; c < channels.end; c += Lanes) {
    const auto first = results.bias == nullptr ? Vector<T, Lanes>{} : load<T, Lanes>(results.bias + c);
    const auto write = results.template writer<Lanes>(c);
    Index t = 0;
    for (; t + block <= count; t += block) {
      sum_taps_at<T, Lanes, block, Rows, Columns, Step>(source, taps, t, first, c, write);
    }
    if (t + block / 2 <= count) {
      sum_taps_at<T, Lanes, block / 2, Rows, Columns, Step>(source, taps, t, first, c, write);
      t += block / 2;
    }
    for (; t < count; ++t) sum_taps_at<T, Lanes, 1, Rows, Columns, Step>(source, taps, t, first, c, write);
  }
}

}  // namespace detail

/// Writes `count` results for every channel. Windows of 3 x 3 have loops that the compiler knows.
template <class T, class Results>
void sum_taps(const RowPanels<T>& source, const Taps<T>& taps, Index count, Index channels, const Results& results) {
  for_channel_panels<T>(channels, [&]<Index Lanes>(Range range) {
    if constexpr (Lanes > 1) {
      if (taps.rows == 3 && taps.columns == 3 && taps.step == 1) {
        return detail::sum_taps_row<T, Lanes, 3, 3, 1>(source, taps, count, range, results);
      }
      if (taps.rows == 3 && taps.columns == 3 && taps.step == 2) {
        return detail::sum_taps_row<T, Lanes, 3, 3, 2>(source, taps, count, range, results);
      }
    }
    detail::sum_taps_row<T, Lanes, 0, 0, 0>(source, taps, count, range, results);
  });
}

}  // namespace lamina::kernels
