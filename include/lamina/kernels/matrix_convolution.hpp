#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/matrix_backward.hpp>
#include <lamina/kernels/matrix_forward.hpp>
#include <lamina/kernels/matrix_wide_backward.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Convolution of any kernel size, stride, padding, dilation and number of groups, and the linear layer, as the product
/// of patches and weights. Patches are copied for a block of positions at a time, which stays in the second-level
/// cache; those of a 1 x 1 convolution are the pixels themselves. All sizes are known at run time only: a program has
/// this code once, however many networks it has.
template <class T>
struct MatrixConvolution {
  [[nodiscard]] static constexpr Index prepared_size(const ConvolutionShape& shape) {
    return matrix::Forward<T>::prepared_size(shape);
  }
  static void prepare(const ConvolutionShape& shape, const T* weights, const T* bias, T* prepared) {
    matrix::Forward<T>::prepare(nullptr, shape, weights, bias, prepared);
  }
  [[nodiscard]] static constexpr Index forward_scratch(const ConvolutionShape& shape, Index batch, Index threads) {
    return matrix::Forward<T>::scratch(shape, batch, threads);
  }
  [[nodiscard]] static constexpr Index backward_scratch(const ConvolutionShape& shape, Index batch, Index threads) {
    // A smaller batch may need more, as its backward may be the wide one.
    Index most = matrix::Backward<T>::scratch(shape, batch, threads);
    for (Index smaller = batch; smaller > 0; --smaller) {
      if (matrix::wide(shape, smaller))
        return std::max(most, matrix::WideBackward<T>::scratch(shape, smaller, threads));
    }
    return most;
  }
  static void forward(const ConvolutionShape& shape, const ConvolutionForward<T>& pass) {
    matrix::Forward<T>(shape, pass).run();
  }
  static void backward(const ConvolutionShape& shape, const ConvolutionBackward<T>& pass) {
    if (matrix::wide(shape, pass.output_gradient.gradient.batch)) {
      matrix::WideBackward<T>(shape, pass).run();
    } else {
      matrix::Backward<T>(shape, pass).run();
    }
  }
};

static_assert(ConvolutionKernel<MatrixConvolution<float>, float>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
