#pragma once

#include <algorithm>
#include <bit>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/expression.hpp>
#include <lamina/kernels/gradient_expression.hpp>
#include <lamina/kernels/reduction.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// The last few rows of an image in the cache, between zero pixels: what lets a window read past the image's edges.
/// Rows are materialized one after the other, each once, from an expression or a gradient expression. Within a row a
/// vector of channels has its pixels side by side, so that a window finds its taps at fixed distances.
template <class T>
class RowPanels {
 public:
  struct Layout {
    Shape image;
    Index rows = 1;    ///< that are in use at a time
    Index border = 0;  ///< zero pixels left and right of each row

    /// Rows of memory: a power of two, which makes the place of a row cheap to find.
    [[nodiscard]] constexpr Index capacity() const {
      return static_cast<Index>(std::bit_ceil(static_cast<std::size_t>(rows)));
    }
    [[nodiscard]] constexpr Index width() const { return image.width + 2 * border; }
    [[nodiscard]] constexpr Index pitch() const { return whole_lines<T>(width() * image.channels); }
    /// Values of memory: a row of zeros and the ring of rows.
    [[nodiscard]] constexpr Index size() const { return (1 + capacity()) * pitch(); }
  };

  RowPanels(const Layout& layout, T* memory) : layout_(layout), zeros_(memory), first_(memory + layout.pitch()) {
    std::fill_n(memory, layout.pitch(), T{0});
    const Index side = layout.border;
    for_channel_panels<T>(layout.image.channels, [&]<Index Lanes>(Range channels) {
      for (T* row = first_; row < memory + layout.size(); row += layout.pitch()) {
        for (Index c = channels.begin; c < channels.end; c += Lanes) {
          T* const panel = row + c * layout.width();
          std::fill_n(panel, side * Lanes, T{0});
          std::fill_n(panel + (side + layout.image.width) * Lanes, side * Lanes, T{0});
        }
      }
    });
  }

  /// Pixel x of row y, one of the last `rows` that were filled, in the panel of Lanes channels from c on; zeros for a
  /// row outside the image. The next pixel lies Lanes values on.
  template <Index Lanes>
  [[nodiscard, gnu::always_inline]] const T* at(Index y, Index x, Index c) const {
    const bool inside = y >= 0 && y < layout_.image.height;
    const T* const row = inside ? first_ + (y & (layout_.capacity() - 1)) * layout_.pitch() : zeros_;
    return row + c * layout_.width() + (x + layout_.border) * Lanes;
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
    for (end = std::min(end, layout_.image.height); next_ < end; ++next_) {
      const Index pixel = (sample_ * layout_.image.height + next_) * layout_.image.width;
      for_channel_panels<T>(layout_.image.channels, [&]<Index Lanes>(Range channels) {
        for (Index c = channels.begin; c < channels.end; c += Lanes) {
          T* const to = const_cast<T*>(at<Lanes>(next_, 0, c));
          materialize_panel<Lanes>(source, pixel, c, to);
          for (Index x = 0; x < layout_.image.width && !keep.empty(); ++x) {
            store<T, Lanes>(keep.data + (pixel + x) * keep.stride + c, load<T, Lanes>(to + x * Lanes));
          }
        }
      });
    }
  }

 private:
  template <Index Lanes>
  void materialize_panel(const Expression<T>& source, Index pixel, Index c, T* to) const {
    const Index stride = source.raw.stride;
    const T* const from = source.raw.data + pixel * stride + c;
    if (source.identity()) {
      return write<Lanes>(to, from, stride, [&](Index x) { return load<T, Lanes>(from + x * stride); });
    }
    const ExpressionReader<T, Lanes> read(source, c);
    write<Lanes>(to, from, stride, [&](Index x) {
      return read.rectify(read.pre_activation((pixel + x) * stride + c, (pixel + x) * source.addend.stride + c));
    });
    const Index size = layout_.image.width * Lanes;
    if (!source.activation.rectifier()) source.activation.apply(size, to, to);
  }

  template <Index Lanes>
  void materialize_panel(const GradientExpression<T>& source, Index pixel, Index c, T* to) const {
    const Index stride = source.gradient.stride;
    const GradientReader<T, Lanes> read(source, c);
    write<Lanes>(to, source.gradient.data + pixel * stride + c, stride,
                 [&](Index x) { return read((pixel + x) * stride + c, (pixel + x) * source.raw.stride + c); });
  }

  /// Writes value(x) for a row of pixels x, and asks for the pixels a few rows below.
  template <Index Lanes, class Value>
  [[gnu::always_inline]] void write(T* to, const T* from, Index stride, const Value& value) const {
    const Index width = layout_.image.width;
    const T* const ahead = from + kPrefetchRows * width * stride;
    for (Index x = 0; x < width; ++x) {
      prefetch(ahead + x * stride);
      store<T, Lanes>(to + x * Lanes, value(x));
    }
  }

  Layout layout_;
  const T* zeros_;
  T* first_;
  Index sample_ = 0;
  Index next_ = 0;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
