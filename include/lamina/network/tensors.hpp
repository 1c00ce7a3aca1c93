#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <lamina/network/chain.hpp>

/// @file
/// The tensors of a network, in the order of its layers: the one place where their names are put together and their
/// offsets in the flat arrays counted.

namespace lamina::detail {

/// What there is to list, and the work of a forward pass.
struct TensorCounts {
  std::size_t parameters = 0;
  std::size_t statistics = 0;
  Index parameter_values = 0;
  Index multiply_adds = 0;
};

/// A visitor that counts.
struct TensorCounter {
  TensorCounts counts;

  template <class Specification, Shape Input>
  constexpr int layer(int value, const Name&) {
    using Bound = typename Specification::template Bound<Input>;
    counts.parameters += Bound::parameters.size();
    counts.statistics += Bound::statistics.size();
    counts.parameter_values += total_size(Bound::parameters);
    counts.multiply_adds += Bound::multiply_adds;
    return value;
  }
  constexpr int add(int first, int) { return first; }
  constexpr int concatenate(std::span<const int> values, const Shape&) { return values.front(); }
};

/// A visitor that lists the parameters or the statistics.
template <std::size_t N, bool Parameters>
struct TensorLister {
  std::array<Segment, N> tensors{};
  std::size_t count = 0;
  Index offset = 0;

  template <class Specification, Shape Input>
  constexpr int layer(int value, const Name& prefix) {
    using Bound = typename Specification::template Bound<Input>;
    if constexpr (Parameters) {
      append(Bound::parameters, Specification::kind, prefix);
    } else {
      append(Bound::statistics, Specification::kind, prefix);
    }
    return value;
  }
  constexpr int add(int first, int) { return first; }
  constexpr int concatenate(std::span<const int> values, const Shape&) { return values.front(); }

 private:
  constexpr void append(std::span<const Segment> segments, std::string_view kind, const Name& prefix) {
    for (Segment segment : segments) {
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

template <class Network, std::size_t N>
[[nodiscard]] constexpr std::array<Segment, N> parameters_of() {
  TensorLister<N, true> lister;
  Network::visit(lister);
  return lister.tensors;
}

template <class Network, std::size_t N>
[[nodiscard]] constexpr std::array<Segment, N> statistics_of() {
  TensorLister<N, false> lister;
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

}  // namespace lamina::detail
