#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/shape.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/layers/segment.hpp>

/// @file
/// What a layer is. A *specification* such as Conv2d<32, 3> holds the numbers a user writes and no input shape; it says
/// which output shape follows from an input shape. Its member template Bound<Input> is the layer for one input shape: a
/// type without objects whose constants say what it needs, and whose static forward and backward do the work on memory
/// that a workspace lends them.
///
///     struct Double : KeepsShape {                           // y = 2 x
///       static constexpr std::string_view kind = "double";
///       template <Shape Input>
///       struct Bound : LayerDefaults<Input> {
///         template <class T> static void forward(const Forward<T>& pass);    // writes pass.output
///         template <class T> static void backward(const Backward<T>& pass);  // writes pass.input_gradient
///       };
///     };
///
/// A specification may also have a member template Requires<At, Input> whose static_asserts check the input shape; it
/// is instantiated before Bound. examples/custom_layer.cpp is a layer written outside the library.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What a layer with random behaviour draws from.
struct RandomPosition {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;   ///< training step
  std::uint32_t layer = 0;  ///< tells apart the layers of one network
};

/// Everything forward reads and writes. Memory that a layer did not ask for is null.
template <class T>
struct Forward {
  const Team& team;
  bool training = false;  ///< batch statistics and dropout; otherwise running statistics and no dropout
  RandomPosition random{};
  const T* parameters = nullptr;    ///< the layer's `parameters`, one after the other
  const T* statistics = nullptr;    ///< the layer's `statistics` before this step
  T* updated_statistics = nullptr;  ///< the same memory to write to; null unless training
  T* saved = nullptr;               ///< `saved(batch)` values kept until backward; null unless training
  T* scratch = nullptr;             ///< `scratch(batch, threads)` values, of no use after this call
  TensorView<const T> input{};
  TensorView<T> output{};
};

/// Everything backward reads and writes.
template <class T>
struct Backward {
  const Team& team;
  RandomPosition random{};  ///< as in forward
  const T* parameters = nullptr;
  T* gradients = nullptr;  ///< to overwrite, laid out like `parameters`
  const T* saved = nullptr;
  T* scratch = nullptr;
  TensorView<const T> input{};   ///< of forward
  TensorView<const T> output{};  ///< of forward
  TensorView<const T> output_gradient{};
  TensorView<T> input_gradient{};  ///< to overwrite; empty() where nobody wants it
};

/// What a layer is to the engine, which has kernels for all but those that run by their own definition.
enum class LayerRole {
  defined,      ///< runs by its own definition, as Dropout
  convolution,  ///< has a kernels::ConvolutionShape `convolution`, a ConvAlgorithm `algorithm` and `bias`, as Conv2d
                ///< and Linear
  pooling,      ///< has a PoolingMethod `method` and a kernels::WindowGeometry `pooling`, as AvgPool
  batch_norm,   ///< has `options`, as BatchNorm
  activation,   ///< has a kernels::Activation `activation<T>` and `rectifier`, as ReLU
  reshape,      ///< the same values in the same order under another shape, as Flatten
};

/// How a convolution is computed. The choice changes rounding and speed, nothing else.
enum class ConvAlgorithm {
  automatic,  ///< the fastest that applies: Winograd only where it saves a third of the multiplications at least
  im2col,     ///< patches times weights: any kernel, stride, padding, dilation and groups
  winograd,   ///< F(4x4, 3x3): kernel 3, stride 1, dilation 1, one group
  depthwise,  ///< a filter for each channel: as many groups as input channels and as filters
};

/// How a pooling makes one pixel of many.
enum class PoolingMethod { average, maximum, global_average };

/// Shape rule of a specification whose output has the shape of its input.
struct KeepsShape {
  [[nodiscard]] static constexpr Shape output(const Shape& input) { return input; }
};

/// In the place of a bool that a layer leaves open.
struct Unsaid {};

/// Constants of a layer that has no parameters and remembers nothing. A layer replaces what differs.
template <Shape Input, Shape Output = Input>
struct LayerDefaults {
  static constexpr Shape input_shape = Input;
  static constexpr Shape output_shape = Output;
  static constexpr std::array<Segment, 0> parameters{};
  static constexpr std::array<Segment, 0> statistics{};
  static constexpr LayerRole role = LayerRole::defined;
  /// Whether a layer that is given its channels in another order gives the same channels in that order. Files have the
  /// channels behind Flatten in PyTorch's order, and behind such a layer still (layers/channel_order.hpp). A layer with
  /// parameters says it itself, true or false, if it is to stand there.
  static constexpr Unsaid keeps_channels{};
  static constexpr Index multiply_adds = 0;  ///< of the products in one sample's forward pass, for FLOP counts
  /// Number of values of T kept from forward to backward.
  template <class T>
  static constexpr Index saved(Index /*batch*/) {
    return 0;
  }
  /// Number of values of T of scratch memory within one call.
  template <class T>
  static constexpr Index scratch(Index /*batch*/, Index /*threads*/) {
    return 0;
  }
};

/// What a user writes for a layer.
template <class S>
concept LayerSpecification = requires(const Shape& input) {
  { S::kind } -> std::convertible_to<std::string_view>;
  { S::output(input) } -> std::same_as<Shape>;
};

/// A layer bound to its input shape.
template <class L>
concept BoundLayer = requires(const Forward<float>& forward, const Backward<float>& backward) {
  { L::output_shape } -> std::convertible_to<Shape>;
  { L::template saved<float>(Index{1}) } -> std::convertible_to<Index>;
  { L::template scratch<float>(Index{1}, Index{1}) } -> std::convertible_to<Index>;
  total_size(L::parameters);
  total_size(L::statistics);
  L::forward(forward);
  L::backward(backward);
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
