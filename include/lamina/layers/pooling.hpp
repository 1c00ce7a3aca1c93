#pragma once

#include <string_view>

#include <lamina/kernels/pooling.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/requirement.hpp>

namespace lamina {

namespace detail {

/// Shape rule shared by the poolings: each side divided by the window, without a remainder.
template <Index Window>
struct PoolingShape {
  static_assert(Window > 0);

  [[nodiscard]] static constexpr bool divides(const Shape& input) {
    return input.height % Window == 0 && input.width % Window == 0;
  }
  [[nodiscard]] static constexpr Index next(Index side) { return (side + Window - 1) / Window * Window; }
  [[nodiscard]] static constexpr Shape output(const Shape& input) {
    return {input.height / Window, input.width / Window, input.channels};
  }

  template <class At, class Layer, Shape Input>
  using DividesInput = PoolingDividesInput<At, Layer, Shape{next(Input.height), next(Input.width), Input.channels},
                                           Input, divides(Input)>;
};

}  // namespace detail

/// Mean of Window x Window pixels side by side: h x w x c to h / Window x w / Window x c. The window must divide both
/// sides.
template <Index Window>
struct AvgPool : detail::PoolingShape<Window> {
  static constexpr std::string_view kind = "avg_pool";

  template <class At, Shape Input>
  struct Requires : detail::PoolingShape<Window>::template DividesInput<At, AvgPool, Input> {};

  template <Shape Input>
  struct Bound : LayerDefaults<Input, detail::PoolingShape<Window>::output(Input)> {
    template <class T>
    static void forward(const Forward<T>& pass) {
      kernels::average_pool<T, Input.channels, Window>(pass.team, pass.input, pass.output);
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      if (pass.input_gradient.empty()) return;
      kernels::average_pool_gradient<T, Input.channels, Window>(pass.team, pass.output_gradient, pass.input_gradient);
    }
  };
};

/// Maximum of Window x Window pixels side by side: h x w x c to h / Window x w / Window x c. The window must divide
/// both sides. Backward finds the maximum again from input and output.
template <Index Window>
struct MaxPool : detail::PoolingShape<Window> {
  static constexpr std::string_view kind = "max_pool";

  template <class At, Shape Input>
  struct Requires : detail::PoolingShape<Window>::template DividesInput<At, MaxPool, Input> {};

  template <Shape Input>
  struct Bound : LayerDefaults<Input, detail::PoolingShape<Window>::output(Input)> {
    static constexpr bool needs_input = true;
    static constexpr bool needs_output = true;

    template <class T>
    static void forward(const Forward<T>& pass) {
      kernels::max_pool<T, Input.channels, Window>(pass.team, pass.input, pass.output);
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      if (pass.input_gradient.empty()) return;
      kernels::max_pool_gradient<T, Input.channels, Window>(pass.team, pass.input, pass.output, pass.output_gradient,
                                                            pass.input_gradient);
    }
  };
};

/// Mean of all pixels (Lin, Chen and Yan 2014): h x w x c to 1 x 1 x c.
struct GlobalAvgPool {
  static constexpr std::string_view kind = "global_avg_pool";

  [[nodiscard]] static constexpr Shape output(const Shape& input) { return {1, 1, input.channels}; }

  template <Shape Input>
  struct Bound : LayerDefaults<Input, output(Input)> {
    template <class T>
    static void forward(const Forward<T>& pass) {
      kernels::global_average_pool<T, Input.channels>(pass.team, pass.input, pass.output);
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      if (pass.input_gradient.empty()) return;
      kernels::global_average_pool_gradient<T, Input.channels>(pass.team, pass.output_gradient, pass.input_gradient);
    }
  };
};

}  // namespace lamina
