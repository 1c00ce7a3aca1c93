#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>

#include <lamina/kernels/batch_norm.hpp>
#include <lamina/kernels/convolution.hpp>
#include <lamina/network/chain.hpp>
#include <lamina/network/residual.hpp>

/// @file
/// A network as a flat list of operations: the layers of nested chains and of residual blocks without a projection, one
/// behind the other, with marks where a shortcut leaves and joins.

namespace lamina {

enum class OperationKind {
  plain,           ///< any layer, run by its own forward and backward
  convolution,     ///< run by a kernel that does what stands around it, too
  batch_norm,      ///< its reader scales and shifts
  activation,      ///< multiplies negative values by a slope
  shortcut_begin,  ///< the value here is needed again at the matching end
  shortcut_end,    ///< adds that value
};

/// One operation: a row of the layer table and what fusion has to know of it.
template <class T>
struct Operation {
  OperationKind kind = OperationKind::plain;
  ChainEntry<T> layer{};
  Shape input_shape{};
  std::uint32_t random_layer = 0;  ///< RandomPosition::layer
  T slope = 1;
  T epsilon = 0;
  T momentum = 0;
  // Of a batch norm: mean and biased variance of each channel, for one that stands behind no convolution.
  void (*moments)(const Team&, TensorView<const T> x, T* scratch, T* mean, T* variance) = nullptr;
  // Of a convolution: kernels for its channels, which layers of any image size share.
  Index weight_size = 0;
  bool has_bias = false;
  kernels::WindowGeometry geometry{};
  Index prepared_size = 0;
  void (*prepare)(const T* weights, const T* bias, T* prepared) = nullptr;
  void (*convolve)(const kernels::WindowGeometry&, const kernels::ConvolutionForward<T>&) = nullptr;
  void (*convolve_back)(const kernels::WindowGeometry&, const kernels::ConvolutionBackward<T>&) = nullptr;

  /// The bias in a convolution's parameters or gradients, behind the weights; null where it has none.
  template <class Value>
  [[nodiscard]] Value* bias(Value* values) const {
    return has_bias ? values + weight_size : nullptr;
  }
};

namespace detail {

template <class T, class... Arrays>
[[nodiscard]] constexpr auto concatenate(const Arrays&... arrays) {
  std::array<T, (std::tuple_size_v<Arrays> + ... + 0)> all{};
  std::size_t count = 0;
  ((std::copy(arrays.begin(), arrays.end(), all.begin() + static_cast<std::ptrdiff_t>(count)), count += arrays.size()),
   ...);
  return all;
}

template <class T, class Layer>
[[nodiscard]] constexpr Operation<T> operation_of(std::uint32_t random_layer, Index parameters, Index statistics) {
  constexpr bool own_passes = Layer::role != LayerRole::convolution && Layer::role != LayerRole::batch_norm;
  Operation<T> operation{.layer = chain_entry<T, Layer, own_passes>(parameters, statistics),
                         .input_shape = Layer::input_shape,
                         .random_layer = random_layer};
  if constexpr (Layer::role == LayerRole::convolution) {
    operation.kind = OperationKind::convolution;
    using Convolution = typename Layer::template Convolution<T>;
    operation.weight_size = Layer::parameters.front().size();
    operation.has_bias = Layer::parameters.size() > 1;
    operation.geometry = Layer::geometry;
    operation.prepared_size = aligned_size<T>(Convolution::prepared_size);
    operation.prepare = &Convolution::prepare;
    operation.convolve = &Convolution::forward;
    operation.convolve_back = &Convolution::backward;
  } else if constexpr (Layer::role == LayerRole::batch_norm) {
    operation.kind = OperationKind::batch_norm;
    operation.epsilon = static_cast<T>(Layer::options.epsilon);
    operation.momentum = static_cast<T>(Layer::options.momentum);
    operation.moments = &kernels::batch_moments<T, Layer::output_shape.channels>;
  } else if constexpr (Layer::role == LayerRole::activation) {
    operation.kind = OperationKind::activation;
    operation.slope = static_cast<T>(Layer::slope);
  }
  return operation;
}

template <class T, class Layer>
[[nodiscard]] constexpr auto operations_of(std::uint32_t random_layer, Index parameters, Index statistics);

/// The operations of the layers of a chain; numbers and offsets are those of the whole network.
template <class T, Shape Input, std::size_t... I, class... Specifications>
[[nodiscard]] constexpr auto operations_of_chain(const BoundChain<Input, std::index_sequence<I...>, Specifications...>*,
                                                 std::uint32_t random_layer, Index parameters, Index statistics) {
  using Bound = BoundChain<Input, std::index_sequence<I...>, Specifications...>;
  std::array<Index, sizeof...(I)> parameter_offsets{};
  std::array<Index, sizeof...(I)> statistics_offsets{};
  ((parameter_offsets[I] = parameters,
    parameters += total_size(Specifications::template Bound<Bound::shapes[I]>::parameters),
    statistics_offsets[I] = statistics,
    statistics += total_size(Specifications::template Bound<Bound::shapes[I]>::statistics)),
   ...);
  return concatenate<Operation<T>>(operations_of<T, typename Specifications::template Bound<Bound::shapes[I]>>(
      inside(RandomPosition{.layer = random_layer}, I).layer, parameter_offsets[I], statistics_offsets[I])...);
}

template <class T, class Layer>
[[nodiscard]] constexpr auto operations_of(std::uint32_t random_layer, Index parameters, Index statistics) {
  if constexpr (requires(const Layer* layer) { operations_of_chain<T>(layer, random_layer, parameters, statistics); }) {
    return operations_of_chain<T>(static_cast<const Layer*>(nullptr), random_layer, parameters, statistics);
  } else if constexpr (requires { typename Layer::IdentityBranch; }) {
    constexpr std::array begin{Operation<T>{.kind = OperationKind::shortcut_begin}};
    constexpr std::array end{Operation<T>{.kind = OperationKind::shortcut_end}};
    return concatenate<Operation<T>>(
        begin, operations_of<T, typename Layer::IdentityBranch>(random_layer, parameters, statistics), end);
  } else {
    return std::array{operation_of<T, Layer>(random_layer, parameters, statistics)};
  }
}

}  // namespace detail

/// The operations of a network, input first.
template <class T, class Network>
inline constexpr auto operations = detail::operations_of<T, typename Network::Layers>(0, 0, 0);

}  // namespace lamina
