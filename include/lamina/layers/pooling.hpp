#pragma once

#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/window.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/requirement.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

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
  [[nodiscard]] static constexpr kernels::WindowGeometry geometry(const Shape& input) {
    return {{.kernel = Window, .stride = Window}, input, output(input)};
  }

  template <class At, class Layer, Shape Input>
  using DividesInput = PoolingDividesInput<At, Layer, Shape{next(Input.height), next(Input.width), Input.channels},
                                           Input, divides(Input)>;
};

/// Calls body(output pixel, input pixel) for each pixel of every window in order, pixels counted over the batch.
template <Index Window, class Input, class Output, class Body>
void for_each_window(const Input& input, const Output& output, const Body& body) {
  const Shape& size = output.shape;
  for (Index out = 0; out < output.pixels(); ++out) {
    const Index top = out / size.width % size.height * Window;
    const Index first =
        (out / size.pixels() * input.shape.height + top) * input.shape.width + out % size.width * Window;
    for (Index i = 0; i < Window * Window; ++i) body(out, first + i / Window * input.shape.width + i % Window);
  }
}

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
    static constexpr LayerRole role = LayerRole::pooling;
    static constexpr PoolingMethod method = PoolingMethod::average;
    static constexpr kernels::WindowGeometry pooling = detail::PoolingShape<Window>::geometry(Input);

    template <class T>
    static void forward(const Forward<T>& pass) {
      pass.output.matrix().setZero();
      detail::for_each_window<Window>(pass.input, pass.output, [&](Index out, Index in) {
        pass.output.matrix().row(out) += pass.input.matrix().row(in) / T{Window * Window};
      });
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      if (pass.input_gradient.empty()) return;
      detail::for_each_window<Window>(pass.input_gradient, pass.output_gradient, [&](Index out, Index in) {
        pass.input_gradient.matrix().row(in) = pass.output_gradient.matrix().row(out) / T{Window * Window};
      });
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
    static constexpr LayerRole role = LayerRole::pooling;
    static constexpr PoolingMethod method = PoolingMethod::maximum;
    static constexpr kernels::WindowGeometry pooling = detail::PoolingShape<Window>::geometry(Input);

    /// NaN in a window is its maximum, as in PyTorch.
    template <class T>
    static void forward(const Forward<T>& pass) {
      pass.output.matrix().setConstant(-std::numeric_limits<T>::infinity());
      detail::for_each_window<Window>(pass.input, pass.output, [&](Index out, Index in) {
        for (Index c = 0; c < Input.channels; ++c) {
          const T value = pass.input.matrix()(in, c);
          T& most = pass.output.matrix()(out, c);
          if (is_nan(value) || (value > most && !is_nan(most))) most = value;
        }
      });
    }

    /// The first of equal maxima takes the gradient.
    template <class T>
    static void backward(const Backward<T>& pass) {
      if (pass.input_gradient.empty()) return;
      pass.input_gradient.matrix().setZero();
      std::vector<bool> found(static_cast<std::size_t>(pass.output.size()));
      detail::for_each_window<Window>(pass.input, pass.output, [&](Index out, Index in) {
        for (Index c = 0; c < Input.channels; ++c) {
          const T value = pass.input.matrix()(in, c);
          auto taken = found[static_cast<std::size_t>(out * Input.channels + c)];
          const T most = pass.output.matrix()(out, c);
          if (taken || !(is_nan(most) ? is_nan(value) : value == most)) continue;
          pass.input_gradient.matrix()(in, c) = pass.output_gradient.matrix()(out, c);
          taken = true;
        }
      });
    }
  };
};

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
