#pragma once

#include <string_view>

#include <lamina/kernels/elementwise.hpp>
#include <lamina/layers/layer.hpp>

namespace lamina {

/// Slope of a leaky rectifier for negative values.
struct Slope {
  double value = 0.01;
};

/// Leaky rectified linear unit (Maas, Hannun and Ng 2013): output = input where positive, else slope x input. Any
/// shape. Works in place; backward tells the sign of the input from the output.
template <Slope Negative>
struct BasicLeakyReLU : KeepsShape {
  static_assert(Negative.value >= 0, "Lamina: the slope of a leaky ReLU must not be negative");

  static constexpr std::string_view kind = Negative.value == 0 ? "relu" : "leaky_relu";

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    static constexpr double slope = Negative.value;
    static constexpr bool needs_output = true;
    static constexpr LayerRole role = LayerRole::activation;
    static constexpr bool in_place = true;

    template <class T>
    static void forward(const Forward<T>& pass) {
      kernels::leaky_relu(pass.team, pass.input.size(), pass.input.data, static_cast<T>(Negative.value),
                          pass.output.data);
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      if (pass.input_gradient.empty()) return;
      kernels::leaky_relu_gradient(pass.team, pass.output.size(), pass.output.data, pass.output_gradient.data,
                                   static_cast<T>(Negative.value), pass.input_gradient.data);
    }
  };
};

/// The networks' activation, slope 0.01.
using LeakyReLU = BasicLeakyReLU<Slope{}>;

/// Rectified linear unit: max(input, 0).
using ReLU = BasicLeakyReLU<Slope{.value = 0}>;

}  // namespace lamina
