#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/global_avg_pool.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/models/normed_conv.hpp>
#include <lamina/network/layer_list.hpp>
#include <lamina/network/squeeze_excitation.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

struct ResNetOptions {
  Index depth = 20;  ///< 6 n + 2: three stages of n blocks of two convolutions
  Index classes = 100;
  Index reduction = 0;  ///< of squeeze and excitation at the end of each branch; 0 for none
};

template <ResNetOptions Options>
[[nodiscard]] constexpr auto resnet_excitation() {
  if constexpr (Options.reduction > 0) {
    return LayerList<SqueezeExcitation<Options.reduction>>{};
  } else {
    return LayerList<>{};
  }
}

/// The first block of a stage that halves the image, with a projection as its shortcut.
template <class... Branch, class Shortcut, class Norm>
[[nodiscard]] constexpr LayerList<Residual<Projection<Shortcut, Norm>, Branch...>> projected(
    LayerList<Branch...>, LayerList<Shortcut, Norm>) {
  return {};
}

template <Index Filters, ResNetOptions Options, Index Stride = 1>
[[nodiscard]] constexpr auto resnet_block() {
  constexpr auto branch =
      LayerList<NormedConv<Filters, 3, Stride>, BatchNorm, ReLU, NormedConv<Filters, 3>, BatchNorm>{} +
      resnet_excitation<Options>();
  if constexpr (Stride == 1) {
    return residual(branch) + LayerList<ReLU>{};
  } else {
    return projected(branch, LayerList<NormedConv<Filters, 1, Stride>, BatchNorm>{}) + LayerList<ReLU>{};
  }
}

template <ResNetOptions Options>
[[nodiscard]] constexpr auto resnet_layers() {
  static_assert(Options.depth >= 8 && (Options.depth - 2) % 6 == 0,
                "Lamina: the depth of a ResNet for CIFAR is 6 n + 2: 20, 32, 44, 56, 110");
  constexpr Index blocks = (Options.depth - 2) / 6;
  return LayerList<NormedConv<16, 3>, BatchNorm, ReLU>{} + repeat<blocks>(resnet_block<16, Options>()) +
         resnet_block<32, Options, 2>() + repeat<blocks - 1>(resnet_block<32, Options>()) +
         resnet_block<64, Options, 2>() + repeat<blocks - 1>(resnet_block<64, Options>()) +
         LayerList<GlobalAvgPool, Linear<Options.classes>>{};
}

}  // namespace detail

/// ResNet for CIFAR (He, Zhang, Ren and Sun 2016, section 4.2) of Depth = 6 n + 2 layers with weights, 16, 32 and 64
/// channels, and projections, a 1 x 1 convolution and a batch norm, where the shape changes.
template <Index Depth, class Input = Image<32, 32, 3>, Index Classes = 100>
using ResNet = typename NetworkOf<
    Input, decltype(detail::resnet_layers<detail::ResNetOptions{.depth = Depth, .classes = Classes}>())>::type;

/// The same with squeeze and excitation at the end of each branch (Hu, Shen and Sun 2018).
template <Index Depth, class Input = Image<32, 32, 3>, Index Classes = 100, Index Reduction = 16>
using SEResNet =
    typename NetworkOf<Input, decltype(detail::resnet_layers<detail::ResNetOptions{
                                           .depth = Depth, .classes = Classes, .reduction = Reduction}>())>::type;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
