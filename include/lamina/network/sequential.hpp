#pragma once

#include <string_view>

#include <lamina/network/chain.hpp>
#include <lamina/network/requirements.hpp>

namespace lamina {

/// Height, width and channels of a network's input.
template <Index Height, Index Width, Index Channels>
struct Image {
  static_assert(Height > 0 && Width > 0 && Channels > 0);
  static constexpr Shape shape{Height, Width, Channels};
};

/// Layers one after another, as a layer of a larger network.
template <class... Specifications>
struct Sequential {
  static constexpr std::string_view kind = "sequential";

  [[nodiscard]] static constexpr Shape output(const Shape& input) {
    return detail::chain_shapes<Specifications...>(input).back();
  }

  template <class At, Shape Input>
  struct Requires : ChainRequirements<At, Input, Specifications...> {};

  template <Shape Input>
  struct Bound : Chain<Input, Specifications...> {};
};

/// A network: layers one after another behind an input of a given shape. Shapes are checked when it is first used.
template <Index Height, Index Width, Index Channels, class... Specifications>
struct Sequential<Image<Height, Width, Channels>, Specifications...>
    : ChainRequirements<Position<>, Shape{Height, Width, Channels}, Specifications...>,
      Chain<Shape{Height, Width, Channels}, Specifications...> {
  using Layers = Chain<Shape{Height, Width, Channels}, Specifications...>;

  /// Number of trainable values.
  static constexpr Index parameter_count = total_size(Layers::parameters);
  /// Number of running statistics.
  static constexpr Index statistics_count = total_size(Layers::statistics);
};

}  // namespace lamina
