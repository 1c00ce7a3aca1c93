#pragma once

#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/layer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Softmax over the channels of each pixel (torch.nn.Softmax(dim=1)): exp(x_c) / sum over k of exp(x_k), so that the
/// channels of a pixel are probabilities. For networks that use them inside or give them out; a classifier trains on
/// logits, with SoftmaxCrossEntropy as its loss.
struct Softmax : KeepsShape {
  static constexpr std::string_view kind = "softmax";

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    /// The largest value of a pixel is taken off first, so that nothing overflows.
    template <class T>
    static void forward(const Forward<T>& pass) {
      const auto x = pass.input.matrix();
      auto y = pass.output.matrix();
      pass.team.for_parts(x.rows(), [&](Range pixels, Index) {
        for (Index i = pixels.begin; i < pixels.end; ++i) {
          y.row(i) = (x.row(i).array() - x.row(i).maxCoeff()).exp().matrix();
          y.row(i) /= y.row(i).sum();
        }
      });
    }

    /// dx = y (dy - sum over channels of dy y).
    template <class T>
    static void backward(const Backward<T>& pass) {
      if (pass.input_gradient.empty()) return;
      const auto y = pass.output.matrix();
      const auto dy = pass.output_gradient.matrix();
      auto dx = pass.input_gradient.matrix();
      pass.team.for_parts(y.rows(), [&](Range pixels, Index) {
        for (Index i = pixels.begin; i < pixels.end; ++i) {
          const T mean = y.row(i).dot(dy.row(i));
          dx.row(i) = (y.row(i).array() * (dy.row(i).array() - mean)).matrix();
        }
      });
    }
  };
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
