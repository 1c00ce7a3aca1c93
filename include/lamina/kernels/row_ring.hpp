#pragma once

#include <algorithm>
#include <bit>

#include <lamina/core/buffer.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/simd.hpp>

namespace lamina::kernels {

/// The last few rows of an image in the cache, between zero pixels: what lets a window read past the image's edges.
/// Rows are evaluated one after the other, each once, from an expression or a gradient expression.
template <class T>
class RowRing {
 public:
  struct Layout {
    Shape image;
    Index rows = 1;    ///< that are in use at a time
    Index border = 0;  ///< zero pixels left and right of each row

    /// Rows of memory: a power of two, which makes the place of a row cheap to find.
    [[nodiscard]] constexpr Index capacity() const {
      return static_cast<Index>(std::bit_ceil(static_cast<std::size_t>(rows)));
    }
    /// Values from pixel to pixel: whole cache lines, an odd number of them, so that pixels spread over the whole
    /// cache.
    [[nodiscard]] constexpr Index stride() const {
      constexpr Index line = static_cast<Index>(kAlignment / sizeof(T));
      return round_up(image.channels, line) + (round_up(image.channels, line) / line % 2 == 0 ? line : 0);
    }
    [[nodiscard]] constexpr Index pitch() const { return (image.width + 2 * border) * stride(); }
    /// Values of memory: the ring and a row of zeros.
    [[nodiscard]] constexpr Index size() const { return (capacity() + 1) * pitch(); }
  };

  RowRing(const Layout& layout, T* memory)
      : image_(layout.image),
        mask_(layout.capacity() - 1),
        pitch_(layout.pitch()),
        stride_(layout.stride()),
        first_(memory + pitch_ + layout.border * stride_),
        zeros_(memory + layout.border * stride_) {
    std::fill_n(memory, pitch_, T{0});
    const Index side = layout.border * stride_;
    for (T* row = memory + pitch_; row < memory + layout.size(); row += pitch_) {
      std::fill_n(row, side, T{0});
      std::fill_n(row + pitch_ - side, side, T{0});
    }
  }

  /// Values from one pixel to the next.
  [[nodiscard]] Index stride() const { return stride_; }
  /// The first pixel of a row of the image, one of the last `rows` that were filled; zeros for a row outside the image.
  [[nodiscard]] const T* row(Index y) const {
    return y < 0 || y >= image_.height ? zeros_ : first_ + (y & mask_) * pitch_;
  }

  /// Goes to an image, of which it needs the rows from `row` on.
  void restart(Index sample, Index row) {
    sample_ = sample;
    next_ = std::max<Index>(row, 0);
  }

  /// Evaluates the rows up to `end` that are missing.
  /// @param keep  where their values go as well; empty for nowhere
  template <class Source>
  void fill(const Source& source, Index end, TensorView<T> keep = {}) {
    for (; next_ < std::min(end, image_.height); ++next_) {
      T* const to = first_ + (next_ & mask_) * pitch_;
      const Index pixel = (sample_ * image_.height + next_) * image_.width;
      evaluate(source, pixel, image_.width, to, stride_);
      for (Index x = 0; x < image_.width && !keep.empty(); ++x) {
        std::copy_n(to + x * stride_, image_.channels, keep.data + (pixel + x) * keep.stride);
      }
    }
  }

 private:
  Shape image_;
  Index mask_;
  Index pitch_;
  Index stride_;
  T* first_;
  const T* zeros_;
  Index sample_ = 0;
  Index next_ = 0;
};

}  // namespace lamina::kernels
