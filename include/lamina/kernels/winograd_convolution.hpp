#pragma once

#include <type_traits>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/winograd/by_channels.hpp>
#include <lamina/kernels/winograd/by_images.hpp>

/// @file
/// 3x3 convolution at stride 1 by Winograd's F(4x4, 3x3): a quarter of the multiplications of the direct method. Tiles
/// go through an input transform, a matrix product for each of the 36 points and an output transform. Backward shares
/// the transformed output gradient between the gradients of the data and of the weights.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

namespace winograd {

/// The widest vectors that divide rows of so many channels.
template <class T>
[[nodiscard]] constexpr Index channel_lanes(Index channels) {
  Index lanes = kWidestLanes<T>;
  while (channels % lanes != 0) lanes /= 2;
  return lanes;
}

/// Whether the method can compute a convolution.
[[nodiscard]] constexpr bool computes(const ConvolutionShape& shape) {
  const Window& window = shape.geometry.window;
  return window.kernel == 3 && window.stride == 1 && window.dilation == 1 && shape.groups == 1;
}

/// Whether the method can compute a convolution and saves a third of its multiplications at least: outputs of 1x1 and
/// 2x2 do not fill a tile. Small batches are no exception: what they cost is the reading of the weights, by any method.
[[nodiscard]] constexpr bool pays(const ConvolutionShape& shape) {
  const Shape& output = shape.geometry.output;
  return computes(shape) && 3 * kPoints * TileGrid::of(output).tiles() <= 2 * 9 * output.pixels();
}

/// Whether a layer is wide: its transformed weights and the sums of their gradients do not fit the second-level cache.
[[nodiscard]] constexpr bool wide(Index inputs, Index outputs) { return inputs * outputs > 64 * 64; }

}  // namespace winograd

/// Winograd's convolution as a ConvolutionKernel. One instance serves all layers whose channels are multiples of the
/// same vectors, and are wide or are not.
template <class T, Index Inputs, Index Outputs>
using WinogradFor =
    std::conditional_t<winograd::wide(Inputs, Outputs),
                       winograd::ByChannels<T, winograd::channel_lanes<T>(Inputs), winograd::channel_lanes<T>(Outputs)>,
                       winograd::ByImages<T, winograd::channel_lanes<T>(Inputs), winograd::channel_lanes<T>(Outputs)>>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
