#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/pooling_window.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// The definition of maximum pooling over windows that may overlap. Backward finds the maximum again from input and
/// output.
struct MaxDefinition {
  /// NaN in a window is its maximum, as in PyTorch.
  template <class T>
  static void forward(const kernels::Window& window, const Forward<T>& pass) {
    pass.output.matrix().setConstant(-std::numeric_limits<T>::infinity());
    for_each_window(window, pass.input, pass.output, [&](Index out, Index in) {
      for (Index c = 0; c < pass.input.shape.channels; ++c) {
        const T value = pass.input.matrix()(in, c);
        T& most = pass.output.matrix()(out, c);
        if (is_nan(value) || (value > most && !is_nan(most))) most = value;
      }
    });
  }

  /// The first of equal maxima takes the gradient.
  template <class T>
  static void backward(const kernels::Window& window, const Backward<T>& pass) {
    if (pass.input_gradient.empty()) return;
    const Index channels = pass.input.shape.channels;
    pass.input_gradient.matrix().setZero();
    std::vector<bool> found(static_cast<std::size_t>(pass.output.size()));
    for_each_window(window, pass.input, pass.output, [&](Index out, Index in) {
      for (Index c = 0; c < channels; ++c) {
        const T value = pass.input.matrix()(in, c);
        auto taken = found[static_cast<std::size_t>(out * channels + c)];
        const T most = pass.output.matrix()(out, c);
        if (taken || !(is_nan(most) ? is_nan(value) : value == most)) continue;
        pass.input_gradient.matrix()(in, c) += pass.output_gradient.matrix()(out, c);
        taken = true;
      }
    });
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
