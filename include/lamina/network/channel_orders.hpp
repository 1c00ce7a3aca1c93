#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <span>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/channel_order.hpp>
#include <lamina/layers/layer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

// What no file in PyTorch's order could hold is a compile error, which names one of these functions: none is constexpr.
inline void files_hold_no_groups_of_channels_behind_Flatten() {}
inline void files_hold_no_sum_of_channels_behind_Flatten_and_others() {}
inline void files_hold_no_product_of_channels_behind_Flatten_and_others() {}
inline void a_layer_behind_Flatten_must_name_the_input_axis_of_its_parameters() {}
inline void a_layer_with_parameters_behind_Flatten_must_say_whether_it_keeps_channels() {}
inline void files_hold_no_Flatten_of_channels_behind_Flatten() {}

/// The order in files of the channels of each value of a network (layers/channel_order.hpp). A visitor calls it for
/// every layer, addition, channel scaling and concatenation, in the order in which a network visits them.
/// @tparam Values  number of values, the network's input among them
template <std::size_t Values>
class ChannelOrders {
 public:
  constexpr explicit ChannelOrders(const Shape& input) { append(ChannelOrder::same(input.channels)); }

  [[nodiscard]] constexpr const ChannelOrder& of(int value) const { return orders_[static_cast<std::size_t>(value)]; }

  template <class Bound>
  constexpr int layer(int value) {
    const ChannelOrder& input = of(value);
    if (!input.is_same()) check<Bound>();
    if (Bound::role == LayerRole::reshape) return append(reshaped(input, Bound::input_shape, Bound::output_shape));
    return append(keeps_channels<Bound>() ? input : ChannelOrder::same(Bound::output_shape.channels));
  }

  constexpr int add(int first, int second) {
    if (of(first) != of(second)) files_hold_no_sum_of_channels_behind_Flatten_and_others();
    return append(of(first));
  }

  constexpr int scale(int value, int factors) {
    if (of(value) != of(factors)) files_hold_no_product_of_channels_behind_Flatten_and_others();
    return append(of(value));
  }

  constexpr int concatenate(std::span<const int> values) {
    ChannelOrder order;
    for (const int value : values) order.append(of(value));
    return append(order);
  }

 private:
  constexpr int append(const ChannelOrder& order) {
    orders_[count_] = order;
    return static_cast<int>(count_++);
  }

  template <class Bound>
  static constexpr bool says_what_it_keeps = std::convertible_to<decltype(Bound::keeps_channels), bool>;

  /// What a layer says of itself; one without parameters may leave it to the number of its channels.
  template <class Bound>
  static constexpr bool keeps_channels() {
    if constexpr (says_what_it_keeps<Bound>) {
      return Bound::keeps_channels;
    } else {
      return Bound::input_shape.channels == Bound::output_shape.channels;
    }
  }

  /// Refuses a layer that cannot stand where files have the channels in another order.
  template <class Bound>
  static constexpr void check() {
    const auto tensors = Bound::parameters.size() + Bound::statistics.size();
    if (tensors == 0) return;
    std::size_t with_axis = 0;
    const auto look = [&](const auto& segments) {
      for (const Segment& segment : segments) {
        if (segment.input_axis == Segment::kUnsaidAxis) {
          a_layer_behind_Flatten_must_name_the_input_axis_of_its_parameters();
        }
        with_axis += segment.input_axis < segment.rank ? 1 : 0;
      }
    };
    look(Bound::parameters);
    look(Bound::statistics);
    if (Bound::role == LayerRole::convolution && with_axis == 0) files_hold_no_groups_of_channels_behind_Flatten();
    if (!says_what_it_keeps<Bound>) a_layer_with_parameters_behind_Flatten_must_say_whether_it_keeps_channels();
  }

  static constexpr ChannelOrder reshaped(const ChannelOrder& input, const Shape& from, const Shape& to) {
    if (to == from || (from.pixels() == 1 && to.pixels() == 1)) return input;
    if (!input.is_same()) files_hold_no_Flatten_of_channels_behind_Flatten();
    return to.pixels() == 1 ? ChannelOrder::flattened(from) : ChannelOrder::same(to.channels);
  }

  std::array<ChannelOrder, Values> orders_{};
  std::size_t count_ = 0;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
