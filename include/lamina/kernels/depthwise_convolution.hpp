#pragma once

#include <algorithm>
#include <array>
#include <cassert>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/kernels/convolution_kernel.hpp>
#include <lamina/kernels/moments.hpp>
#include <lamina/kernels/tap_sums.hpp>

/// @file
/// Convolution of each channel with a filter of its own (groups == input channels == output channels), vectorised over
/// channels:
///
///     output(y, x, c) = bias(c) + sum over i, j of
///                       input(y stride - padding + i dilation, x stride - padding + j dilation, c) weights(i, j, c)
///
/// It does a few operations on each value, so that it takes the time of reading and writing them: forward reads the
/// input and writes the output once, a band of rows at a time, which stays in the cache between zero pixels while the
/// windows pass over it. Backward reads input and output gradient once for both gradients.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// The convolution kernel (convolution_kernel.hpp) of a filter for each channel. Training shares the batch between
/// threads in fixed parts, inference of a few images the rows of each image too.
template <class T>
class DepthwiseConvolution {
 public:
  /// Values that prepare() writes: weights, then the bias or zeros.
  static constexpr Index prepared_size(const ConvolutionShape& shape) { return shape.weight_size() + shape.outputs(); }

  static void prepare(const ConvolutionShape& shape, const T* weights, const T* bias, T* prepared) {
    std::copy_n(weights, shape.weight_size(), prepared);
    T* const padded = prepared + shape.weight_size();
    std::fill_n(padded, shape.outputs(), T{0});
    if (bias != nullptr) std::copy_n(bias, shape.outputs(), padded);
  }

  static constexpr Index forward_scratch(const ConvolutionShape& shape, Index batch, Index threads) {
    return Partition{batch}.parts() * moments_size<T>(shape.outputs()) + threads * input_rows(shape.geometry).size();
  }

  static constexpr Index backward_scratch(const ConvolutionShape& shape, Index batch, Index threads) {
    return Partition{batch}.parts() * sums_size(shape) + threads * backward_thread(shape.geometry);
  }

  static void forward(const ConvolutionShape& shape, const ConvolutionForward<T>& pass) {
    check(shape);
    const Partition partition{pass.output.batch};
    const Index channels = shape.outputs();
    const Index height = shape.geometry.output.height;
    T* const threads = pass.scratch + partition.parts() * moments_size<T>(channels);
    const typename Rows::Layout layout = input_rows(shape.geometry);
    const Index shares = shares_of_sample(pass);
    pass.team.for_each(partition.parts() * shares, [&](Index task, Index thread) {
      const Index part = task / shares;
      Rows rows(layout, threads + thread * layout.size());
      T* const part_moments = pass.scratch + part * moments_size<T>(channels);
      MomentAccumulator<T> moments(pass.mean == nullptr ? 0 : channels, part_moments);
      for (Index n = partition[part].begin; n < partition[part].end; ++n) {
        forward_sample(shape, pass, rows, n, Share{task % shares, shares}.of(height), [&](Index pixel, Index pixels) {
          moments.add(pixels, pass.output.data + pixel * pass.output.stride, pass.output.stride);
        });
      }
    });
    if (pass.mean == nullptr) return;
    merge_moments<T>(partition, shape.geometry.output.pixels(), channels, pass.scratch, {pass.mean, pass.variance});
  }

  static void backward(const ConvolutionShape& shape, const ConvolutionBackward<T>& pass) {
    check(shape);
    const Partition partition{pass.output_gradient.gradient.batch};
    const Index size = sums_size(shape);
    T* const threads = pass.scratch + partition.parts() * size;
    pass.team.for_each(partition.parts(), [&](Index part, Index thread) {
      T* const sums = pass.scratch + part * size;
      std::fill_n(sums, size, T{0});
      backward_part(shape, pass, partition[part], threads + thread * backward_thread(shape.geometry), sums);
    });
    const PartSums<T> sums{pass.scratch, partition.parts(), size};
    if (pass.weight_gradient != nullptr) {
      sum_parts(pass.team, sums, shape.weight_size(), pass.weight_gradient);
    }
    if (pass.weight_parts != nullptr) {
      *pass.weight_parts = measure_parts(pass.team, sums, shape.weight_size(), partition);
    }
    const PartSums<T> rest = sums.from(shape.weight_size());
    if (pass.bias_gradient != nullptr) {
      sum_parts(pass.team, rest, shape.outputs(), pass.bias_gradient);
    }
    if (!pass.input_gradient.wanted()) return;
    write_norm_gradients(pass.team, pass.input_gradient, rest.from(shape.outputs()));
  }

 private:
  using Rows = RowPanels<T>;

  static void check([[maybe_unused]] const ConvolutionShape& shape) {
    assert(shape.groups == shape.inputs() && shape.groups == shape.outputs());
  }

  /// Rows of the output that go together: a vector of channels then has work for a while.
  static constexpr Index band(const WindowGeometry& geometry) {
    return std::clamp<Index>(32 / geometry.output.width, 1, geometry.output.height);
  }

  static constexpr typename Rows::Layout input_rows(const WindowGeometry& geometry) {
    const Window& window = geometry.window;
    return {.image = geometry.input,
            .rows = window.extent() + (band(geometry) - 1) * window.stride,
            .border = window.padding};
  }

  static constexpr typename Rows::Layout gradient_rows(const WindowGeometry& geometry) {
    const auto& [window, input, output] = geometry;
    const Index before = (window.extent() - 1 - window.padding + window.stride - 1) / window.stride;
    const Index behind = (input.width - 1 + window.padding) / window.stride - (output.width - 1);
    return {.image = output,
            .rows = (window.extent() - 1) / window.stride + band(geometry),
            .border = std::max<Index>({0, before, behind})};
  }

  /// Rows of the input's gradient that go through the epilogue together.
  static constexpr Index input_band(const WindowGeometry& geometry) { return band(geometry) * geometry.window.stride; }
  static constexpr Index backward_thread(const WindowGeometry& geometry) {
    const typename Rows::Layout input = input_rows(geometry);
    return input.size() + gradient_rows(geometry).size() +
           input_band(geometry) * geometry.input.width * whole_lines<T>(geometry.input.channels);
  }

  /// Sums of one part of the batch: weight and bias gradients, then those of the epilogue.
  static constexpr Index sums_size(const ConvolutionShape& shape) {
    return round_up(shape.weight_size() + shape.outputs() + 3 * shape.inputs(),
                    static_cast<Index>(kAlignment / sizeof(T)));
  }

  /// In inference a batch that does not keep all threads busy is shared out within its images.
  static Index shares_of_sample(const ConvolutionForward<T>& pass) {
    const Index threads = pass.team.threads();
    const bool even = pass.output.batch % threads == 0 || pass.output.batch >= 8 * threads;
    return even || pass.mean != nullptr || !pass.kept_input.empty() ? 1 : threads;
  }

  /// Computes rows of one image's output, and calls done(first pixel, pixels) for each band of them.
  template <class Done>
  static void forward_sample(const ConvolutionShape& shape, const ConvolutionForward<T>& pass, Rows& rows, Index n,
                             Range range, const Done& done) {
    const auto& [window, input, output] = shape.geometry;
    rows.restart(n, pass.kept_input.empty() ? range.begin * window.stride - window.padding : 0);
    for (Index y = range.begin; y < range.end; y += band(shape.geometry)) {
      const Range ys{y, std::min(y + band(shape.geometry), range.end)};
      rows.fill(pass.input, (ys.end - 1) * window.stride - window.padding + window.extent(), pass.kept_input);
      forward_band(shape, pass, rows, n, ys);
      done((n * output.height + ys.begin) * output.width, ys.size() * output.width);
    }
    if (!pass.kept_input.empty()) rows.fill(pass.input, input.height, pass.kept_input);
  }

  static void forward_band(const ConvolutionShape& shape, const ConvolutionForward<T>& pass, const Rows& rows, Index n,
                           Range ys) {
    const Shape& output = shape.geometry.output;
    const bool prepared = pass.prepared != nullptr;
    const T* const weights = prepared ? pass.prepared : pass.weights;
    const T* const bias = prepared ? pass.prepared + shape.weight_size() : pass.bias;
    for (Index y = ys.begin; y < ys.end; ++y) {
      const auto taps = Taps<T>::forward(shape.geometry, weights, y);
      const Index pixel = (n * output.height + y) * output.width;
      const StoredResults<T> row{pass.output.data + pixel * pass.output.stride, pass.output.stride, bias};
      if (pass.epilogue.identity()) {
        sum_taps(rows, taps, output.width, output.channels, row);
      } else {
        const EpilogueResults<T> expressed{row.to, row.step, bias, pass.epilogue, pixel};
        sum_taps(rows, taps, output.width, output.channels, expressed);
      }
    }
    if (pass.epilogue.activation.rectifier()) return;
    activate(pass, (n * output.height + ys.begin) * output.width, ys.size() * output.width);
  }

  static void activate(const ConvolutionForward<T>& pass, Index first, Index pixels) {
    for (Index pixel = first; pixel < first + pixels; ++pixel) {
      T* const values = pass.output.data + pixel * pass.output.stride;
      pass.epilogue.activation.apply(pass.output.shape.channels, values, values);
    }
  }

  static void backward_part(const ConvolutionShape& shape, const ConvolutionBackward<T>& pass, Range samples,
                            T* scratch, T* sums) {
    const WindowGeometry& geometry = shape.geometry;
    const Window& window = geometry.window;
    Rows inputs(input_rows(geometry), scratch);
    Rows gradients(gradient_rows(geometry), scratch + input_rows(geometry).size());
    T* const buffer = scratch + input_rows(geometry).size() + gradient_rows(geometry).size();
    T* const epilogue_sums = sums + shape.weight_size() + shape.outputs();
    for (Index n = samples.begin; n < samples.end; ++n) {
      inputs.restart(n, 0);
      gradients.restart(n, 0);
      Index finished = 0;
      for (Index y = 0; y < geometry.output.height; y += band(geometry)) {
        const Range ys{y, std::min(y + band(geometry), geometry.output.height)};
        gradients.fill(pass.output_gradient, ys.end);
        if (pass.weight_gradient != nullptr) {
          inputs.fill(pass.input, (ys.end - 1) * window.stride - window.padding + window.extent());
          add_weight_gradients(shape, inputs, gradients, ys, sums);
        }
        if (pass.bias_gradient != nullptr) {
          add_bias_gradients(geometry.output, gradients, ys, sums + shape.weight_size());
        }
        if (!pass.input_gradient.wanted()) continue;
        const bool last = ys.end == geometry.output.height;
        const Index end =
            last ? geometry.input.height : std::min(ys.end * window.stride - window.padding, geometry.input.height);
        for (; finished < end; finished = std::min(finished + input_band(geometry), end)) {
          const Range us{finished, std::min(finished + input_band(geometry), end)};
          input_gradient_band(shape, pass, gradients, n, us, buffer, epilogue_sums);
        }
      }
    }
  }

  static void input_gradient_band(const ConvolutionShape& shape, const ConvolutionBackward<T>& pass,
                                  const Rows& gradients, Index n, Range ys, T* buffer, T* sums) {
    const auto& [window, input, output] = shape.geometry;
    const Index pixel = (n * input.height + ys.begin) * input.width;
    const GradientEpilogue<T>& epilogue = pass.input_gradient;
    const bool identity = epilogue.identity();
    const Index stride = identity ? epilogue.target.stride : whole_lines<T>(input.channels);
    T* const to = identity ? epilogue.target.data + pixel * stride : buffer;
    for (Index y = ys.begin; y < ys.end; ++y) {
      for (Index x = 0; x < std::min(window.stride, input.width); ++x) {
        const auto taps = Taps<T>::backward(shape.geometry, pass.weights, y, x);
        const Index count = (input.width - x + window.stride - 1) / window.stride;
        T* const row = to + ((y - ys.begin) * input.width + x) * stride;
        sum_taps(gradients, taps, count, input.channels, StoredResults<T>{row, window.stride * stride});
      }
    }
    if (!identity) apply_epilogue<T>(epilogue, {pixel, pixel + ys.size() * input.width}, {buffer, stride}, sums);
  }

  static void add_bias_gradients(const Shape& output, const Rows& gradients, Range ys, T* sums) {
    for_channel_panels<T>(output.channels, [&]<Index Lanes>(Range channels) {
      for (Index c = channels.begin; c < channels.end; c += Lanes) {
        Vector<T, Lanes> sum{};
        for (Index y = ys.begin; y < ys.end; ++y) {
          const T* const row = gradients.template at<Lanes>(y, 0, c);
          for (Index x = 0; x < output.width; ++x) sum += load<T, Lanes>(row + x * Lanes);
        }
        store<T, Lanes>(sums + c, load<T, Lanes>(sums + c) + sum);
      }
    });
  }

  /// A block of the window's taps, and the channels that are computed together.
  struct Block {
    Index row;
    Index column;
    Index channel;
  };

  /// Adds the weight gradients of a band, a block of the window's taps at a time, which fits into the registers.
  static void add_weight_gradients(const ConvolutionShape& shape, const Rows& inputs, const Rows& gradients, Range ys,
                                   T* sums) {
    const Index kernel = shape.geometry.window.kernel;
    for_channel_panels<T>(shape.outputs(), [&]<Index Lanes>(Range channels) {
      const auto add = [&]<Index TapRows, Index TapColumns>(Block block) {
        for (block.channel = channels.begin; block.channel < channels.end; block.channel += Lanes) {
          add_block<Lanes, TapRows, TapColumns>(shape, inputs, gradients, ys, block, sums);
        }
      };
      if (kernel == 3) return add.template operator()<3, 3>({});
      for (Index i = 0; i < kernel; ++i) {
        Index j = 0;
        for (; j + 4 <= kernel; j += 4) add.template operator()<1, 4>({i, j, 0});
        for (; j < kernel; ++j) add.template operator()<1, 1>({i, j, 0});
      }
    });
  }

  template <Index Lanes, Index TapRows, Index TapColumns>
  [[gnu::always_inline]] static void add_block(const ConvolutionShape& shape, const Rows& inputs, const Rows& gradients,
                                               Range ys, Block block, T* sums) {
    const auto& [window, input, output] = shape.geometry;
    const Index step = window.stride * Lanes;
    const Index tap_step = window.dilation * Lanes;
    VectorTile<T, Lanes, TapRows, TapColumns> totals = {};
    for (Index y = ys.begin; y < ys.end; ++y) {
      std::array<const T*, static_cast<std::size_t>(TapRows)> from;
      for (Index i = 0; i < TapRows; ++i) {
        from[static_cast<std::size_t>(i)] =
            inputs.template at<Lanes>(y * window.stride - window.padding + (block.row + i) * window.dilation,
                                      block.column * window.dilation - window.padding, block.channel);
      }
      const T* const gradient_row = gradients.template at<Lanes>(y, 0, block.channel);
      for (Index x = 0; x < output.width; ++x) {
        const auto gradient = load<T, Lanes>(gradient_row + x * Lanes);
#pragma GCC unroll 4
        for (Index i = 0; i < TapRows; ++i) {
#pragma GCC unroll 4
          for (Index j = 0; j < TapColumns; ++j) {
            totals[i][j] = multiply_add<T, Lanes>(
                load<T, Lanes>(from[static_cast<std::size_t>(i)] + x * step + j * tap_step), gradient, totals[i][j]);
          }
        }
      }
    }
    for (Index i = 0; i < TapRows; ++i) {
      for (Index j = 0; j < TapColumns; ++j) {
        T* const to = sums + ((block.row + i) * window.kernel + block.column + j) * output.channels + block.channel;
        store<T, Lanes>(to, load<T, Lanes>(to) + totals[i][j]);
      }
    }
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
