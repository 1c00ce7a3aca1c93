#pragma once

#include <utility>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/requirement.hpp>
#include <lamina/network/chain.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Checks every layer of a chain at position `At` against the shape that reaches it. Bases, not a function: a failed
/// requirement is then the only error, without others about constant expressions that depend on it.
template <class At, Shape Input, class... Specifications>
struct ChainRequirements;

namespace detail {

/// The requirements of one specification, if it has any.
template <class Specification, class At, Shape Input>
struct LayerRequirements {};

template <class Specification, class At, Shape Input>
requires requires { typename Specification::template Requires<At, Input>; }
struct LayerRequirements<Specification, At, Input> : Specification::template Requires<At, Input> {};

template <class At, Shape Input, class Indices, class... Specifications>
struct NumberedRequirements;

template <Index... At, Shape Input, std::size_t... I, class... Specifications>
struct NumberedRequirements<Position<At...>, Input, std::index_sequence<I...>, Specifications...>
    : LayerRequirements<Specifications, Position<At..., static_cast<Index>(I)>,
                        chain_shapes<Specifications...>(Input)[I]>... {};

}  // namespace detail

template <class At, Shape Input, class... Specifications>
struct ChainRequirements
    : detail::NumberedRequirements<At, Input, std::index_sequence_for<Specifications...>, Specifications...> {};

namespace detail {

template <class At, Shape Input, class Indices, class... Branches>
struct NumberedBranches;

template <Index... At, Shape Input, std::size_t... I, class First, class... Branches>
struct NumberedBranches<Position<At...>, Input, std::index_sequence<I...>, First, Branches...>
    : LayerRequirements<First, Position<At..., 0>, Input>,
      LayerRequirements<Branches, Position<At..., static_cast<Index>(I + 1)>, Input>...,
      ConcatBranchFits<Position<At..., static_cast<Index>(I + 1)>, Branches, First::output(Input),
                       Branches::output(Input)>... {};

}  // namespace detail

/// Checks the branches of a concatenation at position `At`, which all read the same input, and that their outputs have
/// the height and width of the first one's.
template <class At, Shape Input, class First, class... Branches>
struct BranchRequirements
    : detail::NumberedBranches<At, Input, std::index_sequence_for<Branches...>, First, Branches...> {};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
