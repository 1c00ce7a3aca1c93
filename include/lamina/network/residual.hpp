#pragma once

#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/network/chain.hpp>
#include <lamina/network/requirements.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Layers on the shortcut of a residual block whose branch changes the shape.
template <class... Specifications>
struct Projection {};

/// Residual block (He, Zhang, Ren and Sun 2016): output = branch(input) + input. The branch must keep the shape; one
/// that does not needs layers on the shortcut too: Residual<Projection<Conv2d<64, 1, ConvOptions{.stride = 2}>>, ...>.
/// Parameters are named "branch.index.name" and "projection.index.name".
template <class... Branch>
struct Residual {
  static constexpr std::string_view kind = "residual";

  [[nodiscard]] static constexpr Shape output(const Shape& input) {
    return detail::chain_shapes<Branch...>(input).back();
  }

  template <class At, Shape Input>
  struct Requires : ChainRequirements<At, Input, Branch...>,
                    ResidualBranchKeepsShape<At, Residual, Input, output(Input), output(Input) == Input> {};

  template <Shape Input, class Visitor>
  static constexpr int visit(Visitor& visitor, int value, const Name& prefix) {
    return visitor.add(detail::visit_chain<Input, Branch...>(visitor, value, Name(prefix).append("branch.")), value);
  }
};

template <class... Shortcut, class... Branch>
struct Residual<Projection<Shortcut...>, Branch...> {
  static constexpr std::string_view kind = "residual";

  [[nodiscard]] static constexpr Shape output(const Shape& input) {
    return detail::chain_shapes<Branch...>(input).back();
  }

  [[nodiscard]] static constexpr Shape shortcut_output(const Shape& input) {
    return detail::chain_shapes<Shortcut...>(input).back();
  }

  template <class At, Shape Input>
  struct Requires : ChainRequirements<At, Input, Branch...>,
                    ChainRequirements<typename ProjectionPosition<At>::type, Input, Shortcut...>,
                    ResidualBranchKeepsShape<At, Residual, shortcut_output(Input), output(Input),
                                             shortcut_output(Input) == output(Input)> {};

  template <Shape Input, class Visitor>
  static constexpr int visit(Visitor& visitor, int value, const Name& prefix) {
    const int branch = detail::visit_chain<Input, Branch...>(visitor, value, Name(prefix).append("branch."));
    const int shortcut = detail::visit_chain<Input, Shortcut...>(visitor, value, Name(prefix).append("projection."));
    return visitor.add(branch, shortcut);
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
