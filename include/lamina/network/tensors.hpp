#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/channel_order.hpp>
#include <lamina/network/chain.hpp>
#include <lamina/network/channel_orders.hpp>

/// @file
/// The tensors of a network, in the order of its layers: the one place where their names are put together, their
/// offsets in the flat arrays counted, and their order in files settled.

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// What there is to list, and the work of a forward pass.
struct TensorCounts {
  std::size_t values = 1;  ///< of the network, its input among them
  std::size_t parameters = 0;
  std::size_t statistics = 0;
  Index parameter_values = 0;
  Index multiply_adds = 0;
};

/// A visitor that counts.
struct TensorCounter {
  TensorCounts counts;

  template <class Specification, Shape Input>
  constexpr int layer(int, const Name&) {
    using Bound = typename Specification::template Bound<Input>;
    counts.parameters += Bound::parameters.size();
    counts.statistics += Bound::statistics.size();
    counts.parameter_values += total_size(Bound::parameters);
    counts.multiply_adds += Bound::multiply_adds;
    return next();
  }
  constexpr int add(int, int) { return next(); }
  constexpr int scale(int, int) { return next(); }
  constexpr int concatenate(std::span<const int>, const Shape&) { return next(); }

 private:
  constexpr int next() { return static_cast<int>(counts.values++); }
};

/// A visitor that lists the parameters or the statistics.
template <std::size_t Values, std::size_t N, bool Parameters>
struct TensorLister {
  ChannelOrders<Values> orders;
  std::array<Segment, N> tensors{};
  std::size_t count = 0;
  Index offset = 0;

  template <class Specification, Shape Input>
  constexpr int layer(int value, const Name& prefix) {
    using Bound = typename Specification::template Bound<Input>;
    const ChannelOrder& order = orders.of(value);
    if constexpr (Parameters) {
      append(Bound::parameters, Specification::kind, prefix, order);
    } else {
      append(Bound::statistics, Specification::kind, prefix, order);
    }
    return orders.template layer<Bound>(value);
  }
  constexpr int add(int first, int second) { return orders.add(first, second); }
  constexpr int scale(int value, int factors) { return orders.scale(value, factors); }
  constexpr int concatenate(std::span<const int> values, const Shape&) { return orders.concatenate(values); }

 private:
  constexpr void append(std::span<const Segment> segments, std::string_view kind, const Name& prefix,
                        const ChannelOrder& order) {
    for (Segment segment : segments) {
      if (segment.input_axis < segment.rank) segment.input_order = order;
      segment.name = Name(prefix).append(segment.name);
      segment.kind = kind;
      segment.offset = offset;
      offset += segment.size();
      tensors[count++] = segment;
    }
  }
};

template <class Network>
[[nodiscard]] constexpr TensorCounts count_tensors() {
  TensorCounter counter;
  Network::visit(counter);
  return counter.counts;
}

template <class Network, TensorCounts Counts>
[[nodiscard]] constexpr std::array<Segment, Counts.parameters> parameters_of() {
  TensorLister<Counts.values, Counts.parameters, true> lister{ChannelOrders<Counts.values>(Network::input_shape)};
  Network::visit(lister);
  return lister.tensors;
}

template <class Network, TensorCounts Counts>
[[nodiscard]] constexpr std::array<Segment, Counts.statistics> statistics_of() {
  TensorLister<Counts.values, Counts.statistics, false> lister{ChannelOrders<Counts.values>(Network::input_shape)};
  Network::visit(lister);
  return lister.tensors;
}

/// Parameters of one specification behind a shape.
template <class Specification, Shape Input>
[[nodiscard]] constexpr Index parameter_count_of() {
  TensorCounter counter;
  visit_specification<Specification, Input>(counter, 0, Name{});
  return counter.counts.parameter_values;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
