#pragma once

#include <lamina/lamina.hpp>

#include "normed_conv.hpp"

/// @file
/// Networks that users bring and that join branches.

namespace lamina::bench {

namespace detail {

/// Six layers of a dense block with bottlenecks (DenseNet-B), each of which adds `Growth` channels to what it reads.
template <Index Growth>
inline constexpr auto kDenseBlock = repeat<6>(
    LayerList<Concat<
        Identity, Sequential<BatchNorm, ReLU, NormedConv<4 * Growth, 1>, BatchNorm, ReLU, NormedConv<Growth, 3>>>>{});

/// Halves the channels (DenseNet-C) to `Filters`, and the image.
template <Index Filters>
inline constexpr auto kDenseTransition = LayerList<BatchNorm, ReLU, NormedConv<Filters, 1>, AvgPool<2>>{};

[[nodiscard]] constexpr auto densenet_bc_40_12_layers() {
  return LayerList<NormedConv<24, 3>>{} +          //
         kDenseBlock<12> + kDenseTransition<48> +  // 24 + 6 * 12 = 96 channels
         kDenseBlock<12> + kDenseTransition<60> +  // 48 + 6 * 12 = 120
         kDenseBlock<12> +                         // 60 + 6 * 12 = 132
         LayerList<BatchNorm, ReLU, GlobalAvgPool, Linear<100>>{};
}

}  // namespace detail

/// DenseNet-BC with 40 layers and growth 12 for CIFAR (Huang, Liu, van der Maaten and Weinberger 2017).
using DenseNetBc40x12 = NetworkOf<Image<32, 32, 3>, decltype(detail::densenet_bc_40_12_layers())>::type;

}  // namespace lamina::bench
