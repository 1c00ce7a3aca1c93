#pragma once

#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/max_definition.hpp>
#include <lamina/layers/pooling_window.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Maximum of the Kernel x Kernel pixels of a window, channel by channel (torch.nn.MaxPool2d). Without a stride the
/// windows lie side by side and must cover the image: h x w x c to h / Kernel x w / Kernel x c. With a stride of its
/// own, as in the MaxPool<3, 2, 1> of a ResNet, each side of n pixels becomes (n + 2 Padding - Kernel) / Stride + 1,
/// rounded down: what is left over at the end is left out, as in PyTorch. Padding is never the maximum, and at most
/// half the kernel.
template <Index Kernel, Index Stride = 0, Index Padding = 0>
struct MaxPool {
  static constexpr std::string_view kind = "max_pool";
  using Window = detail::PoolingWindow<Kernel, Stride, Padding>;

  [[nodiscard]] static constexpr Shape output(const Shape& input) { return Window::output(input); }

  template <class At, Shape Input>
  struct Requires : Window::template Requires<At, MaxPool, Input> {};

  template <Shape Input>
  struct Bound : LayerDefaults<Input, output(Input)> {
    static constexpr LayerRole role = LayerRole::pooling;
    static constexpr PoolingMethod method = PoolingMethod::maximum;
    static constexpr kernels::WindowGeometry pooling = Window::geometry(Input);

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
