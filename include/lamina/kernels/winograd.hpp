#pragma once

#include <algorithm>

#include <lamina/core/buffer.hpp>
#include <lamina/kernels/frame.hpp>
#include <lamina/kernels/gemm.hpp>
#include <lamina/kernels/im2col.hpp>
#include <lamina/kernels/winograd_transform.hpp>

/// @file
/// 3x3 convolution at stride 1 by Winograd's F(4x4, 3x3): a quarter of the multiplications of the direct method. A
/// block of tiles goes through all stages (input transform, a matrix product for each of the 36 points, output
/// transform) while it is in the second-level cache. Backward shares the transformed output gradient between the
/// gradients of the data and of the weights. A transformed block is (point, tile, channel); points lie an odd number of
/// cache lines apart, or they would compete for a few sets of the first-level cache.

namespace lamina::kernels {

namespace winograd {

/// Whether the method can compute a convolution.
[[nodiscard]] constexpr bool applies(const Window& window, Index inputs, Index outputs) {
  return window.kernel == 3 && window.stride == 1 && window.dilation == 1 && inputs % 8 == 0 && outputs % 8 == 0;
}

/// Tiles that cover a side of an output image.
[[nodiscard]] constexpr Index tiles_along(Index side) { return (side + kOutput - 1) / kOutput; }

/// Multiplications for an output image, for each pair of channels; direct convolution takes 9 a pixel.
[[nodiscard]] constexpr Index products(const Shape& output) {
  return kPoints * tiles_along(output.height) * tiles_along(output.width);
}

}  // namespace winograd

template <class T, Index Inputs, Index Outputs>
struct WinogradConvolution {
  /// Tiles a block: with 32 channels, both transformed blocks and the weights take 440 KiB.
  static constexpr Index block = 32;

 private:
  static constexpr Index line = static_cast<Index>(kAlignment / sizeof(T));
  static constexpr Index input_stride = round_up(block * Inputs, 2 * line) + line;
  static constexpr Index output_stride = round_up(block * Outputs, 2 * line) + line;
  static constexpr Index input_block = winograd::kPoints * input_stride;
  static constexpr Index output_block = winograd::kPoints * output_stride;

 public:
  /// Values of the prepared weights, the same for both directions.
  static constexpr Index prepared_size = winograd::kPoints * Inputs * Outputs;
  /// Values of scratch memory a thread; in backward it begins with the weight gradients' sums.
  static constexpr Index forward_scratch = input_block + output_block;
  static constexpr Index backward_scratch = prepared_size + forward_scratch;

  /// Transforms the weights (3, 3, Inputs, Outputs) for forward: a packed Inputs x Outputs matrix a point.
  static void prepare_forward(const T* weights, T* prepared) {
    transform_weights(weights, [&](Index point, Index input, Index output, Vector<T, output_lanes> value) {
      store<T, output_lanes>(prepared + point * Inputs * Outputs + packed_offset<T, Inputs, Outputs>(input, output),
                             value);
    });
  }

  /// Transforms the weights for backward: a packed Outputs x Inputs matrix a point.
  static void prepare_backward(const T* weights, T* prepared) {
    transform_weights(weights, [&](Index point, Index input, Index output, Vector<T, output_lanes> value) {
      for (Index lane = 0; lane < output_lanes; ++lane) {
        prepared[point * Inputs * Outputs + packed_offset<T, Outputs, Inputs>(output + lane, input)] = value[lane];
      }
    });
  }

  /// The frames in which forward and backward take and give images: whole tiles.
  [[nodiscard]] static constexpr Frame input_frame(const WindowGeometry& geometry) {
    const Frame output = output_frame(geometry);
    return {geometry.input, output.height + 2, output.width + 2, geometry.window.padding};
  }
  [[nodiscard]] static constexpr Frame output_frame(const WindowGeometry& geometry) {
    return {geometry.output, winograd::kOutput * winograd::tiles_along(geometry.output.height),
            winograd::kOutput * winograd::tiles_along(geometry.output.width), 0};
  }

  /// Output of `images` images. `bias` has Outputs values or is null.
  static void forward(const WindowGeometry& geometry, Index images, const T* input, const T* prepared, const T* bias,
                      T* output, T* scratch) {
    T* const in = scratch;
    T* const out = in + input_block;
    for_each_block(geometry, images, [&](Range tiles) {
      transform_input(geometry, tiles, input, in);
      for (Index point = 0; point < winograd::kPoints; ++point) {
        product<T, Inputs, Outputs>(tiles.size(), in + point * input_stride, prepared + point * Inputs * Outputs,
                                    nullptr, out + point * output_stride);
      }
      transform_output(geometry, tiles, out, bias, output);
    });
  }

  /// Sets the sums of weight gradients in a thread's scratch to zero.
  static void clear_gradients(T* scratch) { std::fill_n(scratch, prepared_size, T{0}); }

  /// Adds the weight gradients of `images` images to the sums in scratch and writes their input gradient, unless null.
  static void backward(const WindowGeometry& geometry, Index images, const T* input, const T* prepared,
                       const T* output_gradient, T* input_gradient, T* scratch) {
    T* const sums = scratch;
    T* const in = sums + prepared_size;
    T* const out = in + input_block;
    if (input_gradient != nullptr) std::fill_n(input_gradient, images * input_frame(geometry).size(), T{0});
    for_each_block(geometry, images, [&](Range tiles) {
      transform_input(geometry, tiles, input, in);
      transform_output_gradient(geometry, tiles, output_gradient, out);
      for (Index point = 0; point < winograd::kPoints; ++point) {
        T* const in_point = in + point * input_stride;
        const T* const out_point = out + point * output_stride;
        const Index weights = point * Inputs * Outputs;
        add_outer_products<T, Inputs, Outputs>(tiles.size(), in_point, out_point, sums + weights);
        if (input_gradient == nullptr) continue;
        product<T, Outputs, Inputs>(tiles.size(), out_point, prepared + weights, nullptr, in_point);
      }
      if (input_gradient != nullptr) add_input_gradient(geometry, tiles, in, input_gradient);
    });
  }

  /// Writes the weight gradients (3, 3, Inputs, Outputs) for the sums in a thread's scratch.
  static void finish_gradients(const T* scratch, T* weight_gradient) {
    for_each_weight_vector([&](Index input, Index output) {
      const Index at = input * Outputs + output;
      winograd::transform_tile<winograd::WeightGradientTransform, T, output_lanes>(
          [&](Index i, Index j) {
            return load<T, output_lanes>(scratch + (i * winograd::kInput + j) * Inputs * Outputs + at);
          },
          [&](Index i, Index j, Vector<T, output_lanes> value) {
            store<T, output_lanes>(weight_gradient + (i * 3 + j) * Inputs * Outputs + at, value);
          });
    });
  }

 private:
  static constexpr Index input_lanes = lanes_for<T>(Inputs);
  static constexpr Index output_lanes = lanes_for<T>(Outputs);

  template <class Body>
  static void for_each_block(const WindowGeometry& geometry, Index images, const Body& body) {
    const Index tiles =
        images * winograd::tiles_along(geometry.output.height) * winograd::tiles_along(geometry.output.width);
    for (Index first = 0; first < tiles; first += block) body(Range{first, std::min(first + block, tiles)});
  }

  /// Calls body(offset of the tile's first pixel in consecutive frames, number of the tile in the block).
  template <class Body>
  static void for_each_tile(const WindowGeometry& geometry, const Frame& frame, Range tiles, const Body& body) {
    const Index down = winograd::tiles_along(geometry.output.height);
    const Index across = winograd::tiles_along(geometry.output.width);
    Index x = tiles.begin % across;
    Index y = tiles.begin / across % down;
    Index image = tiles.begin / across / down * frame.size();
    for (Index tile = 0; tile < tiles.size(); ++tile) {
      body(image + winograd::kOutput * (y * frame.pitch() + x * frame.image.channels), tile);
      if (++x < across) continue;
      x = 0;
      if (++y < down) continue;
      y = 0;
      image += frame.size();
    }
  }

  static void transform_input(const WindowGeometry& geometry, Range tiles, const T* input, T* in) {
    const Frame frame = input_frame(geometry);
    const Index pitch = frame.pitch();
    for_each_tile(geometry, frame, tiles, [&](Index pixel, Index tile) {
      for (Index c = 0; c < Inputs; c += input_lanes) {
        const T* const from = input + pixel + c;
        T* const to = in + tile * Inputs + c;
        winograd::transform_tile<winograd::InputTransform, T, input_lanes>(
            [&](Index i, Index j) { return load<T, input_lanes>(from + i * pitch + j * Inputs); },
            [&](Index i, Index j, Vector<T, input_lanes> value) {
              store<T, input_lanes>(to + (i * winograd::kInput + j) * input_stride, value);
            });
      }
    });
  }

  static void transform_output(const WindowGeometry& geometry, Range tiles, const T* out, const T* bias, T* output) {
    const Frame frame = output_frame(geometry);
    const Index pitch = frame.pitch();
    for_each_tile(geometry, frame, tiles, [&](Index pixel, Index tile) {
      for (Index c = 0; c < Outputs; c += output_lanes) {
        const T* const from = out + tile * Outputs + c;
        T* const to = output + pixel + c;
        const auto start = bias == nullptr ? Vector<T, output_lanes>{} : load<T, output_lanes>(bias + c);
        winograd::transform_tile<winograd::OutputTransform, T, output_lanes>(
            [&](Index i, Index j) { return load<T, output_lanes>(from + (i * winograd::kInput + j) * output_stride); },
            [&](Index i, Index j, Vector<T, output_lanes> value) {
              store<T, output_lanes>(to + i * pitch + j * Outputs, value + start);
            });
      }
    });
  }

  static void transform_output_gradient(const WindowGeometry& geometry, Range tiles, const T* gradient, T* out) {
    const Frame frame = output_frame(geometry);
    const Index pitch = frame.pitch();
    for_each_tile(geometry, frame, tiles, [&](Index pixel, Index tile) {
      for (Index c = 0; c < Outputs; c += output_lanes) {
        const T* const from = gradient + pixel + c;
        T* const to = out + tile * Outputs + c;
        winograd::transform_tile<winograd::OutputGradientTransform, T, output_lanes>(
            [&](Index i, Index j) { return load<T, output_lanes>(from + i * pitch + j * Outputs); },
            [&](Index i, Index j, Vector<T, output_lanes> value) {
              store<T, output_lanes>(to + (i * winograd::kInput + j) * output_stride, value);
            });
      }
    });
  }

  static void add_input_gradient(const WindowGeometry& geometry, Range tiles, const T* in, T* input_gradient) {
    const Frame frame = input_frame(geometry);
    const Index pitch = frame.pitch();
    for_each_tile(geometry, frame, tiles, [&](Index pixel, Index tile) {
      for (Index c = 0; c < Inputs; c += input_lanes) {
        const T* const from = in + tile * Inputs + c;
        T* const to = input_gradient + pixel + c;
        winograd::transform_tile<winograd::InputGradientTransform, T, input_lanes>(
            [&](Index i, Index j) { return load<T, input_lanes>(from + (i * winograd::kInput + j) * input_stride); },
            [&](Index i, Index j, Vector<T, input_lanes> value) {
              T* const at = to + i * pitch + j * Inputs;
              store<T, input_lanes>(at, load<T, input_lanes>(at) + value);
            });
      }
    });
  }

  template <class Body>
  static void for_each_weight_vector(const Body& body) {
    for (Index input = 0; input < Inputs; ++input) {
      for (Index output = 0; output < Outputs; output += output_lanes) body(input, output);
    }
  }

  template <class Store>
  static void transform_weights(const T* weights, const Store& store_value) {
    for_each_weight_vector([&](Index input, Index output) {
      winograd::transform_tile<winograd::WeightTransform, T, output_lanes>(
          [&](Index i, Index j) {
            return load<T, output_lanes>(weights + ((i * 3 + j) * Inputs + input) * Outputs + output);
          },
          [&](Index i, Index j, Vector<T, output_lanes> value) {
            store_value(i * winograd::kInput + j, input, output, value);
          });
    });
  }
};

}  // namespace lamina::kernels
