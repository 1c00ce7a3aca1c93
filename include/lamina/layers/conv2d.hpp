#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <type_traits>

#include <lamina/kernels/convolution.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/requirement.hpp>

namespace lamina {

/// How a convolution is computed. The choice changes rounding and speed, nothing else.
enum class ConvAlgorithm {
  automatic,  ///< Winograd where it can and saves a third of the multiplications at least, else im2col
  im2col,     ///< tiles of patches times weights: any kernel, stride, padding and dilation
  winograd,   ///< F(4x4, 3x3): kernel 3, stride 1, dilation 1, input channels and filters multiples of 8
};

/// How a convolution's window moves; padding is by zeros.
struct ConvOptions {
  /// Padding that keeps the image's size at stride 1 with an odd kernel: dilation * (kernel - 1) / 2.
  static constexpr Index same = -1;

  Index stride = 1;
  Index padding = same;
  Index dilation = 1;
  bool bias = true;
  ConvAlgorithm algorithm = ConvAlgorithm::automatic;
};

/// Two-dimensional convolution (cross-correlation, as in every deep-learning library):
///
///     output(y, x, k) = bias(k) + sum over i, j, c of
///                       weight(i, j, c, k) input(y stride - padding + i dilation, x stride - padding + j dilation, c)
///
/// Parameters: weight (Kernel, Kernel, input channels, Filters) and bias (Filters), both starting uniform in
/// +-1/sqrt(Kernel^2 input channels). Keeps its input for backward.
template <Index Filters, Index Kernel, ConvOptions Options = ConvOptions{}>
struct Conv2d {
  static_assert(Filters > 0 && Kernel > 0 && Options.stride > 0 && Options.dilation > 0);

  static constexpr std::string_view kind = "conv";
  static constexpr kernels::Window window{
      .kernel = Kernel,
      .stride = Options.stride,
      .padding = Options.padding == ConvOptions::same ? Options.dilation * (Kernel - 1) / 2 : Options.padding,
      .dilation = Options.dilation};

  /// Side of the smallest image that the window fits into.
  static constexpr Index smallest = std::max<Index>(1, window.extent() - 2 * window.padding);

  [[nodiscard]] static constexpr Shape output(const Shape& input) {
    return {window.positions(input.height), window.positions(input.width), Filters};
  }

  template <class At, Shape Input>
  struct Requires : WindowFitsInput<At, Conv2d, Shape{smallest, smallest, Input.channels}, Input,
                                    (Input.height >= smallest && Input.width >= smallest)> {};

  template <Shape Input>
  struct Bound : LayerDefaults<Input, output(Input)> {
    using LayerDefaults<Input, output(Input)>::output_shape;
    static constexpr auto parameters = [] {
      constexpr Index fan_in = Kernel * Kernel * Input.channels;
      constexpr Segment weight{.name = "weight",
                               .dims = {Kernel, Kernel, Input.channels, Filters},
                               .rank = 4,
                               .initialization = Initialization::fan_in_uniform,
                               .fan_in = fan_in};
      constexpr Segment bias{.name = "bias",
                             .dims = {Filters},
                             .rank = 1,
                             .initialization = Initialization::fan_in_uniform,
                             .fan_in = fan_in};
      if constexpr (Options.bias) {
        return std::array{weight, bias};
      } else {
        return std::array{weight};
      }
    }();
    static constexpr bool needs_input = true;
    static constexpr LayerRole role = LayerRole::convolution;
    static constexpr Index multiply_adds = output_shape.size() * Kernel * Kernel * Input.channels;

    /// What `automatic` stands for with this input.
    static constexpr ConvAlgorithm algorithm = [] {
      if (Options.algorithm != ConvAlgorithm::automatic) return Options.algorithm;
      const bool saves = 3 * kernels::winograd::products(output_shape) <= 2 * 9 * output_shape.pixels();
      return kernels::winograd::applies(window, Input.channels, Filters) && saves ? ConvAlgorithm::winograd
                                                                                  : ConvAlgorithm::im2col;
    }();
    static_assert(algorithm != ConvAlgorithm::winograd || kernels::winograd::applies(window, Input.channels, Filters),
                  "Lamina: Winograd needs kernel 3, stride 1, dilation 1, and channels in multiples of 8");

    static constexpr kernels::WindowGeometry geometry{window, Input, output_shape};

   private:
    template <class T>
    using Algorithm = typename std::conditional_t<
        algorithm == ConvAlgorithm::winograd,
        std::type_identity<kernels::WinogradConvolution<T, Input.channels, Filters>>,
        std::type_identity<kernels::Im2colConvolution<T, Input.channels, Filters, Kernel>>>::type;

   public:
    /// The kernel, which also does what stands around the layer in a network.
    template <class T>
    using Convolution = kernels::Convolution<Algorithm<T>, T, Input.channels, Filters, Kernel>;

    template <class T>
    static constexpr Index scratch(Index batch, Index threads) {
      return std::max(Convolution<T>::forward_scratch(geometry, threads),
                      Convolution<T>::backward_scratch(geometry, batch, threads));
    }

    template <class T>
    static void forward(const Forward<T>& pass) {
      Convolution<T>::forward(geometry, {.team = pass.team,
                                         .weights = pass.parameters,
                                         .bias = bias_of(pass.parameters),
                                         .scratch = pass.scratch,
                                         .input = {.raw = pass.input},
                                         .output = pass.output});
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      Convolution<T>::backward(geometry, {.team = pass.team,
                                          .weights = pass.parameters,
                                          .scratch = pass.scratch,
                                          .input = {.raw = pass.input},
                                          .output_gradient = {.gradient = pass.output_gradient},
                                          .weight_gradient = pass.gradients,
                                          .bias_gradient = bias_of(pass.gradients),
                                          .input_gradient = pass.input_gradient});
    }

   private:
    template <class T>
    static T* bias_of(T* values) {
      return Options.bias ? values + parameters.front().size() : nullptr;
    }
  };
};

}  // namespace lamina
