#pragma once

#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/network/chain.hpp>
#include <lamina/network/requirements.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Channel scaling (Hu, Shen and Sun 2018): output = input x branch(input), where the branch makes of h x w x c the 1 x
/// 1 x c factors of the channels, the same for all pixels of a sample. Parameters are named "branch.index.name".
template <class... Branch>
struct ChannelScale {
  static constexpr std::string_view kind = "channel_scale";

  [[nodiscard]] static constexpr Shape output(const Shape& input) { return input; }
  [[nodiscard]] static constexpr Shape factors(const Shape& input) {
    return detail::chain_shapes<Branch...>(input).back();
  }

  template <class At, Shape Input>
  struct Requires : ChainRequirements<At, Input, Branch...>,
                    ScaleBranchGivesChannels<At, ChannelScale, Shape{1, 1, Input.channels}, factors(Input),
                                             factors(Input) == Shape{1, 1, Input.channels}> {};

  template <Shape Input, class Visitor>
  static constexpr int visit(Visitor& visitor, int value, const Name& prefix) {
    return visitor.scale(value, detail::visit_chain<Input, Branch...>(visitor, value, Name(prefix).append("branch.")));
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
