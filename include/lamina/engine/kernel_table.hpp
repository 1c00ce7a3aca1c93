#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <variant>

#include <lamina/core/instruction_set.hpp>
#include <lamina/engine/convolution_choice.hpp>
#include <lamina/engine/graph.hpp>
#include <lamina/engine/pooling_choice.hpp>
#include <lamina/kernels/activation.hpp>
#include <lamina/kernels/channel_scaling.hpp>
#include <lamina/kernels/convolution_kernel.hpp>
#include <lamina/kernels/pooling_pass.hpp>

/// @file
/// What runs each operation for one type of numbers: functions of kernels that know no network.

namespace lamina::inline LAMINA_INSTRUCTION_SET::engine {

/// A convolution kernel as a row of functions; see kernels::ConvolutionKernel.
template <class T>
struct ConvolutionRow {
  kernels::ConvolutionShape shape{};
  bool bias = false;
  Index (*prepared_size)(const kernels::ConvolutionShape&) = nullptr;
  void (*prepare)(const kernels::ConvolutionShape&, const T* weights, const T* bias, T* prepared) = nullptr;
  Index (*forward_scratch)(const kernels::ConvolutionShape&, Index batch, Index threads) = nullptr;
  Index (*backward_scratch)(const kernels::ConvolutionShape&, Index batch, Index threads) = nullptr;
  void (*forward)(const kernels::ConvolutionShape&, const kernels::ConvolutionForward<T>&) = nullptr;
  void (*backward)(const kernels::ConvolutionShape&, const kernels::ConvolutionBackward<T>&) = nullptr;

  template <kernels::ConvolutionKernel<T> Kernel>
  [[nodiscard]] static constexpr ConvolutionRow of(const kernels::ConvolutionShape& shape, bool bias) {
    return {.shape = shape,
            .bias = bias,
            .prepared_size = &Kernel::prepared_size,
            .prepare = &Kernel::prepare,
            .forward_scratch = &Kernel::forward_scratch,
            .backward_scratch = &Kernel::backward_scratch,
            .forward = &Kernel::forward,
            .backward = &Kernel::backward};
  }

  /// The bias in the layer's parameters or gradients, behind the weights; null where it has none.
  template <class Value>
  [[nodiscard]] Value* bias_of(Value* values) const {
    return bias ? values + shape.weight_size() : nullptr;
  }
};

/// A pooling kernel as a row of functions.
template <class T>
struct PoolingRow {
  kernels::WindowGeometry geometry{};
  Index (*scratch)(const kernels::WindowGeometry&, Index batch, Index threads) = nullptr;  ///< of either direction
  void (*forward)(const kernels::WindowGeometry&, const kernels::PoolingForward<T>&) = nullptr;
  void (*backward)(const kernels::WindowGeometry&, const kernels::PoolingBackward<T>&) = nullptr;

  template <class Kernel>
  [[nodiscard]] static constexpr PoolingRow of(const kernels::WindowGeometry& geometry) {
    return {.geometry = geometry,
            .scratch =
                [](const kernels::WindowGeometry& of, Index batch, Index threads) {
                  return std::max(Kernel::forward_scratch(of, batch, threads),
                                  Kernel::backward_scratch(of, batch, threads));
                },
            .forward = &Kernel::forward,
            .backward = &Kernel::backward};
  }
};

template <class T>
struct BatchNormRow {
  T epsilon = 0;
  T momentum = 0;
  bool affine = true;  ///< has gamma and beta as its parameters

  /// Gamma in the layer's parameters, and beta behind it; null where it has none.
  template <class Value>
  [[nodiscard]] Value* gamma_of(Value* values) const {
    return affine ? values : nullptr;
  }
  template <class Value>
  [[nodiscard]] Value* beta_of(Value* values, Index channels) const {
    return affine ? values + channels : nullptr;
  }
};

template <class T>
struct ActivationRow {
  kernels::Activation<T> activation{};
};

/// The product with one factor a channel. Only networks that scale channels compile its kernel.
template <class T>
struct ChannelScalingRow {
  void (*forward)(const kernels::ChannelScalingForward<T>&) = nullptr;
  void (*backward)(const kernels::ChannelScalingBackward<T>&) = nullptr;
  Index (*forward_scratch)(const Shape& shape, Index threads) = nullptr;
  Index (*backward_scratch)(const Shape& shape, Index batch, Index threads) = nullptr;

  template <class Kernel>
  [[nodiscard]] static constexpr ChannelScalingRow of() {
    return {&Kernel::forward, &Kernel::backward, &Kernel::forward_scratch, &Kernel::backward_scratch};
  }
};

/// A layer that runs by its own definition.
template <class T>
struct LayerRow {
  void (*forward)(const Forward<T>&) = nullptr;
  void (*backward)(const Backward<T>&) = nullptr;
  Index (*saved)(Index batch) = nullptr;
  Index (*scratch)(Index batch, Index threads) = nullptr;
};

/// What runs one operation; nothing for additions, concatenations and reshapes, which are the engine's own.
template <class T>
using KernelRow = std::variant<std::monostate, ConvolutionRow<T>, PoolingRow<T>, BatchNormRow<T>, ActivationRow<T>,
                               ChannelScalingRow<T>, LayerRow<T>>;

namespace detail {

/// The row of a bound layer.
template <class T, class Bound>
[[nodiscard]] constexpr KernelRow<T> row_of() {
  if constexpr (Bound::role == LayerRole::convolution) {
    return ConvolutionRow<T>::template of<ConvolutionKernelFor<T, Bound>>(Bound::convolution, Bound::bias);
  } else if constexpr (Bound::role == LayerRole::pooling) {
    return PoolingRow<T>::template of<PoolingKernelFor<T, Bound>>(Bound::pooling);
  } else if constexpr (Bound::role == LayerRole::batch_norm) {
    return BatchNormRow<T>{.epsilon = static_cast<T>(Bound::options.epsilon),
                           .momentum = static_cast<T>(Bound::options.momentum),
                           .affine = Bound::options.affine};
  } else if constexpr (Bound::role == LayerRole::activation) {
    return ActivationRow<T>{Bound::template activation<T>};
  } else if constexpr (Bound::role == LayerRole::reshape) {
    return std::monostate{};
  } else {
    static_assert(BoundLayer<Bound>);
    return LayerRow<T>{&Bound::template forward<T>, &Bound::template backward<T>, &Bound::template saved<T>,
                       &Bound::template scratch<T>};
  }
}

/// A visitor that lists the rows in the order of GraphBuilder's operations.
template <class T, std::size_t N>
struct RowLister {
  std::array<KernelRow<T>, N> rows{};
  std::size_t count = 0;

  template <class Specification, Shape Input>
  constexpr ValueId layer(ValueId value, const Name&) {
    using Bound = typename Specification::template Bound<Input>;
    if constexpr (is_identity<Bound>) {
      return value;
    } else {
      rows[count++] = row_of<T, Bound>();
      return static_cast<ValueId>(count);
    }
  }
  constexpr ValueId add(ValueId, ValueId) { return static_cast<ValueId>(++count); }
  constexpr ValueId scale(ValueId, ValueId) {
    rows[count++] = ChannelScalingRow<T>::template of<kernels::ChannelScaling<T>>();
    return static_cast<ValueId>(count);
  }
  constexpr ValueId concatenate(std::span<const ValueId>, const Shape&) { return static_cast<ValueId>(++count); }
};

template <class T, class Network>
[[nodiscard]] constexpr auto list_rows() {
  RowLister<T, decltype(graph<Network>)::size> lister;
  Network::visit(lister);
  return lister.rows;
}

}  // namespace detail

/// What runs the operations of a network, one row each.
template <class T, class Network>
inline constexpr auto kernel_rows = detail::list_rows<T, Network>();

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::engine
