#pragma once

#include <algorithm>
#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/layer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Lays the values of a sample in one row: h x w x c to 1 x 1 x (h w c), in our order (row, column, channel). PyTorch
/// flattens (channel, row, column), and so do files: the parameters of the layers that follow are reordered when they
/// are written and read (layers/channel_order.hpp). It costs nothing.
struct Flatten {
  static constexpr std::string_view kind = "flatten";

  [[nodiscard]] static constexpr Shape output(const Shape& input) { return {1, 1, input.size()}; }

  template <Shape Input>
  struct Bound : LayerDefaults<Input, output(Input)> {
    static constexpr LayerRole role = LayerRole::reshape;

    template <class T>
    static void forward(const Forward<T>& pass) {
      std::copy_n(pass.input.data, pass.input.size(), pass.output.data);
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      if (pass.input_gradient.empty()) return;
      std::copy_n(pass.output_gradient.data, pass.output_gradient.size(), pass.input_gradient.data);
    }
  };
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
