#pragma once

#include <algorithm>
#include <cstddef>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/panel_product.hpp>
#include <lamina/kernels/reduction.hpp>
#include <lamina/kernels/window.hpp>

/// @file
/// The left factor of a convolution as a product: a row for each position of the window, with the values under it.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Images in memory with the border that a window reaches into, and the window's positions.
template <class T>
struct Patches {
  /// Values that may be read behind the last image: copies of short runs then need no care at their ends.
  static constexpr Index kSlack = 16;

  T* images = nullptr;
  Index pixel_stride = 0;  ///< values from one pixel to the next, one row of pixels to the next, and so on
  Index row_stride = 0;
  Index image_stride = 0;
  Window window;     ///< its padding is part of the images
  Index height = 0;  ///< positions of the window in an image
  Index width = 0;
  Index channels = 0;  ///< that a patch has of each pixel: those of a group
  bool slack = false;  ///< whether kSlack values follow the images

  [[nodiscard]] constexpr Index positions() const { return height * width; }
  [[nodiscard]] constexpr Index depth() const { return window.kernel * window.kernel * channels; }
  /// Whether all patches of a group lie in memory as the rows of a matrix.
  [[nodiscard]] constexpr bool rows() const {
    return window.kernel == 1 && window.stride == 1 && row_stride == width * pixel_stride &&
           image_stride == height * row_stride;
  }
  /// Whether reading many rows at once is slow, as all of them lie in the same set of the first-level cache.
  [[nodiscard]] constexpr bool aliased() const { return pixel_stride * static_cast<Index>(sizeof(T)) % 4096 == 0; }
  /// The first value of the patch at a position that is counted over all images.
  [[nodiscard]] constexpr T* patch(Index position) const {
    const Index image = position / positions();
    const Index rest = position % positions();
    return images + image * image_stride + rest / width * window.stride * row_stride +
           rest % width * window.stride * pixel_stride;
  }
  /// The patches of a group of channels.
  [[nodiscard]] constexpr Patches group(Index number) const {
    Patches part = *this;
    part.images += number * channels;
    return part;
  }
};

namespace detail {

/// Calls run(first position of the run, number of positions) for the runs of positions in one row of an image.
template <class T, class Run>
[[gnu::always_inline]] inline void for_position_runs(const Patches<T>& patches, Range positions, const Run& run) {
  for (Index first = positions.begin; first < positions.end;) {
    const Index count = std::min(patches.width - first % patches.width, positions.end - first);
    run(first, count);
    first += count;
  }
}

/// Calls run(offset in a patch's memory, offset in the patch, number of values) for the runs of memory that make up a
/// range of a patch.
template <class T, class Run>
[[gnu::always_inline]] inline void for_patch_runs(const Patches<T>& patches, Range depth, const Run& run) {
  const Index kernel = patches.window.kernel;
  const bool joined = patches.window.dilation == 1 && patches.pixel_stride == patches.channels;
  const Index length = joined ? kernel * patches.channels : patches.channels;
  const Index runs = joined ? 1 : kernel;
  for (Index number = depth.begin / length; number * length < depth.end; ++number) {
    const Index begin = std::max(depth.begin, number * length);
    const Index end = std::min(depth.end, (number + 1) * length);
    const Index memory = number / runs * patches.window.dilation * patches.row_stride +
                         number % runs * patches.window.dilation * patches.pixel_stride;
    run(memory + begin - number * length, begin, end - begin);
  }
}

template <class T, Index Lanes>
void copy_run(const T* from, Index from_stride, T* to, Index to_stride, Index count, Index length) {
  for (Index i = 0; i < count; ++i) {
    for (Index k = 0; k < length; k += Lanes) {
      store<T, Lanes>(to + i * to_stride + k, load<T, Lanes>(from + i * from_stride + k));
    }
  }
}

/// Copies `count` runs of `length` values, and what follows up to a whole vector.
template <class T>
void copy_runs_and_more(const T* from, Index from_stride, T* to, Index to_stride, Index count, Index length) {
  constexpr Index lanes = kWidestLanes<T>;
  constexpr Index four = std::min<Index>(lanes, 4);
  constexpr Index eight = std::min<Index>(lanes, 8);
  if (length <= four) return copy_run<T, four>(from, from_stride, to, to_stride, count, length);
  if (length <= eight) return copy_run<T, eight>(from, from_stride, to, to_stride, count, length);
  return copy_run<T, lanes>(from, from_stride, to, to_stride, count, length);
}

}  // namespace detail

/// Writes a range of the depth of the patches at a range of positions to rows of `tile`, which must have room for
/// kSlack values more.
template <class T>
[[gnu::noinline]] void copy_patches(const Patches<const T>& patches, Range positions, Range depth, T* tile,
                                    Index stride) {
  const Index step = patches.window.stride * patches.pixel_stride;
  detail::for_position_runs(patches, positions, [&](Index first, Index count) {
    const T* const from = patches.patch(first);
    T* const to = tile + (first - positions.begin) * stride - depth.begin;
    detail::for_patch_runs(patches, depth, [&](Index memory, Index offset, Index length) {
      if (patches.slack) {
        detail::copy_runs_and_more<T>(from + memory, step, to + offset, stride, count, length);
      } else {
        for (Index i = 0; i < count; ++i) {
          detail::copy_some<T>(from + memory + i * step, to + offset + i * stride, length);
        }
      }
    });
  });
}

/// The transpose of copy_patches: adds the rows of `tile` to the images.
template <class T>
[[gnu::noinline]] void add_patches(const Patches<T>& patches, Range positions, const T* tile, Index stride) {
  const Index step = patches.window.stride * patches.pixel_stride;
  detail::for_position_runs(patches, positions, [&](Index first, Index count) {
    T* const to = patches.patch(first);
    const T* const from = tile + (first - positions.begin) * stride;
    for (Index i = 0; i < count; ++i) {
      detail::for_patch_runs(patches, {0, patches.depth()}, [&](Index memory, Index offset, Index length) {
        for_channel_vectors<T>(length, [&]<Index Lanes>(Index c) {
          T* const sum = to + i * step + memory + c;
          store<T, Lanes>(sum, load<T, Lanes>(sum) + load<T, Lanes>(from + i * stride + offset + c));
        });
      });
    }
  });
}

/// Rows of the left factor for a range of positions and of the depth: in the images where they lie there as rows, else
/// copied to `tile`.
template <class T>
[[nodiscard, gnu::noinline]] MatrixRows<const T> patch_rows(const Patches<const T>& patches, Range positions,
                                                            Range depth, T* tile, Index stride) {
  if (patches.rows() && !patches.aliased()) {
    return {patches.images + positions.begin * patches.pixel_stride + depth.begin, patches.pixel_stride};
  }
  copy_patches(patches, positions, depth, tile, stride);
  return {tile, stride};
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
