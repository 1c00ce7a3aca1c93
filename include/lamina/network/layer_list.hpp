#pragma once

#include <cstddef>
#include <utility>

#include <lamina/core/instruction_set.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Layer specifications as a value, so that networks with a pattern can be put together by constexpr functions.
template <class... Specifications>
struct LayerList {};

template <class... A, class... B>
[[nodiscard]] constexpr LayerList<A..., B...> operator+(LayerList<A...>, LayerList<B...>) {
  return {};
}

/// `list` Count times behind itself.
template <Index Count, class... Specifications>
[[nodiscard]] constexpr auto repeat(LayerList<Specifications...> list) {
  return [list]<std::size_t... I>(std::index_sequence<I...>) {
    return (LayerList<>{} + ... + (static_cast<void>(I), list));
  }
  (std::make_index_sequence<static_cast<std::size_t>(Count)>{});
}

/// The layers as the branch of one residual block.
template <class... Specifications>
[[nodiscard]] constexpr LayerList<Residual<Specifications...>> residual(LayerList<Specifications...>) {
  return {};
}

/// The layers as one specification.
template <class List>
struct SequentialOf;

template <class... Specifications>
struct SequentialOf<LayerList<Specifications...>> {
  using type = Sequential<Specifications...>;
};

/// The network of these layers behind an input image.
template <class Input, class List>
struct NetworkOf;

template <class Input, class... Specifications>
struct NetworkOf<Input, LayerList<Specifications...>> {
  using type = Sequential<Input, Specifications...>;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
