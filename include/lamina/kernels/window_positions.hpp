#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/convolution_kernel.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Which input pixel each position of a window reads with each of its taps (kernel row, kernel column). In small images
/// many lie in the padding and need no product.
struct WindowPositions {
  WindowGeometry geometry;

  [[nodiscard]] constexpr Index taps() const { return geometry.window.kernel * geometry.window.kernel; }
  [[nodiscard]] constexpr Index outputs() const { return geometry.output.pixels(); }
  [[nodiscard]] constexpr Index inputs() const { return geometry.input.pixels(); }

  /// The pixel that an output pixel reads with a tap, or -1 in the padding.
  [[nodiscard, gnu::noinline]] constexpr Index input(Index output, Index tap) const {
    const Index width = geometry.output.width;
    const Index kernel = geometry.window.kernel;
    const Index y = read(output / width, tap / kernel, geometry.input.height);
    const Index x = read(output % width, tap % kernel, geometry.input.width);
    return y < 0 || x < 0 ? -1 : y * geometry.input.width + x;
  }

  /// The pixel that reads an input pixel with a tap, or -1 where none does.
  [[nodiscard, gnu::noinline]] constexpr Index output(Index input, Index tap) const {
    const Index width = geometry.input.width;
    const Index kernel = geometry.window.kernel;
    const Index y = written(input / width, tap / kernel, geometry.output.height);
    const Index x = written(input % width, tap % kernel, geometry.output.width);
    return y < 0 || x < 0 ? -1 : y * geometry.output.width + x;
  }

  /// Whether at least a sixth of all reads are in the padding, but not all of any position.
  [[nodiscard, gnu::noinline]] constexpr bool sparse() const {
    const Index rows = reads(geometry.output.height, geometry.input.height);
    const Index columns = reads(geometry.output.width, geometry.input.width);
    return rows > 0 && columns > 0 && 6 * rows * columns <= 5 * outputs() * taps();
  }

 private:
  [[nodiscard]] constexpr Index read(Index position, Index tap, Index size) const {
    const Window& window = geometry.window;
    const Index pixel = position * window.stride - window.padding + tap * window.dilation;
    return pixel < size ? pixel : -1;
  }
  [[nodiscard]] constexpr Index written(Index pixel, Index tap, Index positions) const {
    const Window& window = geometry.window;
    const Index offset = pixel + window.padding - tap * window.dilation;
    if (offset < 0 || offset % window.stride != 0) return -1;
    const Index position = offset / window.stride;
    return position < positions ? position : -1;
  }
  /// Reads inside of the image along one side, or 0 where a position has none.
  [[nodiscard]] constexpr Index reads(Index positions, Index size) const {
    Index count = 0;
    for (Index position = 0; position < positions; ++position) {
      const Index before = count;
      for (Index tap = 0; tap < geometry.window.kernel; ++tap) count += read(position, tap, size) >= 0 ? 1 : 0;
      if (count == before) return 0;
    }
    return count;
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
