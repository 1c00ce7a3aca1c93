#pragma once

#include <array>
#include <string_view>

#include <lamina/kernels/convolution.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/requirement.hpp>

namespace lamina {

/// How a convolution's window moves; padding is by zeros.
struct ConvOptions {
  /// Padding that keeps the image's size at stride 1 with an odd kernel: dilation * (kernel - 1) / 2.
  static constexpr Index same = -1;

  Index stride = 1;
  Index padding = same;
  Index dilation = 1;
  bool bias = true;
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
    static constexpr Index multiply_adds = output_shape.size() * Kernel * Kernel * Input.channels;

    template <class T>
    using Algorithm = kernels::Im2colConvolution<T, Input.channels, Filters, Kernel>;

    template <class T>
    static constexpr Index scratch(Index batch, Index threads) {
      return std::max(Algorithm<T>::forward_scratch(threads), Algorithm<T>::backward_scratch(batch, threads));
    }

    template <class T>
    static void forward(const Forward<T>& pass) {
      Algorithm<T>::forward(pass.team, geometry, pass.parameters, bias(pass.parameters), pass.input, pass.output,
                            pass.scratch);
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      Algorithm<T>::backward(pass.team, geometry, pass.parameters, pass.input, pass.output_gradient,
                             pass.input_gradient, pass.gradients, bias(pass.gradients), pass.scratch);
    }

   private:
    static constexpr kernels::WindowGeometry geometry{window, Input, output_shape};

    template <class T>
    static T* bias(T* values) {
      return Options.bias ? values + parameters.front().size() : nullptr;
    }
  };
};

}  // namespace lamina
