#pragma once

#include <algorithm>
#include <cassert>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/core/team.hpp>
#include <lamina/kernels/expression.hpp>
#include <lamina/kernels/gradient_epilogue.hpp>
#include <lamina/kernels/gradient_expression.hpp>
#include <lamina/kernels/moments.hpp>
#include <lamina/kernels/not_a_number.hpp>
#include <lamina/kernels/pixel_rows.hpp>
#include <lamina/kernels/window.hpp>

/// @file
/// What forward and backward of pooling read and write, and pooling over windows that lie side by side. Rows of the
/// image that one band of output rows is made of are materialized, pooled, and on the way back put through the epilogue
/// while they are in the cache: each tensor is read or written once.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// What forward of a pooling reads and writes.
template <class T>
struct PoolingForward {
  const Team& team;
  T* scratch = nullptr;
  Expression<T> input{};
  TensorView<T> kept_input{};  ///< where the input's value goes; empty where nobody else needs it
  TensorView<T> output{};
  T* mean = nullptr;      ///< where the output's batch mean goes; null for none
  T* variance = nullptr;  ///< and the biased variance
};

/// What backward of a pooling reads and writes.
template <class T>
struct PoolingBackward {
  const Team& team;
  T* scratch = nullptr;
  Expression<T> input{};  ///< of forward, a tensor in memory where its value was kept; only maximum pooling reads it
  GradientExpression<T> output_gradient{};
  GradientEpilogue<T> input_gradient{};
};

namespace detail {

/// The pixels of an expression: where they are, where they are kept, or else written to a buffer.
template <class T>
[[nodiscard]] PixelRows<const T> pixels_of(const Expression<T>& expression, Index first, Index count,
                                           const TensorView<T>& kept, T* buffer) {
  if (expression.identity() && kept.empty()) {
    return {expression.raw.data + first * expression.raw.stride, expression.raw.stride};
  }
  const Index stride = kept.empty() ? whole_lines<T>(expression.raw.shape.channels) : kept.stride;
  T* const to = kept.empty() ? buffer : kept.data + first * stride;
  materialize(expression, first, count, to, stride);
  return {to, stride};
}

template <class T>
[[nodiscard]] PixelRows<const T> pixels_of(const GradientExpression<T>& expression, Index first, Index count,
                                           T* buffer) {
  if (expression.identity()) {
    return {expression.gradient.data + first * expression.gradient.stride, expression.gradient.stride};
  }
  const Index stride = whole_lines<T>(expression.gradient.shape.channels);
  materialize(expression, first, count, buffer, stride);
  return {buffer, stride};
}

/// Where the gradients of pixels are written: to the target itself where the epilogue does nothing.
template <class T>
[[nodiscard]] PixelRows<T> gradients_of(const GradientEpilogue<T>& epilogue, Index first, T* buffer) {
  if (!epilogue.identity()) return {buffer, whole_lines<T>(epilogue.target.shape.channels)};
  return {epilogue.target.data + first * epilogue.target.stride, epilogue.target.stride};
}

/// Values of memory for the sums of an epilogue over one part of the batch.
template <class T>
[[nodiscard]] constexpr Index epilogue_sums_size(Index channels) {
  return whole_lines<T>(3 * channels);
}

/// One row of output pixels, and the rows of input pixels that its windows cover; the channels from `channel` on.
struct PooledRow {
  Index window;
  Index width;        ///< of the output
  Index input_width;  ///< of the input
  Index channel;
};

/// Calls body(offset of the pixel) for the pixels of a window, row by row, given that of the first one.
template <Index Window, class Body>
[[gnu::always_inline]] inline void for_each_in_window(const PooledRow& row, Index stride, const Body& body) {
  const Index window = Window == 0 ? row.window : Window;
#pragma GCC unroll 2
  for (Index i = 0; i < window; ++i) {
#pragma GCC unroll 2
    for (Index j = 0; j < window; ++j) body((i * row.input_width + j) * stride);
  }
}

}  // namespace detail

/// The mean of a window.
template <class T>
struct AverageMethod {
  static constexpr bool reads_input = false;  ///< in backward

  template <Index Lanes, Index Window>
  static void forward(const detail::PooledRow& row, PixelRows<const T> input, PixelRows<T> output) {
    const T weight = T{1} / static_cast<T>(row.window * row.window);
    for (Index x = 0; x < row.width; ++x) {
      const T* const first = input.data + x * row.window * input.stride + row.channel;
      Vector<T, Lanes> sum{};
      detail::for_each_in_window<Window>(row, input.stride, [&](Index at) { sum += load<T, Lanes>(first + at); });
      store<T, Lanes>(output.data + x * output.stride + row.channel, sum * weight);
    }
  }

  template <Index Lanes, Index Window>
  static void backward(const detail::PooledRow& row, PixelRows<const T>, PixelRows<const T> output_gradient,
                       PixelRows<T> input_gradient) {
    const T weight = T{1} / static_cast<T>(row.window * row.window);
    for (Index x = 0; x < row.width; ++x) {
      const Vector<T, Lanes> share =
          load<T, Lanes>(output_gradient.data + x * output_gradient.stride + row.channel) * weight;
      T* const first = input_gradient.data + x * row.window * input_gradient.stride + row.channel;
      detail::for_each_in_window<Window>(row, input_gradient.stride,
                                         [&](Index at) { store<T, Lanes>(first + at, share); });
    }
  }
};

/// The maximum of a window. The gradient goes to the first pixel that holds it; a NaN is the maximum, the first of
/// several (as in PyTorch).
template <class T>
struct MaxMethod {
  static constexpr bool reads_input = true;

  template <Index Lanes, Index Window>
  static void forward(const detail::PooledRow& row, PixelRows<const T> input, PixelRows<T> output) {
    for (Index x = 0; x < row.width; ++x) {
      const T* const first = input.data + x * row.window * input.stride + row.channel;
      Vector<T, Lanes> most = load<T, Lanes>(first);
      detail::for_each_in_window<Window>(row, input.stride, [&](Index at) {
        const Vector<T, Lanes> value = load<T, Lanes>(first + at);
        const auto more = not_a_number<T, Lanes>(value) | ((value > most) & ~not_a_number<T, Lanes>(most));
        most = more ? value : most;
      });
      store<T, Lanes>(output.data + x * output.stride + row.channel, most);
    }
  }

  template <Index Lanes, Index Window>
  static void backward(const detail::PooledRow& row, PixelRows<const T> input, PixelRows<const T> output_gradient,
                       PixelRows<T> input_gradient) {
    for (Index x = 0; x < row.width; ++x) {
      const T* const first = input.data + x * row.window * input.stride + row.channel;
      const Vector<T, Lanes> number = first_maximum<Lanes, Window>(row, first, input.stride);
      const auto gradient = load<T, Lanes>(output_gradient.data + x * output_gradient.stride + row.channel);
      T* const to = input_gradient.data + x * row.window * input_gradient.stride + row.channel;
      T pixel = 0;
      detail::for_each_in_window<Window>(row, input_gradient.stride, [&](Index at) {
        store<T, Lanes>(to + at, number == pixel ? gradient : Vector<T, Lanes>{});
        pixel += T{1};
      });
    }
  }

 private:
  /// Which pixel of a window, in each lane, is the first to hold the maximum.
  template <Index Lanes, Index Window>
  [[nodiscard, gnu::always_inline]] static Vector<T, Lanes> first_maximum(const detail::PooledRow& row, const T* first,
                                                                          Index stride) {
    Vector<T, Lanes> most = load<T, Lanes>(first);
    Vector<T, Lanes> number{};
    T pixel = 0;
    detail::for_each_in_window<Window>(row, stride, [&](Index at) {
      const Vector<T, Lanes> value = load<T, Lanes>(first + at);
      const auto more = (not_a_number<T, Lanes>(value) | (value > most)) & ~not_a_number<T, Lanes>(most);
      number = more ? broadcast<T, Lanes>(pixel) : number;
      most = more ? value : most;
      pixel += T{1};
    });
    return number;
  }
};

/// Pooling over windows that lie side by side and cover the image. Scratch is counted in values of T.
template <class T, class Method>
class WindowPooling {
 public:
  static constexpr Index forward_scratch(const WindowGeometry& geometry, Index batch, Index threads) {
    return Partition{batch}.parts() * moments_size<T>(geometry.output.channels) + threads * input_buffer(geometry);
  }
  static constexpr Index backward_scratch(const WindowGeometry& geometry, Index batch, Index threads) {
    return Partition{batch}.parts() * detail::epilogue_sums_size<T>(geometry.input.channels) +
           threads * backward_thread(geometry);
  }

  static void forward(const WindowGeometry& geometry, const PoolingForward<T>& pass) {
    check(geometry);
    const Index channels = geometry.output.channels;
    const Partition partition{pass.output.batch};
    T* const threads = pass.scratch + partition.parts() * moments_size<T>(channels);
    pass.team.for_each(partition.parts(), [&](Index part, Index thread) {
      T* const buffer = threads + thread * input_buffer(geometry);
      MomentAccumulator<T> moments(pass.mean == nullptr ? 0 : channels,
                                   pass.scratch + part * moments_size<T>(channels));
      for_each_band(geometry, partition[part], [&](const Band& band) {
        const auto input = detail::pixels_of(pass.input, band.input, band.input_pixels, pass.kept_input, buffer);
        const PixelRows<T> output{pass.output.data + band.output * pass.output.stride, pass.output.stride};
        for_each_row(geometry, band, [&]<Index Lanes, Index Size>(const detail::PooledRow& row, Index y) {
          Method::template forward<Lanes, Size>(row, input_row(geometry, input, y), output_row(geometry, output, y));
        });
        moments.add(band.rows * geometry.output.width, output.data, output.stride);
      });
    });
    if (pass.mean == nullptr) return;
    merge_moments<T>(partition, geometry.output.pixels(), channels, pass.scratch, {pass.mean, pass.variance});
  }

  static void backward(const WindowGeometry& geometry, const PoolingBackward<T>& pass) {
    check(geometry);
    if (!pass.input_gradient.wanted()) return;
    const Partition partition{pass.output_gradient.gradient.batch};
    const Index size = detail::epilogue_sums_size<T>(geometry.input.channels);
    T* const threads = pass.scratch + partition.parts() * size;
    pass.team.for_each(partition.parts(), [&](Index part, Index thread) {
      T* const sums = pass.scratch + part * size;
      std::fill_n(sums, size, T{0});
      for_each_band(geometry, partition[part], [&](const Band& band) {
        backward_band(geometry, pass, band, threads + thread * backward_thread(geometry), sums);
      });
    });
    write_norm_gradients<T>(pass.team, pass.input_gradient, {pass.scratch, partition.parts(), size});
  }

 private:
  /// Rows of the output that go together, and the input's that they are made of; pixels count over the whole batch.
  struct Band {
    Index rows;
    Index output;
    Index input;
    Index input_pixels;
  };

  static void check([[maybe_unused]] const WindowGeometry& geometry) {
    assert(geometry.tiles() && geometry.input.channels == geometry.output.channels);
  }

  /// Enough for a vector of channels to have work for a while.
  static constexpr Index band_rows(const WindowGeometry& geometry) {
    return std::clamp<Index>(64 / (geometry.window.kernel * geometry.input.width), 1, geometry.output.height);
  }
  static constexpr Index input_buffer(const WindowGeometry& geometry) {
    return band_rows(geometry) * geometry.window.kernel * geometry.input.width *
           whole_lines<T>(geometry.input.channels);
  }
  static constexpr Index output_buffer(const WindowGeometry& geometry) {
    return band_rows(geometry) * geometry.output.width * whole_lines<T>(geometry.output.channels);
  }
  static constexpr Index backward_thread(const WindowGeometry& geometry) {
    return (Method::reads_input ? 2 : 1) * input_buffer(geometry) + output_buffer(geometry);
  }

  template <class Body>
  static void for_each_band(const WindowGeometry& geometry, Range samples, const Body& body) {
    const auto& [window, input, output] = geometry;
    for (Index n = samples.begin; n < samples.end; ++n) {
      for (Index y = 0; y < output.height; y += band_rows(geometry)) {
        const Index rows = std::min(band_rows(geometry), output.height - y);
        body(Band{.rows = rows,
                  .output = (n * output.height + y) * output.width,
                  .input = (n * input.height + y * window.kernel) * input.width,
                  .input_pixels = rows * window.kernel * input.width});
      }
    }
  }

  /// Calls body.template operator()<Lanes, Size>(row, its number) for each row of a band and each vector of channels;
  /// Size is that of the window where the compiler knows it, else 0: it does for the widest vectors and windows of 2.
  template <class Body>
  static void for_each_row(const WindowGeometry& geometry, const Band& band, const Body& body) {
    for_channel_vectors<T>(geometry.input.channels, [&]<Index Lanes>(Index c) {
      const detail::PooledRow row{geometry.window.kernel, geometry.output.width, geometry.input.width, c};
      for (Index y = 0; y < band.rows; ++y) {
        if constexpr (Lanes == kWidestLanes<T>) {
          if (row.window == 2) {
            body.template operator()<Lanes, 2>(row, y);
            continue;
          }
        }
        body.template operator()<Lanes, 0>(row, y);
      }
    });
  }

  template <class Value>
  static PixelRows<Value> input_row(const WindowGeometry& geometry, PixelRows<Value> rows, Index y) {
    return {rows.data + y * geometry.window.kernel * geometry.input.width * rows.stride, rows.stride};
  }
  template <class Value>
  static PixelRows<Value> output_row(const WindowGeometry& geometry, PixelRows<Value> rows, Index y) {
    return {rows.data + y * geometry.output.width * rows.stride, rows.stride};
  }

  static void backward_band(const WindowGeometry& geometry, const PoolingBackward<T>& pass, const Band& band,
                            T* scratch, T* sums) {
    T* const gradient_buffer = scratch + input_buffer(geometry);
    T* const value_buffer = gradient_buffer + output_buffer(geometry);
    const auto output_gradient =
        detail::pixels_of(pass.output_gradient, band.output, band.rows * geometry.output.width, gradient_buffer);
    PixelRows<const T> input;
    if constexpr (Method::reads_input) {
      input = detail::pixels_of(pass.input, band.input, band.input_pixels, {}, value_buffer);
    }
    const PixelRows<T> gradient = detail::gradients_of(pass.input_gradient, band.input, scratch);
    for_each_row(geometry, band, [&]<Index Lanes, Index Size>(const detail::PooledRow& row, Index y) {
      Method::template backward<Lanes, Size>(row, input_row(geometry, input, y),
                                             output_row(geometry, output_gradient, y),
                                             input_row(geometry, gradient, y));
    });
    if (pass.input_gradient.identity()) return;
    apply_epilogue(pass.input_gradient, {band.input, band.input + band.input_pixels}, gradient, sums);
  }
};

template <class T>
using AveragePooling = WindowPooling<T, AverageMethod<T>>;
template <class T>
using MaxPooling = WindowPooling<T, MaxMethod<T>>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
