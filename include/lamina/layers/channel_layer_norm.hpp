#pragma once

#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/group_norm.hpp>
#include <lamina/layers/group_norm_layer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Layer normalisation over channels (Ba, Kiros and Hinton 2016), which is torch.nn.LayerNorm(channels) on pixels whose
/// channels come last: each pixel is normalised by itself, over its channels,
///
///     output = gamma (input - mean) / sqrt(variance + epsilon) + beta
///
/// with the biased variance, the same in training and inference. Over channels and pixels of a sample together it is
/// GroupNorm<1>. Parameters: weight (gamma, from 1) and bias (beta, from 0), of size channels.
template <NormEpsilon Epsilon>
struct BasicChannelLayerNorm : KeepsShape {
  static constexpr std::string_view kind = "channel_layer_norm";

  template <class At, Shape Input>
  struct Requires : NormNeedsSeveralValues<At, BasicChannelLayerNorm, Shape{Input.height, Input.width, 2}, Input,
                                           (Input.channels > 1)> {};

  template <Shape Input>
  struct Bound
      : detail::GroupNormLayer<Input, kernels::NormalizedBlocks{.channels = Input.channels, .epsilon = Epsilon.value}> {
  };
};

/// Layer normalisation over channels with PyTorch's defaults.
using ChannelLayerNorm = BasicChannelLayerNorm<NormEpsilon{}>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
