#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <lamina/core/buffer.hpp>
#include <lamina/kernels/deferred.hpp>
#include <lamina/kernels/frame.hpp>
#include <lamina/kernels/gemm.hpp>
#include <lamina/kernels/im2col.hpp>
#include <lamina/kernels/read_ahead.hpp>
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
  /// Whether the input and the output gradient may be deferred tensors, and `after` is applied.
  static constexpr bool reads_deferred = true;

  /// Tiles a block: with 32 channels, both transformed blocks take 150 KiB and the weights as much.
  static constexpr Index block = 16;

 private:
  static constexpr Index line = static_cast<Index>(kAlignment / sizeof(T));
  static constexpr Index input_stride = round_up(block * Inputs, 2 * line) + line;
  static constexpr Index output_stride = round_up(block * Outputs, 2 * line) + line;
  static constexpr Index weight_stride = round_up(Inputs * Outputs, 2 * line) + line;
  static constexpr Index input_block = winograd::kPoints * input_stride;
  static constexpr Index output_block = winograd::kPoints * output_stride;

 public:
  /// Values of the prepared weights, the same for both directions.
  static constexpr Index prepared_size = winograd::kPoints * weight_stride;
  /// Values of scratch memory a thread; in backward it begins with the weight gradients' sums.
  static constexpr Index forward_scratch = input_block + output_block;
  static constexpr Index backward_scratch = prepared_size + forward_scratch;

  /// Transforms the weights (3, 3, Inputs, Outputs) for forward: a packed Inputs x Outputs matrix a point.
  static void prepare_forward(const T* weights, T* prepared) {
    transform_weights<Inputs, Outputs>(prepared, [&](Index tap, Index input, Index output) {
      return load<T, output_lanes>(weights + (tap * Inputs + input) * Outputs + output);
    });
  }

  /// Transforms the weights for backward: a packed Outputs x Inputs matrix a point.
  static void prepare_backward(const T* weights, T* prepared) {
    transform_weights<Outputs, Inputs>(prepared, [&](Index tap, Index output, Index input) {
      std::array<T, input_lanes> column;
      for (Index lane = 0; lane < input_lanes; ++lane) {
        column[static_cast<std::size_t>(lane)] = weights[(tap * Inputs + input + lane) * Outputs + output];
      }
      return load<T, input_lanes>(column.data());
    });
  }

  /// The frame of an image's input gradient: whole tiles.
  [[nodiscard]] static constexpr Frame gradient_frame(const WindowGeometry& geometry) {
    return {geometry.input, winograd::kOutput * winograd::tiles_along(geometry.output.height) + 2,
            winograd::kOutput * winograd::tiles_along(geometry.output.width) + 2, geometry.window.padding};
  }

  /// Output of a share of the tiles of the first `images` images. `bias` has Outputs values; `after`, whose raw tensor
  /// is the output, is applied to it; `ahead` is asked for on the way.
  static void forward(const WindowGeometry& geometry, Index images, Share share, const Deferred<T>& input,
                      const T* prepared, const T* bias, const Deferred<T>& after, T* output, T* scratch,
                      ReadAhead<T> ahead) {
    T* const in = scratch;
    T* const out = in + input_block;
    const Range all = tiles_of(geometry, images, share);
    ahead.divide(all.size() * product_tiles<T, Outputs>(block) * winograd::kPoints / block + 1);
    for_each_block(all, [&](Range tiles) {
      transform_input(geometry, tiles, input, in);
      for (Index point = 0; point < winograd::kPoints; ++point) {
        product<T, Inputs, Outputs>(tiles.size(), in + point * input_stride, prepared + point * weight_stride, nullptr,
                                    out + point * output_stride, [&] { ahead.fetch(); });
      }
      transform_output(geometry, tiles, out, bias, after, output);
    });
  }

  /// Sets the sums of weight gradients in a thread's scratch to zero.
  static void clear_gradients(T* scratch) { std::fill_n(scratch, prepared_size, T{0}); }

  /// Adds the weight gradients of the first `images` images to the sums in scratch and writes their input gradients,
  /// frame after frame, unless null; `ahead` is asked for on the way.
  static void backward(const WindowGeometry& geometry, Index images, const Deferred<T>& input, const T* prepared,
                       const DeferredGradient<T>& output_gradient, T* input_gradient, T* scratch, ReadAhead<T> ahead) {
    T* const sums = scratch;
    T* const in = sums + prepared_size;
    T* const out = in + input_block;
    const Range all = tiles_of(geometry, images, Share{});
    const auto fetch = [&] { ahead.fetch(); };
    const Index products = input_gradient == nullptr ? 0 : product_tiles<T, Inputs>(block);
    ahead.divide(all.size() * (product_tiles<T, Outputs>(Inputs) + products) * winograd::kPoints / block + 1);
    for_each_block(all, [&](Range tiles) {
      transform_input(geometry, tiles, input, in);
      transform_output_gradient(geometry, tiles, output_gradient, out);
      for (Index point = 0; point < winograd::kPoints; ++point) {
        T* const in_point = in + point * input_stride;
        const T* const out_point = out + point * output_stride;
        const Index weights = point * weight_stride;
        add_outer_products<T, Inputs, Outputs>(tiles.size(), in_point, out_point, sums + weights, fetch);
        if (input_gradient == nullptr) continue;
        product<T, Outputs, Inputs>(tiles.size(), out_point, prepared + weights, nullptr, in_point, fetch);
      }
      if (input_gradient != nullptr) add_input_gradient(geometry, tiles, in, input_gradient);
    });
  }

  /// Writes the weight gradients (3, 3, Inputs, Outputs) for the sums in a thread's scratch.
  static void finish_gradients(const T* scratch, T* weight_gradient) {
    for (Index at = 0; at < Inputs * Outputs; at += output_lanes) {
      winograd::transform_tile<winograd::WeightGradientTransform, T, output_lanes>(
          [&](Index i, Index j) {
            return load<T, output_lanes>(scratch + (i * winograd::kInput + j) * weight_stride + at);
          },
          [&](Index i, Index j, Vector<T, output_lanes> value) {
            store<T, output_lanes>(weight_gradient + (i * 3 + j) * Inputs * Outputs + at, value);
          });
    }
  }

 private:
  static constexpr Index input_lanes = lanes_for<T>(Inputs);
  static constexpr Index output_lanes = lanes_for<T>(Outputs);

  /// The tiles of a share of the first images.
  static Range tiles_of(const WindowGeometry& geometry, Index images, Share share) {
    return share.of(images * winograd::tiles_along(geometry.output.height) *
                    winograd::tiles_along(geometry.output.width));
  }

  /// Calls body(tiles) for one block of tiles after the other.
  template <class Body>
  static void for_each_block(Range tiles, const Body& body) {
    for (Index first = tiles.begin; first < tiles.end; first += block) {
      body(Range{first, std::min(first + block, tiles.end)});
    }
  }

  /// A tile's place: its image, and its first pixel in the output.
  struct TilePlace {
    Index image;
    Index y;
    Index x;
  };

  /// Calls body(place, number of the tile in the block).
  template <class Body>
  [[gnu::always_inline]] static void for_each_tile(const WindowGeometry& geometry, Range tiles, const Body& body) {
    const Index down = winograd::tiles_along(geometry.output.height);
    const Index across = winograd::tiles_along(geometry.output.width);
    Index x = tiles.begin % across;
    Index y = tiles.begin / across % down;
    Index image = tiles.begin / across / down;
    for (Index tile = 0; tile < tiles.size(); ++tile) {
      body(TilePlace{image, winograd::kOutput * y, winograd::kOutput * x}, tile);
      if (++x < across) continue;
      x = 0;
      if (++y < down) continue;
      y = 0;
      ++image;
    }
  }

  /// Transforms the Side x Side pixels of an image from row `top` and column `left` on; those outside of it are zero.
  /// read(offset of a pixel from the first image on) gives a vector.
  template <class Transform, Index Lanes, class Read, class Store>
  [[gnu::always_inline]] static void transform_pixels(const Shape& shape, Index image, Index top, Index left,
                                                      const Read& read, const Store& store_value) {
    constexpr Index side = Transform::from;
    const Index pitch = shape.width * shape.channels;
    const Index first = image * shape.size() + top * pitch + left * shape.channels;
    const bool inside = top >= 0 && left >= 0 && top + side <= shape.height && left + side <= shape.width;
    if (inside) {
      winograd::transform_tile<Transform, T, Lanes>(
          [&](Index i, Index j) { return read(first + i * pitch + j * shape.channels); }, store_value);
    } else {
      const auto in_range = [](Index at, Index size) { return at >= 0 && at < size; };
      winograd::transform_tile<Transform, T, Lanes>(
          [&](Index i, Index j) {
            const bool pixel = in_range(top + i, shape.height) && in_range(left + j, shape.width);
            return pixel ? read(first + i * pitch + j * shape.channels) : Vector<T, Lanes>{};
          },
          store_value);
    }
  }

  static void transform_input(const WindowGeometry& geometry, Range tiles, const Deferred<T>& input, T* in) {
    const auto transform = [&](Index c, const auto& read) {
      for_each_tile(geometry, tiles, [&](const TilePlace& place, Index tile) {
        T* const to = in + tile * Inputs + c;
        transform_pixels<winograd::InputTransform, input_lanes>(
            Shape{geometry.input.height, geometry.input.width, Inputs}, place.image, place.y - geometry.window.padding,
            place.x - geometry.window.padding, read, [&](Index i, Index j, Vector<T, input_lanes> value) {
              store<T, input_lanes>(to + (i * winograd::kInput + j) * input_stride, value);
            });
      });
    };
    for (Index c = 0; c < Inputs; c += input_lanes) {
      if (input.plain()) {
        transform(c, [raw = input.raw.data + c](Index offset) { return load<T, input_lanes>(raw + offset); });
      } else {
        transform(c, [c, read = DeferredReader<T, input_lanes>(input, c)](Index offset) { return read(offset + c); });
      }
    }
  }

  static void transform_output(const WindowGeometry& geometry, Range tiles, const T* out, const T* bias,
                               const Deferred<T>& after, T* output) {
    const Index pitch = geometry.output.width * Outputs;
    const auto transform = [&](Index c, const auto& finish) {
      const auto start = load<T, output_lanes>(bias + c);
      for_each_tile(geometry, tiles, [&](const TilePlace& place, Index tile) {
        const Index rows = geometry.output.height - place.y;
        const Index columns = geometry.output.width - place.x;
        const T* const from = out + tile * Outputs + c;
        const Index first = place.image * geometry.output.size() + place.y * pitch + place.x * Outputs + c;
        winograd::transform_tile<winograd::OutputTransform, T, output_lanes>(
            [&](Index i, Index j) { return load<T, output_lanes>(from + (i * winograd::kInput + j) * output_stride); },
            [&](Index i, Index j, Vector<T, output_lanes> value) {
              const Index offset = first + i * pitch + j * Outputs;
              if (i < rows && j < columns) store<T, output_lanes>(output + offset, finish(value + start, offset));
            });
      });
    };
    for (Index c = 0; c < Outputs; c += output_lanes) {
      if (after.plain()) {
        transform(c, [](Vector<T, output_lanes> value, Index) { return value; });
      } else {
        transform(c, [read = DeferredReader<T, output_lanes>(after, c)](Vector<T, output_lanes> value, Index offset) {
          return read(value, offset);
        });
      }
    }
  }

  static void transform_output_gradient(const WindowGeometry& geometry, Range tiles,
                                        const DeferredGradient<T>& gradient, T* out) {
    for (Index c = 0; c < Outputs; c += output_lanes) {
      const DeferredGradientReader<T, output_lanes> read(gradient, c);
      for_each_tile(geometry, tiles, [&](const TilePlace& place, Index tile) {
        T* const to = out + tile * Outputs + c;
        transform_pixels<winograd::OutputGradientTransform, output_lanes>(
            Shape{geometry.output.height, geometry.output.width, Outputs}, place.image, place.y, place.x,
            [&](Index offset) { return read(offset + c); },
            [&](Index i, Index j, Vector<T, output_lanes> value) {
              store<T, output_lanes>(to + (i * winograd::kInput + j) * output_stride, value);
            });
      });
    }
  }

  /// Tiles overlap by two rows and columns: what no tile before has written is set, the rest added to.
  static void add_input_gradient(const WindowGeometry& geometry, Range tiles, const T* in, T* input_gradient) {
    const Frame frame = gradient_frame(geometry);
    const Index pitch = frame.pitch();
    for_each_tile(geometry, tiles, [&](const TilePlace& place, Index tile) {
      const bool above = place.y > 0;
      const bool before = place.x > 0;
      for (Index c = 0; c < Inputs; c += input_lanes) {
        const T* const from = in + tile * Inputs + c;
        T* const to = input_gradient + place.image * frame.size() + place.y * pitch + place.x * Inputs + c;
        winograd::transform_tile<winograd::InputGradientTransform, T, input_lanes>(
            [&](Index i, Index j) { return load<T, input_lanes>(from + (i * winograd::kInput + j) * input_stride); },
            [&](Index i, Index j, Vector<T, input_lanes> value) {
              T* const at = to + i * pitch + j * Inputs;
              if ((i < 2 && above) || (j < 2 && before)) value += load<T, input_lanes>(at);
              store<T, input_lanes>(at, value);
            });
      }
    });
  }

  /// Transforms the kernels of Rows x Columns channels and packs a matrix of that size a point. read(tap, row, column)
  /// gives the weights of the columns from `column` on.
  template <Index Rows, Index Columns, class Read>
  static void transform_weights(T* prepared, const Read& read) {
    constexpr Index lanes = lanes_for<T>(Columns);
    for (Index row = 0; row < Rows; ++row) {
      for (Index column = 0; column < Columns; column += lanes) {
        T* const to = prepared + packed_offset<T, Rows, Columns>(row, column);
        winograd::transform_tile<winograd::WeightTransform, T, lanes>(
            [&](Index i, Index j) { return read(3 * i + j, row, column); },
            [&](Index i, Index j, Vector<T, lanes> value) {
              store<T, lanes>(to + (i * winograd::kInput + j) * weight_stride, value);
            });
      }
    }
  }
};

}  // namespace lamina::kernels
