#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/expression.hpp>
#include <lamina/kernels/frame.hpp>
#include <lamina/kernels/gradient_expression.hpp>
#include <lamina/kernels/winograd/layout.hpp>

/// @file
/// The transforms of blocks of tiles: from images to points and back. They go through the channels in vectors of Lanes,
/// which must divide the number of channels.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd {

/// A run of tiles and of channels of some images, and where their transforms lie.
template <class Layout>
struct TileBlock {
  TileGrid grid;
  Range tiles;  ///< of the grid; the first lies at tile 0 of the block
  Layout layout;
  Index padding = 0;  ///< of the convolution

  [[nodiscard]] Index channels() const { return layout.channels; }
};

namespace detail {

/// What the transforms must know of images in memory.
struct ImagePlace {
  Shape shape;
  Index stride;  ///< values from one pixel to the next

  [[nodiscard]] constexpr Index pitch() const { return shape.width * stride; }
  [[nodiscard]] constexpr Index offset(Index image, Index y, Index x) const {
    return ((image * shape.height + y) * shape.width + x) * stride;
  }
};

/// Transforms the square of pixels of an image from (top, left) on; those outside of it are zero. read(offset of a
/// pixel) gives a vector.
template <class Transform, class T, Index Lanes, class Read, class Store>
[[gnu::always_inline]] inline void transform_pixels(const ImagePlace& place, Index image, Index top, Index left,
                                                    const Read& read, const Store& store_value) {
  constexpr Index side = Transform::from;
  const Index pitch = place.pitch();
  const Index stride = place.stride;
  const Index first = place.offset(image, top, left);
  const Index height = place.shape.height;
  const Index width = place.shape.width;
  if (top >= 0 && left >= 0 && top + side <= height && left + side <= width) {
    transform_tile<Transform, T, Lanes>([&](Index i, Index j) { return read(first + i * pitch + j * stride); },
                                        store_value);
  } else {
    const Index begin_row = std::max<Index>(-top, 0);
    const Index end_row = std::min(height - top, side);
    const Index begin_column = std::max<Index>(-left, 0);
    const Index end_column = std::min(width - left, side);
    transform_tile<Transform, T, Lanes>(
        [&](Index i, Index j) {
          const bool pixel = i >= begin_row && i < end_row && j >= begin_column && j < end_column;
          return pixel ? read(first + i * pitch + j * stride) : Vector<T, Lanes>{};
        },
        store_value);
  }
}

}  // namespace detail

/// Transforms the input's tiles. The expression must be direct.
template <class T, Index Lanes, class Layout>
void transform_input(const TileBlock<Layout>& block, const Expression<T>& input, T* in) {
  const detail::ImagePlace pixels{input.raw.shape, input.raw.stride};
  const Index point_stride = block.layout.point_stride();
  const auto transform = [&](Index c, const auto& read) {
    T* const channel = in + block.layout.offset(c);
    block.grid.for_each(block.tiles, [&](const TileGrid::Place& place, Index tile) {
      T* const to = channel + tile * kGroup<T>;
      detail::transform_pixels<InputTransform, T, Lanes>(pixels, place.image, place.y - block.padding,
                                                         place.x - block.padding, read,
                                                         [&](Index i, Index j, Vector<T, Lanes> value) {
                                                           store<T, Lanes>(to + (i * kInput + j) * point_stride, value);
                                                         });
    });
  };
  for (Index c = 0; c < block.channels(); c += Lanes) {
    if (input.identity()) {
      transform(c, [raw = input.raw.data + c](Index offset) { return load<T, Lanes>(raw + offset); });
    } else {
      transform(c, [c, read = ExpressionReader<T, Lanes>(input, c)](Index offset) { return read(offset + c); });
    }
  }
}

/// Transforms the tiles of the output's gradient. The expression must be direct.
template <class T, Index Lanes, class Layout>
void transform_output_gradient(const TileBlock<Layout>& block, const GradientExpression<T>& gradient, T* out) {
  const detail::ImagePlace pixels{gradient.gradient.shape, gradient.gradient.stride};
  const Index point_stride = block.layout.point_stride();
  for (Index c = 0; c < block.channels(); c += Lanes) {
    const GradientReader<T, Lanes> read(gradient, c);
    T* const channel = out + block.layout.offset(c);
    block.grid.for_each(block.tiles, [&](const TileGrid::Place& place, Index tile) {
      T* const to = channel + tile * kGroup<T>;
      detail::transform_pixels<OutputGradientTransform, T, Lanes>(
          pixels, place.image, place.y, place.x, [&](Index offset) { return read(offset + c); },
          [&](Index i, Index j, Vector<T, Lanes> value) {
            store<T, Lanes>(to + (i * kInput + j) * point_stride, value);
          });
    });
  }
}

/// Writes the output's tiles, plus a bias of block.channels() values, to `output`, after the epilogue, whose raw tensor
/// must be the output and which must be direct.
template <class T, Index Lanes, class Layout>
void transform_output(const TileBlock<Layout>& block, const T* out, const T* bias, const Expression<T>& epilogue,
                      TensorView<T> output) {
  const detail::ImagePlace pixels{output.shape, output.stride};
  const Index pitch = pixels.pitch();
  const Index stride = output.stride;
  const Index point_stride = block.layout.point_stride();
  const auto transform = [&](Index c, const auto& finish) {
    const auto start = load<T, Lanes>(bias + c);
    const T* const channel = out + block.layout.offset(c);
    block.grid.for_each(block.tiles, [&](const TileGrid::Place& place, Index tile) {
      const Index rows = output.shape.height - place.y;
      const Index columns = output.shape.width - place.x;
      const T* const from = channel + tile * kGroup<T>;
      const Index first = pixels.offset(place.image, place.y, place.x) + c;
      transform_tile<OutputTransform, T, Lanes>(
          [&](Index i, Index j) { return load<T, Lanes>(from + (i * kInput + j) * point_stride); },
          [&](Index i, Index j, Vector<T, Lanes> value) {
            const Index offset = first + i * pitch + j * stride;
            if (i < rows && j < columns) store<T, Lanes>(output.data + offset, finish(value + start, offset));
          });
    });
  };
  for (Index c = 0; c < block.channels(); c += Lanes) {
    if (epilogue.identity()) {
      transform(c, [](Vector<T, Lanes> value, Index) { return value; });
    } else {
      transform(c, [read = ExpressionReader<T, Lanes>(epilogue, c)](Vector<T, Lanes> value, Index offset) {
        return read(value, offset);
      });
    }
  }
}

/// The frame of an image's input gradient: whole tiles.
[[nodiscard]] constexpr Frame gradient_frame(const WindowGeometry& geometry) {
  const TileGrid grid = TileGrid::of(geometry.output);
  return {geometry.input, kOutput * grid.down + 2, kOutput * grid.across + 2, geometry.window.padding};
}

/// Writes the input gradient's tiles to frames, one for each image. Tiles overlap by two rows and columns: what no tile
/// before has written is set, the rest added to.
template <class T, Index Lanes, class Layout>
void transform_input_gradient(const TileBlock<Layout>& block, const T* in, const Frame& frame, T* gradient) {
  const Index pitch = frame.pitch();
  const Index stride = frame.image.channels;
  const Index point_stride = block.layout.point_stride();
  block.grid.for_each(block.tiles, [&](const TileGrid::Place& place, Index tile) {
    const bool above = place.y > 0;
    const bool before = place.x > 0;
    for (Index c = 0; c < block.channels(); c += Lanes) {
      const T* const from = in + block.layout.offset(c) + tile * kGroup<T>;
      T* const to = gradient + place.image * frame.size() + place.y * pitch + place.x * stride + c;
      transform_tile<InputGradientTransform, T, Lanes>(
          [&](Index i, Index j) { return load<T, Lanes>(from + (i * kInput + j) * point_stride); },
          [&](Index i, Index j, Vector<T, Lanes> value) {
            T* const at = to + i * pitch + j * stride;
            if ((i < 2 && above) || (j < 2 && before)) value += load<T, Lanes>(at);
            store<T, Lanes>(at, value);
          });
    }
  });
}

/// The point where both polynomials of a tile are evaluated at 1: in a transformed output gradient, the sum of the
/// tile.
inline constexpr Index kOnes = kInput + 1;

/// sums[c] += the bias gradients of the first `tiles` tiles, given the point kOnes of their output gradients.
template <class T, class Layout>
void add_bias_gradients(const Layout& layout, Index tiles, const T* ones, T* sums) {
  for (Index c = 0; c < layout.channels; c += kWidestLanes<T>) {
    const T* const from = ones + layout.offset(c);
    auto sum = load<T, kWidestLanes<T>>(sums + c);
    for (Index tile = 0; tile < tiles; ++tile) sum += load<T, kWidestLanes<T>>(from + tile * kGroup<T>);
    store<T, kWidestLanes<T>>(sums + c, sum);
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd
