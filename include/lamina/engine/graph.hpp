#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/segment.hpp>

/// @file
/// A network as one list of operations with the values they read. Nested chains, residual blocks, projections and
/// concatenations are flattened alike: network/ says what is inside of each (its `visit`), and this file lists it.

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

enum class OperationKind {
  layer,        ///< any layer, run by its own definition
  convolution,  ///< also a linear layer: a 1 x 1 convolution of 1 x 1 images
  pooling,
  batch_norm,
  activation,
  add,            ///< the sum of two values
  channel_scale,  ///< the product of a value and another that has one pixel
  concatenation,  ///< values side by side, by channel
  reshape,        ///< the same values under another shape
};

/// A value of the network by its number: 0 is the network's input, i + 1 the result of operation i.
using ValueId = int;
/// "No such value" or "no such operation".
inline constexpr int kNone = -1;

/// What planning has to know of an operation; nothing in it depends on the type of the numbers.
struct Operation {
  OperationKind kind = OperationKind::layer;
  int first_read = 0;  ///< of Graph::reads
  int read_count = 0;
  Shape output{};
  int layer = kNone;  ///< number among the layers, from the input on, however they are nested: layers that draw random
                      ///< numbers draw by it; none for what reads several values
  Index parameter_offset = 0;
  Index statistics_offset = 0;
  bool rectifier = false;  ///< of an activation: its derivative is a function of the value's sign
};

/// The operations of a network.
/// @tparam N  number of operations
/// @tparam R  number of values that they read, all together
template <std::size_t N, std::size_t R>
struct Graph {
  std::array<Operation, N> operations{};
  std::array<ValueId, R> reads{};
  Shape input{};
  ValueId output = 0;

  static constexpr std::size_t size = N;

  [[nodiscard]] constexpr const Operation& operation(int index) const {
    return operations[static_cast<std::size_t>(index)];
  }
  /// The operation that makes a value; not for the network's input.
  [[nodiscard]] constexpr const Operation& maker(ValueId value) const { return operation(value - 1); }
  [[nodiscard]] constexpr std::span<const ValueId> reads_of(const Operation& operation) const {
    return std::span(reads).subspan(static_cast<std::size_t>(operation.first_read),
                                    static_cast<std::size_t>(operation.read_count));
  }
  [[nodiscard]] constexpr Shape shape(ValueId value) const { return value == 0 ? input : maker(value).output; }
};

namespace detail {

[[nodiscard]] constexpr OperationKind kind_of(LayerRole role) {
  switch (role) {
    case LayerRole::convolution:
      return OperationKind::convolution;
    case LayerRole::pooling:
      return OperationKind::pooling;
    case LayerRole::batch_norm:
      return OperationKind::batch_norm;
    case LayerRole::activation:
      return OperationKind::activation;
    case LayerRole::reshape:
      return OperationKind::reshape;
    case LayerRole::defined:
      break;
  }
  return OperationKind::layer;
}

/// A layer that only passes its input on is no operation.
template <class Bound>
inline constexpr bool is_identity = Bound::role == LayerRole::reshape&& Bound::input_shape == Bound::output_shape;

/// Counts what a Graph needs room for.
struct GraphSize {
  std::size_t operations = 0;
  std::size_t reads = 0;

  template <class Specification, Shape Input>
  constexpr ValueId layer(ValueId value, const Name&) {
    return is_identity<typename Specification::template Bound<Input>> ? value : count(1);
  }
  constexpr ValueId add(ValueId, ValueId) { return count(2); }
  constexpr ValueId scale(ValueId, ValueId) { return count(2); }
  constexpr ValueId concatenate(std::span<const ValueId> values, const Shape&) { return count(values.size()); }

 private:
  constexpr ValueId count(std::size_t read) {
    reads += read;
    return static_cast<ValueId>(++operations);
  }
};

/// Writes down the operations in the order in which a network visits them.
template <std::size_t N, std::size_t R>
class GraphBuilder {
 public:
  /// @param parameters, statistics  the network's tables, which say where the layers' tensors lie
  constexpr GraphBuilder(const Shape& input, std::span<const Segment> parameters, std::span<const Segment> statistics)
      : parameters_(parameters), statistics_(statistics) {
    graph_.input = input;
  }

  template <class Specification, Shape Input>
  constexpr ValueId layer(ValueId value, const Name&) {
    using Bound = typename Specification::template Bound<Input>;
    if (is_identity<Bound>) return value;
    Operation operation{.kind = kind_of(Bound::role),
                        .output = Bound::output_shape,
                        .layer = layers_++,
                        .parameter_offset = offset(parameters_),
                        .statistics_offset = offset(statistics_)};
    if constexpr (Bound::role == LayerRole::activation) operation.rectifier = Bound::rectifier;
    parameters_ = parameters_.subspan(Bound::parameters.size());
    statistics_ = statistics_.subspan(Bound::statistics.size());
    return append(operation, std::array{value});
  }

  constexpr ValueId add(ValueId first, ValueId second) {
    return append({.kind = OperationKind::add, .output = graph_.shape(first)}, std::array{first, second});
  }

  constexpr ValueId scale(ValueId value, ValueId factors) {
    return append({.kind = OperationKind::channel_scale, .output = graph_.shape(value)}, std::array{value, factors});
  }

  constexpr ValueId concatenate(std::span<const ValueId> values, const Shape& output) {
    return append({.kind = OperationKind::concatenation, .output = output}, values);
  }

  [[nodiscard]] constexpr Graph<N, R> finish(ValueId output) {
    graph_.output = output;
    return graph_;
  }

 private:
  /// Where the first tensor lies; nothing reads it where there is none.
  static constexpr Index offset(std::span<const Segment> tensors) {
    return tensors.empty() ? 0 : tensors.front().offset;
  }

  constexpr ValueId append(Operation operation, std::span<const ValueId> values) {
    operation.first_read = static_cast<int>(reads_);
    operation.read_count = static_cast<int>(values.size());
    for (const ValueId value : values) graph_.reads[reads_++] = value;
    graph_.operations[operations_++] = operation;
    return static_cast<ValueId>(operations_);
  }

  Graph<N, R> graph_{};
  std::span<const Segment> parameters_;  // of the layers that are still to come, as statistics_
  std::span<const Segment> statistics_;
  std::size_t operations_ = 0;
  std::size_t reads_ = 0;
  int layers_ = 0;
};

template <class Network>
[[nodiscard]] constexpr auto make_graph() {
  constexpr GraphSize size = [] {
    GraphSize counted;
    Network::visit(counted);
    return counted;
  }();
  GraphBuilder<size.operations, size.reads> builder(Network::input_shape, Network::parameters, Network::statistics);
  return builder.finish(Network::visit(builder));
}

}  // namespace detail

/// The operations of a network, input first.
/// @tparam Network  a Sequential that begins with an Image
template <class Network>
inline constexpr auto graph = detail::make_graph<Network>();

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
