#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/window.hpp>

/// @file
/// The patches of an image under a window, one behind the other as rows of a matrix (im2col), in which a convolution is
/// a matrix product.

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// Calls body(row of the patch matrix, its first column, input pixel) for every pixel that a window sees; those in the
/// padding are left out.
template <class Body>
void for_each_patch_pixel(const kernels::WindowGeometry& geometry, Index channels, const Body& body) {
  const auto& [window, input, output] = geometry;
  for (Index pixel = 0; pixel < output.pixels(); ++pixel) {
    for (Index tap = 0; tap < window.kernel * window.kernel; ++tap) {
      const Index y = pixel / output.width * window.stride - window.padding + tap / window.kernel * window.dilation;
      const Index x = pixel % output.width * window.stride - window.padding + tap % window.kernel * window.dilation;
      if (y >= 0 && y < input.height && x >= 0 && x < input.width) body(pixel, tap * channels, y * input.width + x);
    }
  }
}

/// One row a pixel of the output: the window's pixels (row, column, channel), zero in the padding.
template <class T>
[[nodiscard]] Matrix<T> patches(const kernels::WindowGeometry& geometry, const TensorView<const T>& image) {
  const Index channels = image.shape.channels;
  Matrix<T> rows =
      Matrix<T>::Zero(geometry.output.pixels(), geometry.window.kernel * geometry.window.kernel * channels);
  for_each_patch_pixel(geometry, channels, [&, pixels = image.matrix()](Index row, Index column, Index pixel) {
    rows.row(row).segment(column, channels) = pixels.row(pixel);
  });
  return rows;
}

/// The transpose of patches(): adds each row to the pixels that it came from.
template <class T>
void add_patches(const kernels::WindowGeometry& geometry, const Matrix<T>& rows, const TensorView<T>& image) {
  const Index channels = image.shape.channels;
  MatrixMap<T> pixels = image.matrix();
  for_each_patch_pixel(geometry, channels, [&](Index row, Index column, Index pixel) {
    pixels.row(pixel) += rows.row(row).segment(column, channels);
  });
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
