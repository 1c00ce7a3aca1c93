#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <lamina/core/shape.hpp>
#include <lamina/core/team.hpp>
#include <lamina/kernels/window.hpp>

namespace lamina::kernels {

namespace detail {

/// Calls tap(offset of the input pixel or -1 in the padding, offset in the patch) for each kernel position, in (row,
/// column) order, of output pixel `pixel`.
template <Index Channels, Index Kernel, class Tap>
[[gnu::always_inline]] inline void for_each_tap(const WindowGeometry& geometry, Index pixel, const Tap& tap) {
  const auto& [window, input, output] = geometry;
  const Index top = pixel / output.width * window.stride - window.padding;
  const Index left = pixel % output.width * window.stride - window.padding;
  for (Index i = 0; i < Kernel; ++i) {
    const Index y = top + i * window.dilation;
    const bool row_inside = y >= 0 && y < input.height;
    for (Index j = 0; j < Kernel; ++j) {
      const Index x = left + j * window.dilation;
      const bool inside = row_inside && x >= 0 && x < input.width;
      tap(inside ? (y * input.width + x) * Channels : Index{-1}, (i * Kernel + j) * Channels);
    }
  }
}

/// Copies a number of values that the compiler knows: std::copy_n would be a call even for three of them.
template <Index Count, class T>
[[gnu::always_inline]] inline void copy(const T* from, T* to) {
  std::memcpy(to, from, static_cast<std::size_t>(Count) * sizeof(T));
}

/// The first value of the patch of an output pixel, where each kernel row is one run of memory inside the image; else
/// null.
template <class T, Index Channels, Index Kernel>
[[nodiscard, gnu::always_inline]] inline const T* contiguous_patch(const WindowGeometry& geometry, const T* image,
                                                                   Index pixel) {
  const auto& [window, input, output] = geometry;
  const Index top = pixel / output.width * window.stride - window.padding;
  const Index left = pixel % output.width * window.stride - window.padding;
  const bool inside = top >= 0 && left >= 0 && top + Kernel <= input.height && left + Kernel <= input.width;
  return inside && window.dilation == 1 ? image + (top * input.width + left) * Channels : nullptr;
}

}  // namespace detail

/// Writes one row of Kernel * Kernel * Channels values (kernel row, kernel column, channel) for each output pixel of
/// the range: the patch of `image` under the window, zero in the padding. A convolution is this times the weights.
template <class T, Index Channels, Index Kernel>
void im2col(const WindowGeometry& geometry, const T* image, Range pixels, T* patches) {
  constexpr Index row = Kernel * Channels;
  const Index pitch = geometry.input.width * Channels;
  for (Index pixel = pixels.begin; pixel < pixels.end; ++pixel, patches += Kernel * row) {
    if (const T* const from = detail::contiguous_patch<T, Channels, Kernel>(geometry, image, pixel)) {
      for (Index i = 0; i < Kernel; ++i) detail::copy<row>(from + i * pitch, patches + i * row);
      continue;
    }
    detail::for_each_tap<Channels, Kernel>(geometry, pixel, [&](Index from, Index to) {
      if (from < 0) {
        std::fill_n(patches + to, Channels, T{0});
      } else {
        detail::copy<Channels>(image + from, patches + to);
      }
    });
  }
}

/// The transpose of im2col: adds each row of patches to the pixels of `image` that it came from.
template <class T, Index Channels, Index Kernel>
void add_col2im(const WindowGeometry& geometry, const T* patches, Range pixels, T* image) {
  for (Index pixel = pixels.begin; pixel < pixels.end; ++pixel, patches += Kernel * Kernel * Channels) {
    detail::for_each_tap<Channels, Kernel>(geometry, pixel, [&](Index to, Index from) {
      if (to < 0) return;
      for (Index c = 0; c < Channels; ++c) image[to + c] += patches[from + c];
    });
  }
}

}  // namespace lamina::kernels
