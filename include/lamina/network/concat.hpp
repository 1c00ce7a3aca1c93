#pragma once

#include <array>
#include <string_view>
#include <utility>

#include <lamina/core/instruction_set.hpp>
#include <lamina/network/chain.hpp>
#include <lamina/network/requirements.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Branches that read the same input; their outputs stand side by side in the channels of the result, in order (Szegedy
/// et al. 2015; Huang et al. 2017 with Identity as the first branch). The outputs must agree in height and width. A
/// branch is one specification, mostly a Sequential. Parameters are named "branches.number.name". Nothing is copied:
/// the branches write into their slices of one tensor.
template <class... Branches>
struct Concat {
  static_assert(sizeof...(Branches) > 0, "Lamina: a concatenation needs at least one branch");

  static constexpr std::string_view kind = "concat";

  [[nodiscard]] static constexpr Shape output(const Shape& input) {
    constexpr std::size_t count = sizeof...(Branches);
    const std::array<Shape, count> outputs{Branches::output(input)...};
    Shape joined = outputs[0];
    for (std::size_t i = 1; i < count; ++i) joined.channels += outputs[i].channels;
    return joined;
  }

  template <class At, Shape Input>
  struct Requires : BranchRequirements<At, Input, Branches...> {};

  template <Shape Input, class Visitor>
  static constexpr int visit(Visitor& visitor, int value, const Name& prefix) {
    std::array<int, sizeof...(Branches)> values{};
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((values[I] = detail::visit_specification<Branches, Input>(
            visitor, value, Name(prefix).append("branches.").append(Name::numbered(I, "")))),
       ...);
    }
    (std::index_sequence_for<Branches...>{});
    return visitor.concatenate(values, output(Input));
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
