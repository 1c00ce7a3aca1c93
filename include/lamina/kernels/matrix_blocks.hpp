#pragma once

#include <algorithm>

#include <lamina/core/buffer.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/kernels/convolution_kernel.hpp>
#include <lamina/kernels/framed_images.hpp>
#include <lamina/kernels/patches.hpp>

/// @file
/// How MatrixConvolution cuts its work and its scratch memory. All borders depend on sizes alone.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::matrix {

/// Rows of a block of the left factor: with DepthBlocks::kMost columns they take a part of the second-level cache.
inline constexpr Index kBlockRows = 144;
/// Values from row to row of a block that is copied: the rows lie in different sets of the first-level cache.
inline constexpr Index kBlockStride = DepthBlocks::kMost + 16;

/// Cuts rows into blocks of about the same size.
struct RowBlocks {
  Index rows = 0;
  Index most = kBlockRows;

  [[nodiscard]] constexpr Index size() const {
    const Index blocks = std::max<Index>(1, (rows + most - 1) / most);
    return std::max<Index>(1, std::min(most, round_up((rows + blocks - 1) / blocks, 12)));
  }
  [[nodiscard]] constexpr Index count() const { return (rows + size() - 1) / size(); }
  [[nodiscard]] constexpr Range operator[](Index block) const {
    return {block * size(), std::min((block + 1) * size(), rows)};
  }
};

/// Whether each output pixel reads the one input pixel at the same place.
[[nodiscard]] constexpr bool pointwise(const ConvolutionShape& shape) {
  const Window& window = shape.geometry.window;
  return window.kernel == 1 && window.stride == 1 && window.padding == 0;
}

/// Whether it pays to ask for the next tensors ahead: where they are too large for the last-level cache and all of them
/// is read.
[[nodiscard]] constexpr bool reads_ahead(const ConvolutionShape& shape, Index batch) {
  constexpr Index values = 1024 * 1024;
  return shape.geometry.window.stride == 1 &&
         batch * (shape.geometry.input.size() + shape.geometry.output.size()) > values;
}

/// Whether products read the patches where they lie, for a factor with so many rows and columns: a copy pays where it
/// is used for many columns.
[[nodiscard]] constexpr bool reads_windows(const ConvolutionShape& shape, Index depth, Index columns) {
  const Window& window = shape.geometry.window;
  return shape.groups == 1 && window.kernel > 1 && window.dilation == 1 && depth <= 1024 && columns <= 64;
}
[[nodiscard]] constexpr DepthBlocks factor_blocks(const ConvolutionShape& shape, Index depth, Index columns) {
  return {depth, reads_windows(shape, depth, columns) ? depth : DepthBlocks::kMost};
}

/// Channels that a group reads and writes.
[[nodiscard]] constexpr Index group_inputs(const ConvolutionShape& shape) { return shape.inputs() / shape.groups; }
[[nodiscard]] constexpr Index group_outputs(const ConvolutionShape& shape) { return shape.outputs() / shape.groups; }

/// What goes through together: a run of pixels of a pointwise convolution, else some images, few enough for the
/// second-level cache and enough for a block of rows.
struct Units {
  Index batch = 0;
  Index images = 0;    ///< of a unit; none for runs of pixels
  RowBlocks pixels{};  ///< runs of pixels

  [[nodiscard]] static constexpr Units of(const ConvolutionShape& shape, Index batch) {
    const Index pixels = shape.geometry.output.pixels();
    if (pointwise(shape)) return {batch, 0, {batch * pixels}};
    return {batch, std::clamp<Index>((kBlockRows - 24 + pixels - 1) / pixels, 1, std::max<Index>(batch, 1)), {}};
  }

  [[nodiscard]] constexpr Index count() const { return images == 0 ? pixels.count() : (batch + images - 1) / images; }
  [[nodiscard]] constexpr Range samples(Index unit) const {
    return {unit * images, std::min((unit + 1) * images, batch)};
  }
  /// Pixels of a unit, counted over the whole batch, of images with `image` pixels each.
  [[nodiscard]] constexpr Range of_pixels(Index unit, Index image) const {
    return images == 0 ? pixels[unit] : Range{samples(unit).begin * image, samples(unit).end * image};
  }
  /// The most pixels of a unit.
  [[nodiscard]] constexpr Index size(Index image) const { return images == 0 ? pixels.size() : images * image; }
};

/// The frame of input images that the window reads.
[[nodiscard]] constexpr Frame input_frame(const WindowGeometry& geometry) {
  const Window& window = geometry.window;
  return {geometry.input, (geometry.output.height - 1) * window.stride + window.extent(),
          (geometry.output.width - 1) * window.stride + window.extent(), window.padding};
}

/// The window whose positions are the pixels of the input gradient and which reads the output gradient, in a frame;
/// only for stride 1.
[[nodiscard]] constexpr Window gradient_window(const Window& window) {
  return {.kernel = window.kernel,
          .stride = 1,
          .padding = window.extent() - 1 - window.padding,
          .dilation = window.dilation};
}

/// The frame of output gradients that gradient_window reads; all of the image is in it.
[[nodiscard]] constexpr Frame gradient_frame(const WindowGeometry& geometry) {
  const Window window = gradient_window(geometry.window);
  const Index border = std::max<Index>(window.padding, 0);
  const Index begin = border - window.padding;
  return {geometry.output,
          std::max(border + geometry.output.height, begin + geometry.input.height + window.extent() - 1),
          std::max(border + geometry.output.width, begin + geometry.input.width + window.extent() - 1), border};
}

/// Values from pixel to pixel of a run of pixels that is copied: see kBlockStride.
[[nodiscard]] constexpr Index run_stride(Index channels) { return round_up(channels, 16) + 16; }

/// Values behind copied images that may be read: see Patches and multiply_windows.
template <class T>
[[nodiscard]] constexpr Index slack(const WindowGeometry& geometry) {
  return Patches<T>::kSlack + geometry.window.stride * std::max(geometry.input.channels, geometry.output.channels);
}

/// Values of scratch memory for the images that image_patches copies.
template <class T>
[[nodiscard]] constexpr Index input_size(const ConvolutionShape& shape, const Units& units) {
  if (units.images == 0) return whole_lines<T>(kBlockRows * run_stride(shape.inputs()));
  return whole_lines<T>(units.images * input_frame(shape.geometry).size() + slack<T>(shape.geometry));
}

/// Patches of a run of pixels in memory: the pixels.
template <class T>
[[nodiscard]] Patches<T> run_patches(T* pixels, Index stride, Index count, Index channels) {
  return {.images = pixels,
          .pixel_stride = stride,
          .row_stride = count * stride,
          .image_stride = count * stride,
          .window = {},
          .height = 1,
          .width = count,
          .channels = channels};
}

/// Patches of images in frames.
template <class T>
[[nodiscard]] Patches<T> frame_patches(T* frames, const Frame& frame, Index height, const Window& window,
                                       const Shape& positions, Index channels) {
  return {.images = frames,
          .pixel_stride = frame.image.channels,
          .row_stride = frame.pitch(),
          .image_stride = height * frame.pitch(),
          .window = window,
          .height = positions.height,
          .width = positions.width,
          .channels = channels,
          .slack = true};
}

/// Patches of a run of pixels of an expression, which are copied to `buffer` where they do not lie in memory.
template <class T>
[[nodiscard]] Patches<const T> run_of(const Expression<T>& input, Range pixels, Index channels, T* buffer) {
  if (input.identity()) {
    return run_patches<const T>(input.raw.data + pixels.begin * input.raw.stride, input.raw.stride, pixels.size(),
                                channels);
  }
  const Index stride = run_stride(input.raw.shape.channels);
  materialize(input, pixels.begin, pixels.size(), buffer, stride);
  return run_patches<const T>(buffer, stride, pixels.size(), channels);
}

/// A part of the output, whose patches are wanted.
struct OutputPart {
  Range samples{};
  Range rows{};
  bool copy = false;  ///< the images, wherever they lie
};

/// Patches for a part of the output. Images are copied to `buffer`, of input_size values, where they do not lie in
/// memory as the window reads them, and where that is asked for.
template <class T>
[[nodiscard]] Patches<const T> image_patches(const ConvolutionShape& shape, const Expression<T>& input,
                                             const OutputPart& part, T* buffer) {
  const auto& [samples, rows, copy] = part;
  const auto& [window, image, output] = shape.geometry;
  const Shape positions{rows.size(), output.width, 0};
  const Index channels = group_inputs(shape);
  if (!copy && input.identity() && window.padding == 0) {
    const Index pitch = image.width * input.raw.stride;
    return {.images = input.raw.sample(samples.begin) + rows.begin * window.stride * pitch,
            .pixel_stride = input.raw.stride,
            .row_stride = pitch,
            .image_stride = image.height * pitch,
            .window = window,
            .height = positions.height,
            .width = positions.width,
            .channels = channels};
  }
  const Frame frame = input_frame(shape.geometry);
  const Range frame_rows{rows.begin * window.stride, (rows.end - 1) * window.stride + window.extent()};
  fill_frames<T>(input, {frame, window, samples, frame_rows}, buffer);
  return frame_patches<const T>(buffer, frame, frame_rows.size(), window, positions, channels);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::matrix
