#pragma once

#include <array>
#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/group_norm_layer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Added to the variance of a normalisation.
struct NormEpsilon {
  double value = 1e-5;
};

/// Group normalisation (Wu and He 2018), which is torch.nn.GroupNorm(Groups, channels): the channels are cut into
/// Groups, and within a sample all values of a group, over its channels and all pixels, are normalised together:
///
///     output = gamma (input - mean) / sqrt(variance + epsilon) + beta
///
/// with the biased variance, the same in training and inference. GroupNorm<1> normalises each sample as a whole.
/// Parameters: weight (gamma, from 1) and bias (beta, from 0), of size channels.
template <Index Groups, NormEpsilon Epsilon = NormEpsilon{}>
struct GroupNorm : KeepsShape {
  static_assert(Groups > 0);
  static constexpr std::string_view kind = "group_norm";

  template <class At, Shape Input>
  struct Requires
      : NormGroupsDivideChannels<At, GroupNorm,
                                 Shape{Input.height, Input.width, (Input.channels + Groups - 1) / Groups* Groups},
                                 Input, Input.channels % Groups == 0>,
        NormNeedsSeveralValues<At, GroupNorm, Shape{Input.height, Input.width, 2 * Groups}, Input,
                               (Input.channels % Groups != 0 || Input.size() > Groups)> {};

  template <Shape Input>
  struct Bound : detail::GroupNormLayer<Input, kernels::NormalizedBlocks{.pixels = Input.pixels(),
                                                                         .channels = Input.channels,
                                                                         .groups = Groups,
                                                                         .epsilon = Epsilon.value}> {};
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
