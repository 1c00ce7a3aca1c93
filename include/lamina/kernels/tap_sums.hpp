#pragma once

#include <numeric>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/row_panels.hpp>
#include <lamina/kernels/window.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

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
            .weights = weights + (down.last * window.kernel + across.last) * channels,
            .weight_row = -down.tap_step * window.kernel * channels,
            .weight_column = -across.tap_step * channels};
  }

 private:
  /// The taps along one side that an input pixel reaches an output pixel through: those whose distance from it is a
  /// multiple of the stride. They count from the last to the first, which goes forward in the output.
  struct Along {
    Index last = 0;
    Index taps = 0;
    Index tap_step = 1;
    Index source = 0;
    Index source_step = 0;

    [[nodiscard]] static Along of(const Window& window, Index position) {
      const auto distance = [&](Index tap) { return position + window.padding - tap * window.dilation; };
      const Index step = window.stride / std::gcd(window.stride, window.dilation);
      Index last = window.kernel - 1;
      while (last >= 0 && distance(last) % window.stride != 0) --last;
      if (last < 0) return {};
      return {.last = last,
              .taps = last / step + 1,
              .tap_step = step,
              .source = distance(last) / window.stride,
              .source_step = step * window.dilation / window.stride};
    }
  };
};

/// Where a row of results goes: one every `step` values.
template <class T>
struct StoredResults {
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
struct EpilogueResults {
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

/// Results t ... t + Results - 1 of the taps.
template <class T, Index Lanes, Index Results, class Writer>
[[gnu::always_inline]] inline void sum_taps_at(const RowPanels<T>& source, const Taps<T>& taps, Index t,
                                               Vector<T, Lanes> first, Index c, const Writer& write) {
  const Index step = taps.step * Lanes;
  const Index pixel_step = taps.pixel_step * Lanes;
  VectorRow<T, Lanes, Results> sums;
  for (Index k = 0; k < Results; ++k) sums[k] = first;
  for (Index i = 0; i < taps.rows; ++i) {
    const T* from = source.template at<Lanes>(taps.row + i * taps.row_step, taps.pixel, c) + t * step;
    const T* weights = taps.weights + i * taps.weight_row + c;
    for (Index j = 0; j < taps.columns; ++j, from += pixel_step, weights += taps.weight_column) {
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

/// The same for a window that the compiler knows, with neighbouring taps: each pixel is read once for all results of a
/// kernel row that it is part of.
template <class T, Index Lanes, Index Results, Index Kernel, Index Step, class Writer>
[[gnu::always_inline]] inline void sum_near_taps_at(const RowPanels<T>& source, const Taps<T>& taps, Index t,
                                                    Vector<T, Lanes> first, Index c, const Writer& write) {
  constexpr Index pixels = (Results - 1) * Step + Kernel;
  VectorRow<T, Lanes, Results> sums;
  for (Index k = 0; k < Results; ++k) sums[k] = first;
#pragma GCC unroll 3
  for (Index i = 0; i < Kernel; ++i) {
    const T* const from = source.template at<Lanes>(taps.row + i * taps.row_step, taps.pixel + t * Step, c);
    VectorRow<T, Lanes, Kernel> weights;
    for (Index j = 0; j < Kernel; ++j) {
      weights[j] = load<T, Lanes>(taps.weights + i * taps.weight_row + j * taps.weight_column + c);
    }
#pragma GCC unroll 17
    for (Index x = 0; x < pixels; ++x) {
      const auto pixel = load<T, Lanes>(from + x * Lanes);
#pragma GCC unroll 3
      for (Index j = 0; j < Kernel; ++j) {
        const Index k = (x - j) / Step;
        const bool reached = x >= j && (x - j) % Step == 0 && k < Results;
        if (reached) sums[k] = multiply_add<T, Lanes>(pixel, weights[j], sums[k]);
      }
    }
  }
#pragma GCC unroll 8
  for (Index k = 0; k < Results; ++k) write(t + k, sums[k]);
}

/// Kernel and Step are 0 for any taps, else those of sum_near_taps_at.
template <class T, Index Lanes, Index Kernel, Index Step, class Results>
void sum_taps_row(const RowPanels<T>& source, const Taps<T>& taps, Index count, Range channels,
                  const Results& results) {
  constexpr Index block = 8;
  for (Index c = channels.begin; c < channels.end; c += Lanes) {
    const auto first = results.bias == nullptr ? Vector<T, Lanes>{} : load<T, Lanes>(results.bias + c);
    const auto write = results.template writer<Lanes>(c);
    const auto sum = [&]<Index Count>(Index t) {
      if constexpr (Kernel == 0) {
        sum_taps_at<T, Lanes, Count>(source, taps, t, first, c, write);
      } else {
        sum_near_taps_at<T, Lanes, Count, Kernel, Step>(source, taps, t, first, c, write);
      }
    };
    Index t = 0;
    for (; t + block <= count; t += block) sum.template operator()<block>(t);
    for (; t + block / 4 <= count; t += block / 4) sum.template operator()<block / 4>(t);
    for (; t < count; ++t) sum.template operator()<1>(t);
  }
}

}  // namespace detail

/// Writes `count` results for every channel. Windows of 3 x 3 have loops that the compiler knows.
template <class T, class Results>
void sum_taps(const RowPanels<T>& source, const Taps<T>& taps, Index count, Index channels, const Results& results) {
  const bool near = taps.rows == 3 && taps.columns == 3 && taps.pixel_step == 1;
  for_channel_panels<T>(channels, [&]<Index Lanes>(Range range) {
    if constexpr (Lanes > 1) {
      if (near && taps.step == 1) return detail::sum_taps_row<T, Lanes, 3, 1>(source, taps, count, range, results);
      if (near && taps.step == 2) return detail::sum_taps_row<T, Lanes, 3, 2>(source, taps, count, range, results);
    }
    detail::sum_taps_row<T, Lanes, 0, 0>(source, taps, count, range, results);
  });
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
