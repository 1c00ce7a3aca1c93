#pragma once

#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/layer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Passes its input on: output = input. The branch of a Concat that keeps what was there. It costs nothing.
struct Identity : KeepsShape {
  static constexpr std::string_view kind = "identity";

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    static constexpr LayerRole role = LayerRole::reshape;

    template <class T>
    static void forward(const Forward<T>& pass) {
      pass.output.matrix() = pass.input.matrix();
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      if (!pass.input_gradient.empty()) pass.input_gradient.matrix() = pass.output_gradient.matrix();
    }
  };
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
