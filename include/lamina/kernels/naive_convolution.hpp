#pragma once

#include <lamina/core/tensor.hpp>
#include <lamina/kernels/im2col.hpp>

namespace lamina::kernels {

/// The naive loop that defines convolution; what tests hold the fast versions against. `bias` may be null.
template <class T, Index Inputs, Index Outputs, Index Kernel>
void convolve_naive(const WindowGeometry& geometry, const T* weights, const T* bias, TensorView<const T> input,
                    TensorView<T> output) {
  for (Index n = 0; n < input.batch; ++n) {
    for (Index pixel = 0; pixel < geometry.output.pixels(); ++pixel) {
      for (Index k = 0; k < Outputs; ++k) {
        T sum = bias == nullptr ? T{0} : bias[k];
        detail::for_each_tap<Inputs, Kernel>(geometry, pixel, [&](Index from, Index tap) {
          if (from < 0) return;
          for (Index c = 0; c < Inputs; ++c) sum += input.sample(n)[from + c] * weights[(tap + c) * Outputs + k];
        });
        output.sample(n)[pixel * Outputs + k] = sum;
      }
    }
  }
}

}  // namespace lamina::kernels
