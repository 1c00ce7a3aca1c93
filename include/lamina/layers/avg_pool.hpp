#pragma once

#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/pooling_window.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Mean of the Kernel x Kernel pixels of a window, channel by channel. Without a stride the windows lie side by side
/// and must cover the image: h x w x c to h / Kernel x w / Kernel x c. With a stride of its own each side of n pixels
/// becomes (n + 2 Padding - Kernel) / Stride + 1, rounded down: what is left over at the end is left out, as in
/// PyTorch. Padding is by zeros that count in the mean (torch.nn.AvgPool2d with its default count_include_pad=True),
/// and at most half the kernel.
template <Index Kernel, Index Stride = 0, Index Padding = 0>
struct AvgPool {
  static constexpr std::string_view kind = "avg_pool";
  using Window = detail::PoolingWindow<Kernel, Stride, Padding>;

  [[nodiscard]] static constexpr Shape output(const Shape& input) { return Window::output(input); }

  template <class At, Shape Input>
  struct Requires : Window::template Requires<At, AvgPool, Input> {};

  template <Shape Input>
  struct Bound : LayerDefaults<Input, output(Input)> {
    static constexpr LayerRole role = LayerRole::pooling;
    static constexpr PoolingMethod method = PoolingMethod::average;
    static constexpr kernels::WindowGeometry pooling = Window::geometry(Input);

    template <class T>
    static void forward(const Forward<T>& pass) {
      pass.output.matrix().setZero();
      detail::for_each_window(Window::window, pass.input, pass.output, [&](Index out, Index in) {
        pass.output.matrix().row(out) += pass.input.matrix().row(in) / T{Kernel * Kernel};
      });
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      if (pass.input_gradient.empty()) return;
      pass.input_gradient.matrix().setZero();
      detail::for_each_window(Window::window, pass.input_gradient, pass.output_gradient, [&](Index out, Index in) {
        pass.input_gradient.matrix().row(in) += pass.output_gradient.matrix().row(out) / T{Kernel * Kernel};
      });
    }
  };
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
