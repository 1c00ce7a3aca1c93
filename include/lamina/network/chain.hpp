#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include <lamina/kernels/simd.hpp>
#include <lamina/layers/layer.hpp>

/// @file
/// Layers one after another. The compiler turns the list of types into one flat table of functions and offsets; what
/// runs is a plain loop over that table, so the code does not grow with the depth of the network.

namespace lamina {

/// A layer as a row of the table.
template <class T>
struct ChainEntry {
  void (*forward)(const Forward<T>&);  ///< the layer's own passes; null where something else runs it
  void (*backward)(const Backward<T>&);
  Index (*saved)(Index batch);
  Index (*scratch)(Index batch, Index threads);
  Shape output_shape;
  Index parameter_offset;
  Index statistics_offset;
  bool needs_output;
  bool in_place;
};

namespace detail {

/// Values of T rounded up to whole cache lines, so that every slice of a workspace is aligned.
template <class T>
[[nodiscard]] constexpr Index aligned_size(Index size) {
  return kernels::round_up(size, static_cast<Index>(kAlignment / sizeof(T)));
}

/// Whether layer i writes over its input: it can, the input belongs to the chain, and in training the layer before
/// does not need its output again.
template <class T>
[[nodiscard]] constexpr bool writes_in_place(std::span<const ChainEntry<T>> layers, std::size_t i, bool training) {
  return i > 0 && i + 1 < layers.size() && layers[i].in_place && !(training && layers[i - 1].needs_output);
}

/// Values of the largest tensor between two layers.
template <class T>
[[nodiscard]] constexpr Index largest_inside(std::span<const ChainEntry<T>> layers, Index batch) {
  Index largest = 0;
  for (const auto& layer : layers.first(layers.size() - 1)) {
    largest = std::max(largest, aligned_size<T>(batch * layer.output_shape.size()));
  }
  return largest;
}

/// Memory that training keeps from forward to backward: what each layer saves and the tensors between layers.
template <class T>
[[nodiscard]] constexpr Index chain_saved(std::span<const ChainEntry<T>> layers, Index batch) {
  Index size = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    size += aligned_size<T>(layers[i].saved(batch));
    const bool last = i + 1 == layers.size();
    if (!last && !writes_in_place(layers, i, true)) size += aligned_size<T>(batch * layers[i].output_shape.size());
  }
  return size;
}

/// Two tensors that take turns (gradients in backward, activations in inference) and the scratch of any one layer.
template <class T>
[[nodiscard]] constexpr Index chain_scratch(std::span<const ChainEntry<T>> layers, Index batch, Index threads) {
  Index most = 0;
  for (const auto& layer : layers) most = std::max(most, layer.scratch(batch, threads));
  return 2 * largest_inside(layers, batch) + most;
}

/// Where a layer's saved values and its output lie in the memory kept for backward.
/// @tparam Value  T in forward, const T in backward
template <class Value>
struct Placement {
  Value* saved;
  Value* output;
};

template <std::size_t N, class T, class Value>
[[nodiscard]] std::array<Placement<Value>, N> place(std::span<const ChainEntry<T>> layers, Index batch, Value* memory) {
  std::array<Placement<Value>, N> places{};
  for (std::size_t i = 0; i < N; ++i) {
    places[i].saved = memory;
    memory += aligned_size<T>(layers[i].saved(batch));
    if (i + 1 == N) break;
    if (writes_in_place(layers, i, true)) {
      places[i].output = places[i - 1].output;
    } else {
      places[i].output = memory;
      memory += aligned_size<T>(batch * layers[i].output_shape.size());
    }
  }
  return places;
}

[[nodiscard]] constexpr RandomPosition inside(RandomPosition random, std::size_t layer) {
  random.layer = random.layer * 1024 + static_cast<std::uint32_t>(layer) + 1;
  return random;
}

/// Forward<T> of layer i, given that of the chain.
template <class T>
[[nodiscard]] Forward<T> forward_pass(const ChainEntry<T>& layer, std::size_t i, const Forward<T>& pass, T* saved,
                                      T* scratch, TensorView<const T> input, T* output) {
  return {.team = pass.team,
          .training = pass.training,
          .random = inside(pass.random, i),
          .parameters = pass.parameters + layer.parameter_offset,
          .statistics = pass.statistics + layer.statistics_offset,
          .updated_statistics = pass.training ? pass.updated_statistics + layer.statistics_offset : nullptr,
          .saved = saved,
          .scratch = scratch,
          .input = input,
          .output = {output, input.batch, layer.output_shape}};
}

template <std::size_t N, class T>
void train_forward(std::span<const ChainEntry<T>> layers, const Forward<T>& pass) {
  const auto places = place<N>(layers, pass.input.batch, pass.saved);
  TensorView<const T> input = pass.input;
  for (std::size_t i = 0; i < N; ++i) {
    T* const output = i + 1 == N ? pass.output.data : places[i].output;
    const auto step = forward_pass(layers[i], i, pass, places[i].saved, pass.scratch, input, output);
    layers[i].forward(step);
    input = step.output;
  }
}

template <class T>
void infer_forward(std::span<const ChainEntry<T>> layers, const Forward<T>& pass) {
  const Index largest = largest_inside(layers, pass.input.batch);
  T* const turns[] = {pass.scratch, pass.scratch + largest};
  std::size_t turn = 0;
  TensorView<const T> input = pass.input;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (!writes_in_place(layers, i, false)) turn = 1 - turn;
    T* const output = i + 1 == layers.size() ? pass.output.data : turns[turn];
    const auto step = forward_pass<T>(layers[i], i, pass, nullptr, pass.scratch + 2 * largest, input, output);
    layers[i].forward(step);
    input = step.output;
  }
}

template <std::size_t N, class T>
void chain_backward(std::span<const ChainEntry<T>> layers, const Backward<T>& pass) {
  const Index batch = pass.output_gradient.batch;
  const auto places = place<N>(layers, batch, pass.saved);
  const Index largest = largest_inside(layers, batch);
  TensorView<const T> output_gradient = pass.output_gradient;
  TensorView<const T> output = pass.output;
  for (std::size_t i = N; i-- > 0;) {
    const TensorView<const T> input =
        i == 0 ? pass.input : TensorView<const T>{places[i - 1].output, batch, layers[i - 1].output_shape};
    const TensorView<T> input_gradient =
        i == 0 ? pass.input_gradient
               : TensorView<T>{pass.scratch + static_cast<Index>(i % 2) * largest, batch, layers[i - 1].output_shape};
    layers[i].backward({.team = pass.team,
                        .random = inside(pass.random, i),
                        .parameters = pass.parameters + layers[i].parameter_offset,
                        .gradients = pass.gradients + layers[i].parameter_offset,
                        .saved = places[i].saved,
                        .scratch = pass.scratch + 2 * largest,
                        .input = input,
                        .output = output,
                        .output_gradient = output_gradient,
                        .input_gradient = input_gradient});
    output_gradient = input_gradient;
    output = input;
  }
}

/// Numbers the tensors of layer `index` within the chain and moves them to their place in the flat array.
template <std::size_t N, std::size_t Total>
constexpr void append_segments(const std::array<Segment, N>& tensors, std::string_view kind, std::size_t index,
                               std::array<Segment, Total>& all, std::size_t& count, Index& offset) {
  for (Segment tensor : tensors) {
    tensor.name = Name::numbered(index, tensor.name);
    if (tensor.kind.empty()) tensor.kind = kind;
    tensor.offset = offset;
    offset += tensor.size();
    all[count++] = tensor;
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

/// @tparam OwnPasses  false to leave out, and not to compile, the layer's forward and backward
template <class T, class Layer, bool OwnPasses = true>
[[nodiscard]] constexpr ChainEntry<T> chain_entry(Index parameter_offset, Index statistics_offset) {
  static_assert(BoundLayer<Layer>);
  ChainEntry<T> entry{.forward = nullptr,
                      .backward = nullptr,
                      .saved = &Layer::template saved<T>,
                      .scratch = &Layer::template scratch<T>,
                      .output_shape = Layer::output_shape,
                      .parameter_offset = parameter_offset,
                      .statistics_offset = statistics_offset,
                      .needs_output = Layer::needs_output,
                      .in_place = Layer::in_place};
  if constexpr (OwnPasses) {
    entry.forward = &Layer::template forward<T>;
    entry.backward = &Layer::template backward<T>;
  }
  return entry;
}

}  // namespace detail

/// Layers one after another, bound to the shapes they receive: itself a bound layer. Parameters and statistics are
/// those of the layers in order, named "index.name" as torch.nn.Sequential names them.
template <Shape Input, class Indices, class... Specifications>
struct BoundChain;

template <Shape Input, std::size_t... I, class... Specifications>
struct BoundChain<Input, std::index_sequence<I...>, Specifications...> {
  static_assert(sizeof...(Specifications) > 0, "Lamina: a chain needs at least one layer");
  static_assert((LayerSpecification<Specifications> && ...));

  static constexpr std::size_t size = sizeof...(Specifications);
  static constexpr auto shapes = detail::chain_shapes<Specifications...>(Input);
  static constexpr Shape input_shape = Input;
  static constexpr Shape output_shape = shapes[size];
  [[maybe_unused]] static constexpr std::array kinds{std::string_view(Specifications::kind)...};

  static constexpr auto parameters = [] {
    std::array<Segment, (Specifications::template Bound<shapes[I]>::parameters.size() + ...)> all;
    std::size_t count = 0;
    Index offset = 0;
    (detail::append_segments(Specifications::template Bound<shapes[I]>::parameters, Specifications::kind, I, all, count,
                             offset),
     ...);
    return all;
  }();
  static constexpr auto statistics = [] {
    std::array<Segment, (Specifications::template Bound<shapes[I]>::statistics.size() + ...)> all;
    std::size_t count = 0;
    Index offset = 0;
    (detail::append_segments(Specifications::template Bound<shapes[I]>::statistics, Specifications::kind, I, all, count,
                             offset),
     ...);
    return all;
  }();
  /// Number of parameters of each layer.
  [[maybe_unused]] static constexpr std::array parameter_counts{
      total_size(Specifications::template Bound<shapes[I]>::parameters)...};
  static constexpr Index multiply_adds = (Specifications::template Bound<shapes[I]>::multiply_adds + ...);

  static constexpr bool needs_input = std::array{Specifications::template Bound<shapes[I]>::needs_input...}.front();
  static constexpr bool needs_output = std::array{Specifications::template Bound<shapes[I]>::needs_output...}.back();
  static constexpr LayerRole role = LayerRole::plain;
  static constexpr bool in_place = false;

  template <class T>
  static constexpr Index saved(Index batch) {
    return detail::chain_saved(table<T>(), batch);
  }
  template <class T>
  static constexpr Index scratch(Index batch, Index threads) {
    return detail::chain_scratch(table<T>(), batch, threads);
  }

  template <class T>
  static void forward(const Forward<T>& pass) {
    if (pass.training) {
      detail::train_forward<size>(table<T>(), pass);
    } else {
      detail::infer_forward(table<T>(), pass);
    }
  }

  template <class T>
  static void backward(const Backward<T>& pass) {
    detail::chain_backward<size>(table<T>(), pass);
  }

 private:
  template <class T>
  static constexpr std::array<ChainEntry<T>, size> entries = [] {
    std::array<ChainEntry<T>, size> all{};
    Index parameter_offset = 0;
    Index statistics_offset = 0;
    ((all[I] = detail::chain_entry<T, typename Specifications::template Bound<shapes[I]>>(parameter_offset,
                                                                                          statistics_offset),
      parameter_offset += total_size(Specifications::template Bound<shapes[I]>::parameters),
      statistics_offset += total_size(Specifications::template Bound<shapes[I]>::statistics)),
     ...);
    return all;
  }();

  template <class T>
  static constexpr std::span<const ChainEntry<T>> table() {
    return entries<T>;
  }
};

template <Shape Input, class... Specifications>
using Chain = BoundChain<Input, std::index_sequence_for<Specifications...>, Specifications...>;

}  // namespace lamina
