#pragma once

#include <algorithm>

#include <lamina/kernels/matrix_convolution.hpp>
#include <lamina/kernels/winograd_convolution.hpp>
#include <lamina/lamina.hpp>

#include "random_data.hpp"

namespace lamina::bench {

template <Index Inputs>
using Winograd = kernels::WinogradFor<float, Inputs, 32>;
template <Index Inputs>
using Im2col = kernels::MatrixConvolution<float>;

/// A 3x3 convolution with padding 1 from Inputs to 32 channels on a batch of 100 square images, forward and backward.
template <template <Index> class Algorithm, Index Inputs>
class ConvolutionCase {
 public:
  /// @param side  of the images, in pixels
  ConvolutionCase(Index side, const Team& team)
      : shape_{{{.kernel = 3, .padding = 1}, {side, side, Inputs}, {side, side, kOutputs}}},
        team_(team),
        scratch_(std::max(Convolution::forward_scratch(shape_, kBatch, team.threads()),
                          Convolution::backward_scratch(shape_, kBatch, team.threads()))) {}

  void forward() {
    Convolution::forward(shape_, {.team = team_,
                                  .weights = weights_.data(),
                                  .scratch = scratch_.data(),
                                  .input = {.raw = input_.view()},
                                  .output = output_.view()});
  }

  /// Gradients of the data and of the weights: one kernel forms both.
  void backward() { backward(input_gradient_.view()); }
  void backward_weights() { backward(TensorView<float>{}); }

  /// Multiplications and additions of forward by the direct method, counted also where the image ends; the gradients of
  /// the data and those of the weights take as many each.
  [[nodiscard]] double operations() const {
    return 2.0 * static_cast<double>(kBatch * shape_.geometry.output.pixels() * shape_.weight_size());
  }

 private:
  static constexpr Index kBatch = 100;
  static constexpr Index kOutputs = 32;
  using Convolution = Algorithm<Inputs>;

  void backward(TensorView<float> input_gradient) {
    Convolution::backward(shape_, {.team = team_,
                                   .weights = weights_.data(),
                                   .scratch = scratch_.data(),
                                   .input = {.raw = input_.view()},
                                   .output_gradient = {.gradient = output_gradient_.view()},
                                   .weight_gradient = weight_gradient_.data(),
                                   .input_gradient = {.target = input_gradient}});
  }

  kernels::ConvolutionShape shape_;
  Team team_;
  Buffer<float> scratch_;
  Buffer<float> weights_ = random_values(shape_.weight_size(), 0);
  Buffer<float> weight_gradient_{shape_.weight_size()};
  Tensor<float> input_ = random_tensor(kBatch, shape_.geometry.input, 1);
  Tensor<float> input_gradient_{kBatch, shape_.geometry.input};
  Tensor<float> output_{kBatch, shape_.geometry.output};
  Tensor<float> output_gradient_ = random_tensor(kBatch, shape_.geometry.output, 2);
};

}  // namespace lamina::bench
