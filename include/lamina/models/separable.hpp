#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/global_avg_pool.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/models/normed_conv.hpp>
#include <lamina/network/layer_list.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

/// A depthwise separable convolution: each of `Inputs` channels by itself, then all together.
template <Index Inputs, Index Filters, Index Stride = 1>
inline constexpr auto kSeparableConv = LayerList<NormedConv<Inputs, 3, Stride, Inputs>, BatchNorm, ReLU,  //
                                                 NormedConv<Filters, 1>, BatchNorm, ReLU>{};

template <Index Classes>
[[nodiscard]] constexpr auto separable_layers() {
  return LayerList<NormedConv<32, 3>, BatchNorm, ReLU>{} + kSeparableConv<32, 64> +  //
         kSeparableConv<64, 128, 2> + kSeparableConv<128, 128> +                     //
         kSeparableConv<128, 256, 2> + repeat<2>(kSeparableConv<256, 256>) +         //
         LayerList<GlobalAvgPool, Linear<Classes>>{};
}

}  // namespace detail

/// A small MobileNet (Howard et al. 2017): depthwise separable convolutions with 32 to 256 channels, which halve the
/// image twice.
template <class Input = Image<32, 32, 3>, Index Classes = 100>
using SeparableNet = typename NetworkOf<Input, decltype(detail::separable_layers<Classes>())>::type;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
