#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/layer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

struct BatchNormOptions {
  double epsilon = 1e-5;  ///< added to the variance
  double momentum = 0.1;  ///< weight of the newest batch in the running statistics
  bool affine = true;     ///< whether there are gamma and beta; else they are 1 and 0, and no parameters
};

/// Batch normalisation (Ioffe and Szegedy 2015), each channel over the batch and all pixels:
///
///     output = gamma (input - mean) / sqrt(variance + epsilon) + beta
///
/// In training with the batch's mean and biased variance, which also move the running statistics (with the unbiased
/// variance, as PyTorch does); otherwise with the running statistics. Parameters: weight (gamma, from 1) and bias
/// (beta, from 0), unless Options.affine is false; statistics: running_mean (from 0) and running_var (from 1); all of
/// size channels. A single value a channel has no variance: a model refuses to train on a batch of one image where that
/// is so.
template <BatchNormOptions Options>
struct BasicBatchNorm : KeepsShape {
  static constexpr std::string_view kind = "batch_norm";

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    static constexpr Index channels = Input.channels;
    static constexpr BatchNormOptions options = Options;
    static constexpr auto parameters = [] {
      if constexpr (options.affine) {
        return std::array{
            Segment{.name = "weight", .dims = {channels}, .initialization = Initialization::one, .input_axis = 0},
            Segment{.name = "bias", .dims = {channels}, .input_axis = 0}};
      } else {
        return std::array<Segment, 0>{};
      }
    }();
    static constexpr std::array statistics{
        Segment{.name = "running_mean", .dims = {channels}, .input_axis = 0},
        Segment{.name = "running_var", .dims = {channels}, .initialization = Initialization::one, .input_axis = 0}};
    static constexpr LayerRole role = LayerRole::batch_norm;
    static constexpr bool keeps_channels = true;

    template <class T>
    static constexpr Index saved(Index /*batch*/) {
      return 2 * channels;  // mean and 1 / sqrt(variance + epsilon)
    }

    /// Column-wise means of the pixels, then the equation above.
    template <class T>
    static void forward(const Forward<T>& pass) {
      using Row = Eigen::Array<T, 1, Eigen::Dynamic>;
      const auto x = pass.input.matrix().array();
      Row mean = as_row(pass.statistics, channels);
      Row variance = as_row(pass.statistics + channels, channels);
      if (pass.training) {
        mean = x.colwise().mean();
        variance = (x.rowwise() - mean).square().colwise().mean();
        const Index count = x.rows();
        const T unbiased = static_cast<T>(count) / static_cast<T>(std::max<Index>(count - 1, 1));
        move(as_row(pass.updated_statistics, channels).array(), mean);
        move(as_row(pass.updated_statistics + channels, channels).array(), Row(variance * unbiased));
      }
      const Row inverse_deviation = (variance + static_cast<T>(options.epsilon)).rsqrt();
      if (pass.training) {
        as_row(pass.saved, channels) = mean;
        as_row(pass.saved + channels, channels) = inverse_deviation;
      }
      pass.output.matrix() = ((x.rowwise() - mean).rowwise() * scale(pass.parameters, inverse_deviation)).matrix();
      if constexpr (options.affine) pass.output.matrix().rowwise() += as_row(pass.parameters + channels, channels);
    }

    /// With x_hat the normalised input: dgamma = sum of dy x_hat, dbeta = sum of dy,
    /// dx = gamma / deviation (dy - mean(dy) - x_hat mean(dy x_hat)).
    template <class T>
    static void backward(const Backward<T>& pass) {
      using Row = Eigen::Array<T, 1, Eigen::Dynamic>;
      using Rows = Eigen::Array<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
      const auto dy = pass.output_gradient.matrix().array();
      const Row mean = as_row(pass.saved, channels);
      const Row inverse_deviation = as_row(pass.saved + channels, channels);
      const Rows x_hat = (pass.input.matrix().array().rowwise() - mean).rowwise() * inverse_deviation;
      if constexpr (options.affine) {
        as_row(pass.gradients, channels) = (dy * x_hat).colwise().sum();
        as_row(pass.gradients + channels, channels) = dy.colwise().sum();
      }
      if (pass.input_gradient.empty()) return;
      const Row dy_mean = dy.colwise().mean();
      const Row product_mean = (dy * x_hat).colwise().mean();
      pass.input_gradient.matrix() = (((dy.rowwise() - dy_mean) - x_hat.rowwise() * product_mean).rowwise() *
                                      scale(pass.parameters, inverse_deviation))
                                         .matrix();
    }

   private:
    /// gamma inverse_deviation.
    template <class T>
    static auto scale(const T* parameters, const Eigen::Array<T, 1, Eigen::Dynamic>& inverse_deviation) {
      using Row = Eigen::Array<T, 1, Eigen::Dynamic>;
      if constexpr (options.affine) return Row(as_row(parameters, channels).array() * inverse_deviation);
      return Row(inverse_deviation);
    }

    /// running += momentum (newest - running).
    template <class Running, class Newest>
    static void move(Running running, const Newest& newest) {
      running += static_cast<typename Newest::Scalar>(options.momentum) * (newest - running);
    }
  };
};

/// Batch normalisation with PyTorch's defaults.
using BatchNorm = BasicBatchNorm<BatchNormOptions{}>;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
