#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/range.hpp>
#include <lamina/kernels/expression.hpp>
#include <lamina/kernels/frame.hpp>
#include <lamina/kernels/gradient_expression.hpp>
#include <lamina/kernels/panel_product.hpp>
#include <lamina/kernels/window.hpp>

/// @file
/// Copies of images, computed from expressions, with the zeros around them that a window reads.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Copies `count` pixels, counted over the whole batch from `first` on, to rows that lie `stride` values apart.
template <class T>
void copy_pixels(const TensorView<const T>& view, Index first, Index count, T* to, Index stride) {
  const Index channels = view.shape.channels;
  const T* const from = view.data + first * view.stride;
  if (view.dense() && stride == channels) {
    std::copy_n(from, count * channels, to);
    return;
  }
  for (Index i = 0; i < count; ++i) detail::copy_some(from + i * view.stride, to + i * stride, channels);
}

/// Writes the values of some pixels of an expression, also of one that is a tensor in memory.
template <class T>
void read_pixels(const Expression<T>& expression, Index first, Index count, T* to, Index stride) {
  if (expression.identity()) return copy_pixels(expression.raw, first, count, to, stride);
  materialize(expression, first, count, to, stride);
}
template <class T>
void read_pixels(const GradientExpression<T>& expression, Index first, Index count, T* to, Index stride) {
  if (expression.identity()) return copy_pixels(expression.gradient, first, count, to, stride);
  materialize(expression, first, count, to, stride);
}

namespace detail {

/// Whether a window with kernel rows at multiples of its dilation ever reads row `row` of a frame.
[[nodiscard]] constexpr bool window_reads(const Window& window, Index row) {
  for (Index i = 0; i < window.kernel; ++i) {
    if ((row - i * window.dilation) % window.stride == 0) return true;
  }
  return false;
}

}  // namespace detail

/// Some rows of the frames of some samples.
struct FrameRows {
  Frame frame{};
  Window window{};  ///< which may skip rows
  Range samples{};
  Range rows{};  ///< of each frame
};

/// Writes rows of frames one after the other. Those that the window skips stay as they are.
/// @param expression  of the images in the frames: an Expression or a GradientExpression
template <class T, class E>
void fill_frames(const E& expression, const FrameRows& part, T* to) {
  const auto& [frame, window, samples, rows] = part;
  const Shape& image = frame.image;
  const Index left = std::max<Index>(frame.border, 0);
  const Index x = left - frame.border;
  const Index count = std::max<Index>(0, std::min(image.width - x, frame.width - left));
  if (frame.bare() && frame.border == 0 && window.stride == 1 && rows.size() == frame.height) {
    return read_pixels(expression, samples.begin * image.pixels(), samples.size() * image.pixels(), to, image.channels);
  }
  for (Index n = samples.begin; n < samples.end; ++n) {
    for (Index row = rows.begin; row < rows.end; ++row, to += frame.pitch()) {
      const Index y = row - frame.border;
      if (y < 0 || y >= image.height || count == 0) {
        std::fill_n(to, frame.pitch(), T{0});
      } else if (detail::window_reads(window, row)) {
        std::fill_n(to, left * image.channels, T{0});
        read_pixels(expression, (n * image.height + y) * image.width + x, count, to + left * image.channels,
                    image.channels);
        std::fill(to + (left + count) * image.channels, to + frame.pitch(), T{0});
      }
    }
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
