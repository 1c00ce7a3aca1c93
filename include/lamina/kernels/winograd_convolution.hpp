#pragma once

#include <lamina/kernels/winograd/by_images.hpp>

/// @file
/// 3x3 convolution at stride 1 by Winograd's F(4x4, 3x3): a quarter of the multiplications of the direct method. Tiles
/// go through an input transform, a matrix product for each of the 36 points and an output transform. Backward shares
/// the transformed output gradient between the gradients of the data and of the weights.

namespace lamina::kernels {

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

}  // namespace winograd

/// Winograd's convolution as a ConvolutionKernel, for any channels that are multiples of the lanes: one instance serves
/// all layers of a network whose channels are.
/// @tparam InputLanes, OutputLanes  vectors in which pixels are read and written; see winograd::channel_lanes
template <class T, Index InputLanes, Index OutputLanes>
struct Winograd : winograd::ByImages<T, InputLanes, OutputLanes> {};

/// The instance for a number of channels.
template <class T, Index Inputs, Index Outputs>
using WinogradFor = Winograd<T, winograd::channel_lanes<T>(Inputs), winograd::channel_lanes<T>(Outputs)>;

}  // namespace lamina::kernels
