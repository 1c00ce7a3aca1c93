#pragma once

#include <array>
#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/convolution_shape.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/requirement.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

struct LinearOptions {
  bool bias = true;
};

/// Fully connected layer: output = input weight + bias, from 1 x 1 x n to 1 x 1 x Outputs. Parameters: weight
/// (n, Outputs) and bias (Outputs), both starting uniform in +-1/sqrt(n).
template <Index Outputs, LinearOptions Options = LinearOptions{}>
struct Linear {
  static_assert(Outputs > 0);

  static constexpr std::string_view kind = "linear";

  [[nodiscard]] static constexpr Shape output(const Shape& /*input*/) { return {1, 1, Outputs}; }

  template <class At, Shape Input>
  struct Requires : LinearNeedsVector<At, Linear, Shape{1, 1, Input.size()}, Input, Input.pixels() == 1> {};

  template <Shape Input>
  struct Bound : LayerDefaults<Input, output(Input)> {
    static constexpr Index inputs = Input.channels;
    static constexpr auto parameters = [] {
      constexpr Segment weight{.name = "weight",
                               .dims = {inputs, Outputs},
                               .rank = 2,
                               .initialization = Initialization::fan_in_uniform,
                               .fan_in = inputs,
                               .file_axes = {1, 0, 2, 3},
                               .input_axis = 0};
      constexpr Segment bias{.name = "bias",
                             .dims = {Outputs},
                             .initialization = Initialization::fan_in_uniform,
                             .fan_in = inputs,
                             .input_axis = Segment::kNoAxis};
      if constexpr (Options.bias) {
        return std::array{weight, bias};
      } else {
        return std::array{weight};
      }
    }();
    static constexpr LayerRole role = LayerRole::convolution;
    static constexpr bool keeps_channels = false;
    static constexpr kernels::ConvolutionShape convolution{{{}, Input, output(Input)}};
    static constexpr bool bias = Options.bias;
    static constexpr ConvAlgorithm algorithm = ConvAlgorithm::im2col;
    static constexpr Index multiply_adds = inputs * Outputs;

    /// Y = X W + b.
    template <class T>
    static void forward(const Forward<T>& pass) {
      pass.output.matrix() = pass.input.matrix() * as_matrix(pass.parameters, inputs, Outputs);
      if constexpr (bias) pass.output.matrix().rowwise() += as_row(pass.parameters + inputs * Outputs, Outputs);
    }

    /// dW = X' dY, db = sum of dY's rows, dX = dY W'.
    template <class T>
    static void backward(const Backward<T>& pass) {
      const auto gradient = pass.output_gradient.matrix();
      as_matrix(pass.gradients, inputs, Outputs) = pass.input.matrix().transpose() * gradient;
      if constexpr (bias) as_row(pass.gradients + inputs * Outputs, Outputs) = gradient.colwise().sum();
      if (pass.input_gradient.empty()) return;
      pass.input_gradient.matrix() = gradient * as_matrix(pass.parameters, inputs, Outputs).transpose();
    }
  };
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
