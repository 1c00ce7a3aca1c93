#pragma once

#include <algorithm>
#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/window.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/max_definition.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Maximum of all pixels (torch.nn.AdaptiveMaxPool2d(1)): h x w x c to 1 x 1 x c. It is the maximum of one window that
/// covers the image.
struct GlobalMaxPool {
  static constexpr std::string_view kind = "global_max_pool";

  [[nodiscard]] static constexpr Shape output(const Shape& input) { return {1, 1, input.channels}; }

  template <Shape Input>
  struct Bound : LayerDefaults<Input, output(Input)> {
    static constexpr LayerRole role = LayerRole::pooling;
    static constexpr PoolingMethod method = PoolingMethod::maximum;
    static constexpr Index side = std::max(Input.height, Input.width);
    static constexpr kernels::WindowGeometry pooling{{.kernel = side, .stride = side}, Input, output(Input)};

    template <class T>
    static void forward(const Forward<T>& pass) {
      detail::MaxDefinition::forward(pooling.window, pass);
    }
    template <class T>
    static void backward(const Backward<T>& pass) {
      detail::MaxDefinition::backward(pooling.window, pass);
    }
  };
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
