#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/segment.hpp>

/// @file
/// How the composite specifications (Sequential, Residual, Concat, ChannelScale) show what is inside of them. Each has
///
///     template <Shape Input, class Visitor>
///     static constexpr int visit(Visitor& visitor, int value, const Name& prefix);
///
/// which walks its parts from the input on. A visitor has `layer<Specification, Input>(value, prefix)`,
/// `add(value, value)`, `scale(value, factors)` and `concatenate(values, shape)`; each takes values by number and gives
/// the number of its result.

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// A specification that is made of others.
template <class S, Shape Input, class Visitor>
concept Composite = requires(Visitor& visitor) {
  S::template visit<Input>(visitor, 0, Name{});
};

/// Shows a visitor one specification: its parts, or itself.
template <class S, Shape Input, class Visitor>
constexpr int visit_specification(Visitor& visitor, int value, const Name& prefix) {
  if constexpr (Composite<S, Input, Visitor>) {
    return S::template visit<Input>(visitor, value, prefix);
  } else {
    static_assert(LayerSpecification<S>);
    return visitor.template layer<S, Input>(value, prefix);
  }
}

/// The shape in front of each specification and behind the last.
template <class... Specifications>
[[nodiscard]] constexpr std::array<Shape, sizeof...(Specifications) + 1> chain_shapes(const Shape& input) {
  std::array<Shape, sizeof...(Specifications) + 1> shapes{input};
  std::size_t i = 0;
  ((shapes[i + 1] = Specifications::output(shapes[i]), ++i), ...);
  return shapes;
}

/// Shows a visitor specifications one behind the other, named by their numbers as torch.nn.Sequential names them.
template <Shape Input, class... Specifications, class Visitor>
constexpr int visit_chain(Visitor& visitor, int value, const Name& prefix) {
  static_assert(sizeof...(Specifications) > 0, "Lamina: a chain needs at least one layer");
  constexpr auto shapes = chain_shapes<Specifications...>(Input);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((value =
          visit_specification<Specifications, shapes[I]>(visitor, value, Name(prefix).append(Name::numbered(I, "")))),
     ...);
  }
  (std::index_sequence_for<Specifications...>{});
  return value;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
