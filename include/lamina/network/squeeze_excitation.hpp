#pragma once

#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/global_avg_pool.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/smooth_activation.hpp>
#include <lamina/network/channel_scale.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Squeeze and excitation (Hu, Shen and Sun 2018): each channel times a factor between 0 and 1 that two linear layers
/// make of the means of all c channels, with c / Reduction channels between them. It is
/// ChannelScale<GlobalAvgPool, Linear<c / Reduction>, ReLU, Linear<c>, Sigmoid>, and its parameters are named so:
/// "branch.1.weight", "branch.1.bias", "branch.3.weight", "branch.3.bias".
template <Index Reduction = 16>
struct SqueezeExcitation {
  static_assert(Reduction > 0);
  static constexpr std::string_view kind = "squeeze_excitation";

  /// The layer on so many channels.
  template <Index Channels>
  using Scale = ChannelScale<GlobalAvgPool, Linear<Channels / Reduction>, ReLU, Linear<Channels>, Sigmoid>;

  [[nodiscard]] static constexpr Shape output(const Shape& input) { return input; }

  template <class At, Shape Input>
  struct Requires : ReductionDividesChannels<At, SqueezeExcitation,
                                             Shape{Input.height, Input.width,
                                                   (Input.channels + Reduction - 1) / Reduction* Reduction},
                                             Input, Input.channels % Reduction == 0> {};

  template <Shape Input, class Visitor>
  static constexpr int visit(Visitor& visitor, int value, const Name& prefix) {
    return Scale<Input.channels>::template visit<Input>(visitor, value, prefix);
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
