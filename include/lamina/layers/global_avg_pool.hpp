#pragma once

#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/window.hpp>
#include <lamina/layers/layer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Mean of all pixels (Lin, Chen and Yan 2014): h x w x c to 1 x 1 x c.
struct GlobalAvgPool {
  static constexpr std::string_view kind = "global_avg_pool";

  [[nodiscard]] static constexpr Shape output(const Shape& input) { return {1, 1, input.channels}; }

  template <Shape Input>
  struct Bound : LayerDefaults<Input, output(Input)> {
    static constexpr LayerRole role = LayerRole::pooling;
    static constexpr PoolingMethod method = PoolingMethod::global_average;
    static constexpr kernels::WindowGeometry pooling{{.kernel = Input.height}, Input, output(Input)};

    template <class T>
    static void forward(const Forward<T>& pass) {
      for (Index n = 0; n < pass.input.batch; ++n) {
        pass.output.matrix().row(n) = pass.input.samples(n, 1).matrix().colwise().mean();
      }
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      if (pass.input_gradient.empty()) return;
      for (Index n = 0; n < pass.input_gradient.batch; ++n) {
        pass.input_gradient.samples(n, 1).matrix().rowwise() =
            pass.output_gradient.matrix().row(n) / static_cast<T>(Input.pixels());
      }
    }
  };
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
