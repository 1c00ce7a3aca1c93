#pragma once

#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/activation.hpp>
#include <lamina/layers/layer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Slope of a leaky rectifier for negative values.
struct Slope {
  double value = 0.01;
};

/// Leaky rectified linear unit (Maas, Hannun and Ng 2013): output = input where positive, else slope x input. Any
/// shape.
template <Slope Negative>
struct BasicLeakyReLU : KeepsShape {
  static_assert(Negative.value >= 0, "Lamina: the slope of a leaky ReLU must not be negative");

  static constexpr std::string_view kind = Negative.value == 0 ? "relu" : "leaky_relu";

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    static constexpr LayerRole role = LayerRole::activation;
    static constexpr bool rectifier = true;
    template <class T>
    static constexpr kernels::Activation<T> activation{.slope = static_cast<T>(Negative.value)};

    template <class T>
    static void forward(const Forward<T>& pass) {
      const auto x = pass.input.matrix().array();
      pass.output.matrix() = (x > 0).select(x, x * static_cast<T>(Negative.value)).matrix();
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      if (pass.input_gradient.empty()) return;
      const auto dy = pass.output_gradient.matrix().array();
      pass.input_gradient.matrix() =
          (pass.input.matrix().array() > 0).select(dy, dy * static_cast<T>(Negative.value)).matrix();
    }
  };
};

/// The networks' activation, slope 0.01.
using LeakyReLU = BasicLeakyReLU<Slope{}>;

/// Rectified linear unit: max(input, 0).
using ReLU = BasicLeakyReLU<Slope{.value = 0}>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
