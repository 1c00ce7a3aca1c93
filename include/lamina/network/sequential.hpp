#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <lamina/core/instruction_set.hpp>
#include <lamina/network/chain.hpp>
#include <lamina/network/requirements.hpp>
#include <lamina/network/tensors.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

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

  template <Shape Input, class Visitor>
  static constexpr int visit(Visitor& visitor, int value, const Name& prefix) {
    return detail::visit_chain<Input, Specifications...>(visitor, value, prefix);
  }
};

/// A network: layers one after another behind an input of a given shape. Shapes are checked when it is first used.
template <Index Height, Index Width, Index Channels, class... Specifications>
struct Sequential<Image<Height, Width, Channels>, Specifications...>
    : ChainRequirements<Position<>, Shape{Height, Width, Channels}, Specifications...> {
  static_assert(sizeof...(Specifications) > 0, "Lamina: a network needs at least one layer");

  /// Number of layers, composite ones counted as one.
  static constexpr std::size_t size = sizeof...(Specifications);
  /// The shape in front of each of them and behind the last.
  static constexpr auto shapes = detail::chain_shapes<Specifications...>(Shape{Height, Width, Channels});
  static constexpr Shape input_shape = shapes.front();
  static constexpr Shape output_shape = shapes.back();
  [[maybe_unused]] static constexpr std::array kinds{std::string_view(Specifications::kind)...};

  /// Shows a visitor every layer (chain.hpp) and gives the number of the network's output.
  template <class Visitor>
  static constexpr int visit(Visitor& visitor) {
    return detail::visit_chain<input_shape, Specifications...>(visitor, 0, Name{});
  }

 private:
  static constexpr detail::TensorCounts counts = detail::count_tensors<Sequential>();

 public:
  /// The trainable tensors, and the running statistics, with their places in the model's flat arrays.
  static constexpr auto parameters = detail::parameters_of<Sequential, counts>();
  static constexpr auto statistics = detail::statistics_of<Sequential, counts>();
  /// Number of trainable values, and of running statistics.
  static constexpr Index parameter_count = total_size(parameters);
  static constexpr Index statistics_count = total_size(statistics);
  /// Number of parameters of each layer.
  [[maybe_unused]] static constexpr auto parameter_counts = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array{detail::parameter_count_of<Specifications, shapes[I]>()...};
  }
  (std::index_sequence_for<Specifications...>{});
  /// Products of one sample's forward pass by direct convolution.
  static constexpr Index multiply_adds = counts.multiply_adds;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
