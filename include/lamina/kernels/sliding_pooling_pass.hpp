#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/kernels/pooling_pass.hpp>

/// @file
/// Pooling over windows of any stride and padding, which may overlap or leave pixels out. A sample is materialized,
/// pooled, and on the way back put through the epilogue as a whole, because several windows read a pixel.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

namespace detail {

/// The part of a window that lies on the image.
struct ClippedWindow {
  Range rows;
  Range columns;
  Index width;  ///< of the image

  /// That of the output pixel (y, x).
  [[nodiscard]] static ClippedWindow at(const WindowGeometry& geometry, Index y, Index x) {
    return {clip(geometry.window, y, geometry.input.height), clip(geometry.window, x, geometry.input.width),
            geometry.input.width};
  }

  /// Calls body(number of the pixel in its sample) for each pixel, row by row.
  template <class Body>
  [[gnu::always_inline]] void for_each_pixel(const Body& body) const {
    for (Index y = rows.begin; y < rows.end; ++y) {
      for (Index x = columns.begin; x < columns.end; ++x) body(y * width + x);
    }
  }

 private:
  static Range clip(const Window& window, Index position, Index size) {
    const Index first = position * window.stride - window.padding;
    return {std::max<Index>(first, 0), std::min(first + window.kernel, size)};
  }
};

}  // namespace detail

/// The mean of a window, its padding counted as zeros.
template <class T>
struct SlidingAverage {
  static constexpr bool reads_input = false;  ///< in backward

  template <Index Lanes>
  static Vector<T, Lanes> forward(const Window& window, const detail::ClippedWindow& pixels, PixelRows<const T> input) {
    Vector<T, Lanes> sum{};
    pixels.for_each_pixel([&](Index pixel) { sum += load<T, Lanes>(input.data + pixel * input.stride); });
    return sum * weight(window);
  }

  template <Index Lanes>
  static void backward(const Window& window, const detail::ClippedWindow& pixels, PixelRows<const T>,
                       Vector<T, Lanes> output_gradient, PixelRows<T> input_gradient) {
    const Vector<T, Lanes> share = output_gradient * weight(window);
    pixels.for_each_pixel([&](Index pixel) {
      T* const to = input_gradient.data + pixel * input_gradient.stride;
      store<T, Lanes>(to, load<T, Lanes>(to) + share);
    });
  }

 private:
  static T weight(const Window& window) { return T{1} / static_cast<T>(window.kernel * window.kernel); }
};

/// The maximum of a window, with MaxMethod's rules for equal values and NaN.
template <class T>
struct SlidingMaximum {
  static constexpr bool reads_input = true;

  template <Index Lanes>
  static Vector<T, Lanes> forward(const Window&, const detail::ClippedWindow& pixels, PixelRows<const T> input) {
    return find<Lanes>(pixels, input).value;
  }

  template <Index Lanes>
  static void backward(const Window&, const detail::ClippedWindow& pixels, PixelRows<const T> input,
                       Vector<T, Lanes> output_gradient, PixelRows<T> input_gradient) {
    const Vector<T, Lanes> number = find<Lanes>(pixels, input).number;
    T current = 0;
    pixels.for_each_pixel([&](Index pixel) {
      T* const to = input_gradient.data + pixel * input_gradient.stride;
      const Vector<T, Lanes> before = load<T, Lanes>(to);
      store<T, Lanes>(to, number == current ? before + output_gradient : before);
      current += T{1};
    });
  }

 private:
  template <Index Lanes>
  struct Found {
    Vector<T, Lanes> value;
    Vector<T, Lanes> number;  ///< of the pixel within the window's part
  };

  template <Index Lanes>
  [[gnu::always_inline]] static Found<Lanes> find(const detail::ClippedWindow& pixels, PixelRows<const T> input) {
    const Index first = pixels.rows.begin * pixels.width + pixels.columns.begin;
    Found<Lanes> most{load<T, Lanes>(input.data + first * input.stride), {}};
    T current = 0;
    pixels.for_each_pixel([&](Index pixel) {
      const Vector<T, Lanes> value = load<T, Lanes>(input.data + pixel * input.stride);
      const auto more = (not_a_number<T, Lanes>(value) | (value > most.value)) & ~not_a_number<T, Lanes>(most.value);
      most.number = more ? broadcast<T, Lanes>(current) : most.number;
      most.value = more ? value : most.value;
      current += T{1};
    });
    return most;
  }
};

/// Pooling over windows of any stride and padding; each must have a pixel of the image. Scratch is counted in values of
/// T.
template <class T, class Method>
class SlidingPooling {
 public:
  static constexpr Index forward_scratch(const WindowGeometry& geometry, Index batch, Index threads) {
    return Partition{batch}.parts() * moments_size<T>(geometry.output.channels) + threads * buffer_size(geometry.input);
  }
  static constexpr Index backward_scratch(const WindowGeometry& geometry, Index batch, Index threads) {
    return Partition{batch}.parts() * detail::epilogue_sums_size<T>(geometry.input.channels) +
           threads * backward_thread(geometry);
  }

  static void forward(const WindowGeometry& geometry, const PoolingForward<T>& pass) {
    const auto& [window, input, output] = geometry;
    const Partition partition{pass.output.batch};
    T* const threads = pass.scratch + partition.parts() * moments_size<T>(output.channels);
    pass.team.for_each(partition.parts(), [&](Index part, Index thread) {
      MomentAccumulator<T> moments(pass.mean == nullptr ? 0 : output.channels,
                                   pass.scratch + part * moments_size<T>(output.channels));
      for (Index n = partition[part].begin; n < partition[part].end; ++n) {
        const auto from = detail::pixels_of(pass.input, n * input.pixels(), input.pixels(), pass.kept_input,
                                            threads + thread * buffer_size(input));
        T* const to = pass.output.sample(n);
        for_each_window(geometry, [&]<Index Lanes>(const detail::ClippedWindow& pixels, Index pixel, Index c) {
          store<T, Lanes>(to + pixel * pass.output.stride + c,
                          Method::template forward<Lanes>(window, pixels, {from.data + c, from.stride}));
        });
        moments.add(output.pixels(), to, pass.output.stride);
      }
    });
    if (pass.mean == nullptr) return;
    merge_moments<T>(partition, output.pixels(), output.channels, pass.scratch, {pass.mean, pass.variance});
  }

  static void backward(const WindowGeometry& geometry, const PoolingBackward<T>& pass) {
    if (!pass.input_gradient.wanted()) return;
    const Partition partition{pass.output_gradient.gradient.batch};
    const Index size = detail::epilogue_sums_size<T>(geometry.input.channels);
    T* const threads = pass.scratch + partition.parts() * size;
    pass.team.for_each(partition.parts(), [&](Index part, Index thread) {
      T* const sums = pass.scratch + part * size;
      std::fill_n(sums, size, T{0});
      for (Index n = partition[part].begin; n < partition[part].end; ++n) {
        backward_sample(geometry, pass, n, threads + thread * backward_thread(geometry), sums);
      }
    });
    write_norm_gradients<T>(pass.team, pass.input_gradient, {pass.scratch, partition.parts(), size});
  }

 private:
  static constexpr Index buffer_size(const Shape& image) { return image.pixels() * whole_lines<T>(image.channels); }
  static constexpr Index backward_thread(const WindowGeometry& geometry) {
    return (Method::reads_input ? 2 : 1) * buffer_size(geometry.input) + buffer_size(geometry.output);
  }

  /// Calls body.template operator()<Lanes>(window, number of the output pixel in its sample, first channel).
  template <class Body>
  static void for_each_window(const WindowGeometry& geometry, const Body& body) {
    const Shape& output = geometry.output;
    for_channel_vectors<T>(output.channels, [&]<Index Lanes>(Index c) {
      for (Index y = 0; y < output.height; ++y) {
        for (Index x = 0; x < output.width; ++x) {
          body.template operator()<Lanes>(detail::ClippedWindow::at(geometry, y, x), y * output.width + x, c);
        }
      }
    });
  }

  static void backward_sample(const WindowGeometry& geometry, const PoolingBackward<T>& pass, Index n, T* scratch,
                              T* sums) {
    const auto& [window, input, output] = geometry;
    T* const gradient_buffer = scratch + buffer_size(input);
    T* const value_buffer = gradient_buffer + buffer_size(output);
    const Index first = n * input.pixels();
    const auto output_gradient =
        detail::pixels_of(pass.output_gradient, n * output.pixels(), output.pixels(), gradient_buffer);
    PixelRows<const T> value;
    if constexpr (Method::reads_input) value = detail::pixels_of(pass.input, first, input.pixels(), {}, value_buffer);
    const PixelRows<T> gradient = detail::gradients_of(pass.input_gradient, first, scratch);
    for (Index pixel = 0; pixel < input.pixels(); ++pixel) {
      std::fill_n(gradient.data + pixel * gradient.stride, input.channels, T{0});
    }
    for_each_window(geometry, [&]<Index Lanes>(const detail::ClippedWindow& pixels, Index pixel, Index c) {
      Method::template backward<Lanes>(window, pixels, {value.data + c, value.stride},
                                       load<T, Lanes>(output_gradient.data + pixel * output_gradient.stride + c),
                                       {gradient.data + c, gradient.stride});
    });
    if (pass.input_gradient.identity()) return;
    apply_epilogue(pass.input_gradient, {first, first + input.pixels()}, gradient, sums);
  }
};

template <class T>
using SlidingAveragePooling = SlidingPooling<T, SlidingAverage<T>>;
template <class T>
using SlidingMaxPooling = SlidingPooling<T, SlidingMaximum<T>>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
