#pragma once

#include <lamina/lamina.hpp>

#include "normed_conv.hpp"

/// @file
/// Networks that users bring and that convolve in groups.

namespace lamina::bench {

namespace detail {

/// A depthwise separable convolution (Howard et al. 2017): each of `Inputs` channels by itself, then all together.
template <Index Inputs, Index Filters, Index Stride = 1>
inline constexpr auto kSeparableConv =
    LayerList<Conv2d<Inputs, 3, ConvOptions{.stride = Stride, .groups = Inputs, .bias = false}>, BatchNorm, ReLU,
              NormedConv<Filters, 1>, BatchNorm, ReLU>{};

[[nodiscard]] constexpr auto separable_layers() {
  return LayerList<NormedConv<32, 3>, BatchNorm, ReLU>{} + kSeparableConv<32, 64> +  //
         kSeparableConv<64, 128, 2> + kSeparableConv<128, 128> +                     //
         kSeparableConv<128, 256, 2> + repeat<2>(kSeparableConv<256, 256>) +         //
         LayerList<GlobalAvgPool, Linear<100>>{};
}

}  // namespace detail

/// A small MobileNet for CIFAR, of depthwise separable convolutions with 32 to 256 channels.
using Separable = NetworkOf<Image<32, 32, 3>, decltype(detail::separable_layers())>::type;

}  // namespace lamina::bench
