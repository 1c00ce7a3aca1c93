#pragma once

#include <lamina/kernels/winograd/by_channels.hpp>
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

/// Whether a layer is wide: its transformed weights, in both directions and beside the sums of their gradients, do not
/// fit the second-level cache.
[[nodiscard]] constexpr bool wide(const ConvolutionShape& shape) { return shape.inputs() * shape.outputs() > 64 * 64; }

}  // namespace winograd

/// Winograd's convolution as a ConvolutionKernel, for any channels that are multiples of the lanes: one instance serves
/// all layers of a network whose channels are.
/// @tparam InputLanes, OutputLanes  vectors in which pixels are read and written; see winograd::channel_lanes
template <class T, Index InputLanes, Index OutputLanes>
struct Winograd {
  static Index prepared_size(const ConvolutionShape& shape) {
    return winograd::wide(shape) ? Wide::prepared_size(shape) : Narrow::prepared_size(shape);
  }
  static void prepare(const ConvolutionShape& shape, const T* weights, const T* bias, T* prepared) {
    winograd::wide(shape) ? Wide::prepare(shape, weights, bias, prepared)
                          : Narrow::prepare(shape, weights, bias, prepared);
  }
  static Index forward_scratch(const ConvolutionShape& shape, Index batch, Index threads) {
    return winograd::wide(shape) ? Wide::forward_scratch(shape, batch, threads)
                                 : Narrow::forward_scratch(shape, batch, threads);
  }
  static Index backward_scratch(const ConvolutionShape& shape, Index batch, Index threads) {
    return winograd::wide(shape) ? Wide::backward_scratch(shape, batch, threads)
                                 : Narrow::backward_scratch(shape, batch, threads);
  }
  static void forward(const ConvolutionShape& shape, const ConvolutionForward<T>& pass) {
    winograd::wide(shape) ? Wide::forward(shape, pass) : Narrow::forward(shape, pass);
  }
  static void backward(const ConvolutionShape& shape, const ConvolutionBackward<T>& pass) {
    winograd::wide(shape) ? Wide::backward(shape, pass) : Narrow::backward(shape, pass);
  }

 private:
  using Narrow = winograd::ByImages<T, InputLanes, OutputLanes>;
  using Wide = winograd::ByChannels<T, InputLanes, OutputLanes>;
};

/// The instance for a number of channels.
template <class T, Index Inputs, Index Outputs>
using WinogradFor = Winograd<T, winograd::channel_lanes<T>(Inputs), winograd::channel_lanes<T>(Outputs)>;

}  // namespace lamina::kernels
