#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/window.hpp>
#include <lamina/layers/requirement.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// What the poolings over a window have in common: its shape rule and what it asks of an input.
/// @tparam Stride  0 for windows side by side, which must cover the image without a remainder
template <Index Kernel, Index Stride, Index Padding>
struct PoolingWindow {
  static_assert(Kernel > 0 && Stride >= 0 && Padding >= 0);
  static_assert(Stride > 0 || Padding == 0, "Lamina: a padded pooling needs a stride, as in MaxPool<3, 2, 1>");
  static_assert(2 * Padding <= Kernel, "Lamina: the padding of a pooling must be at most half its kernel");

  static constexpr kernels::Window window{
      .kernel = Kernel, .stride = Stride == 0 ? Kernel : Stride, .padding = Padding};

  [[nodiscard]] static constexpr Shape output(const Shape& input) {
    return {window.positions(input.height), window.positions(input.width), input.channels};
  }
  [[nodiscard]] static constexpr kernels::WindowGeometry geometry(const Shape& input) {
    return {window, input, output(input)};
  }

  [[nodiscard]] static constexpr bool divides(const Shape& input) {
    return Stride > 0 || (input.height % Kernel == 0 && input.width % Kernel == 0);
  }
  [[nodiscard]] static constexpr Index next(Index side) { return (side + Kernel - 1) / Kernel * Kernel; }
  /// Side of the smallest image that the window fits into.
  static constexpr Index smallest = std::max<Index>(1, Kernel - 2 * Padding);
  [[nodiscard]] static constexpr bool fits(const Shape& input) {
    return Stride == 0 || (input.height >= smallest && input.width >= smallest);
  }

  template <class At, class Layer, Shape Input>
  struct Requires : PoolingDividesInput<At, Layer, Shape{next(Input.height), next(Input.width), Input.channels}, Input,
                                        divides(Input)>,
                    WindowFitsInput<At, Layer, Shape{smallest, smallest, Input.channels}, Input, fits(Input)> {};
};

/// Calls body(output pixel, input pixel) for the pixels of every window that lie on the image, row by row; pixels are
/// counted over the batch.
template <class Input, class Output, class Body>
void for_each_window(const kernels::Window& window, const Input& input, const Output& output, const Body& body) {
  const Shape& size = output.shape;
  for (Index out = 0; out < output.pixels(); ++out) {
    const Index top = out / size.width % size.height * window.stride - window.padding;
    const Index left = out % size.width * window.stride - window.padding;
    const Index bottom = std::min(top + window.kernel, input.shape.height);
    const Index right = std::min(left + window.kernel, input.shape.width);
    const Index image = out / size.pixels() * input.shape.height;
    for (Index y = std::max<Index>(top, 0); y < bottom; ++y) {
      for (Index x = std::max<Index>(left, 0); x < right; ++x) body(out, (image + y) * input.shape.width + x);
    }
  }
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
