#pragma once

#include <algorithm>
#include <array>

#include <lamina/core/buffer.hpp>
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
  static constexpr Index sink_size = round_up(std::max(Inputs, Outputs), line);

 public:
  /// Values of the prepared weights, the same for both directions.
  static constexpr Index prepared_size = winograd::kPoints * Inputs * Outputs;
  /// Values of scratch memory a thread; in backward it begins with the weight gradients' sums.
  static constexpr Index forward_scratch = input_block + output_block + sink_size;
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

  /// Output of `images` images. `bias` has Outputs values or is null.
  static void forward(const WindowGeometry& geometry, Index images, const T* input, const T* prepared, const T* bias,
                      T* output, T* scratch) {
    T* const in = scratch;
    T* const out = in + input_block;
    T* const sink = out + output_block;
    for_each_block(geometry, images, [&](Range tiles) {
      transform_input(geometry, tiles, input, in);
      for (Index point = 0; point < winograd::kPoints; ++point) {
        product<T, Inputs, Outputs>(tiles.size(), in + point * input_stride, prepared + point * Inputs * Outputs,
                                    nullptr, out + point * output_stride);
      }
      transform_output(geometry, tiles, out, bias, output, sink);
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
    T* const sink = out + output_block;
    if (input_gradient != nullptr) std::fill_n(input_gradient, images * geometry.input.size(), T{0});
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
      if (input_gradient != nullptr) add_input_gradient(geometry, tiles, in, input_gradient, sink);
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
  /// What tiles read outside of an image.
  alignas(kAlignment) static constexpr std::array<T, static_cast<std::size_t>(sink_size)> zeros{};

  /// Addresses of the pixels of one tile.
  template <class Value, Index Side>
  using Pixels = std::array<std::array<Value*, static_cast<std::size_t>(Side)>, static_cast<std::size_t>(Side)>;

  template <class Body>
  static void for_each_block(const WindowGeometry& geometry, Index images, const Body& body) {
    const Index tiles =
        images * winograd::tiles_along(geometry.output.height) * winograd::tiles_along(geometry.output.width);
    for (Index first = 0; first < tiles; first += block) body(Range{first, std::min(first + block, tiles)});
  }

  /// Addresses of the Side x Side pixels of tile number `tile` in images of this shape, whose first tile begins
  /// `before` pixels up and left of the image; `outside` for those that are not in it.
  template <Index Side, class Value>
  static void locate(const WindowGeometry& geometry, const Shape& shape, Index before, Index tile, Value* images,
                     Value* outside, Pixels<Value, Side>& pixels) {
    const Index across = winograd::tiles_along(geometry.output.width);
    const Index in_image = across * winograd::tiles_along(geometry.output.height);
    Value* const image = images + tile / in_image * shape.size();
    const Index top = tile % in_image / across * winograd::kOutput - before;
    const Index left = tile % across * winograd::kOutput - before;
    for (Index i = 0; i < Side; ++i) {
      const bool row_inside = top + i >= 0 && top + i < shape.height;
      Value* const row = image + ((top + i) * shape.width + left) * shape.channels;
      for (Index j = 0; j < Side; ++j) {
        const bool inside = row_inside && left + j >= 0 && left + j < shape.width;
        pixels[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] = inside ? row + j * shape.channels : outside;
      }
    }
  }

  /// The pixel in row i and column j.
  template <class Value, std::size_t Side>
  [[gnu::always_inline]] static Value* at(const std::array<std::array<Value*, Side>, Side>& pixels, Index i, Index j) {
    return pixels[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
  }

  static void transform_input(const WindowGeometry& geometry, Range tiles, const T* input, T* in) {
    Pixels<const T, winograd::kInput> pixels;
    for (Index tile = tiles.begin; tile < tiles.end; ++tile, in += Inputs) {
      locate<winograd::kInput>(geometry, geometry.input, geometry.window.padding, tile, input, zeros.data(), pixels);
      for (Index c = 0; c < Inputs; c += input_lanes) {
        winograd::transform_tile<winograd::InputTransform, T, input_lanes>(
            [&](Index i, Index j) { return load<T, input_lanes>(at(pixels, i, j) + c); },
            [&](Index i, Index j, Vector<T, input_lanes> value) {
              store<T, input_lanes>(in + (i * winograd::kInput + j) * input_stride + c, value);
            });
      }
    }
  }

  static void transform_output(const WindowGeometry& geometry, Range tiles, const T* out, const T* bias, T* output,
                               T* sink) {
    Pixels<T, winograd::kOutput> pixels;
    for (Index tile = tiles.begin; tile < tiles.end; ++tile, out += Outputs) {
      locate<winograd::kOutput>(geometry, geometry.output, 0, tile, output, sink, pixels);
      for (Index c = 0; c < Outputs; c += output_lanes) {
        const auto start = bias == nullptr ? Vector<T, output_lanes>{} : load<T, output_lanes>(bias + c);
        winograd::transform_tile<winograd::OutputTransform, T, output_lanes>(
            [&](Index i, Index j) {
              return load<T, output_lanes>(out + (i * winograd::kInput + j) * output_stride + c);
            },
            [&](Index i, Index j, Vector<T, output_lanes> value) {
              store<T, output_lanes>(at(pixels, i, j) + c, value + start);
            });
      }
    }
  }

  static void transform_output_gradient(const WindowGeometry& geometry, Range tiles, const T* gradient, T* out) {
    Pixels<const T, winograd::kOutput> pixels;
    for (Index tile = tiles.begin; tile < tiles.end; ++tile, out += Outputs) {
      locate<winograd::kOutput>(geometry, geometry.output, 0, tile, gradient, zeros.data(), pixels);
      for (Index c = 0; c < Outputs; c += output_lanes) {
        winograd::transform_tile<winograd::OutputGradientTransform, T, output_lanes>(
            [&](Index i, Index j) { return load<T, output_lanes>(at(pixels, i, j) + c); },
            [&](Index i, Index j, Vector<T, output_lanes> value) {
              store<T, output_lanes>(out + (i * winograd::kInput + j) * output_stride + c, value);
            });
      }
    }
  }

  static void add_input_gradient(const WindowGeometry& geometry, Range tiles, const T* in, T* input_gradient, T* sink) {
    Pixels<T, winograd::kInput> pixels;
    std::fill_n(sink, sink_size, T{0});
    for (Index tile = tiles.begin; tile < tiles.end; ++tile, in += Inputs) {
      locate<winograd::kInput>(geometry, geometry.input, geometry.window.padding, tile, input_gradient, sink, pixels);
      for (Index c = 0; c < Inputs; c += input_lanes) {
        winograd::transform_tile<winograd::InputGradientTransform, T, input_lanes>(
            [&](Index i, Index j) { return load<T, input_lanes>(in + (i * winograd::kInput + j) * input_stride + c); },
            [&](Index i, Index j, Vector<T, input_lanes> value) {
              T* const pixel = at(pixels, i, j) + c;
              store<T, input_lanes>(pixel, load<T, input_lanes>(pixel) + value);
            });
      }
    }
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
