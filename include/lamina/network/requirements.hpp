#pragma once

#include <utility>

#include <lamina/layers/requirement.hpp>
#include <lamina/network/chain.hpp>

namespace lamina {

namespace detail {

/// Instantiates the requirements of one specification, if it has any; a failed one stops the compiler with its message.
template <class Specification, class At, Shape Input>
consteval bool meets_requirements() {
  if constexpr (requires { typename Specification::template Requires<At, Input>; }) {
    return sizeof(typename Specification::template Requires<At, Input>) > 0;
  } else {
    return true;
  }
}

}  // namespace detail

/// Checks every layer of a chain at position `At` against the shape that reaches it.
template <class At, Shape Input, class... Specifications>
struct ChainRequirements;

template <Index... At, Shape Input, class... Specifications>
struct ChainRequirements<Position<At...>, Input, Specifications...> {
  static constexpr bool hold = []<std::size_t... I>(std::index_sequence<I...>) {
    constexpr auto shapes = detail::chain_shapes<Specifications...>(Input);
    return (detail::meets_requirements<Specifications, Position<At..., static_cast<Index>(I)>, shapes[I]>() && ...);
  }
  (std::index_sequence_for<Specifications...>{});
  static_assert(hold);
};

}  // namespace lamina
