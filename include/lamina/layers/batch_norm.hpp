#pragma once

#include <array>
#include <string_view>

#include <lamina/kernels/batch_norm.hpp>
#include <lamina/layers/layer.hpp>

namespace lamina {

struct BatchNormOptions {
  double epsilon = 1e-5;  ///< added to the variance
  double momentum = 0.1;  ///< weight of the newest batch in the running statistics
};

/// Batch normalisation (Ioffe and Szegedy 2015), each channel over the batch and all pixels:
///
///     output = gamma (input - mean) / sqrt(variance + epsilon) + beta
///
/// In training with the batch's mean and biased variance, which also move the running statistics (with the unbiased
/// variance, as PyTorch does); otherwise with the running statistics. Parameters: weight (gamma, from 1) and bias
/// (beta, from 0); statistics: running_mean (from 0) and running_var (from 1); all of size channels. Keeps its input.
/// A batch of one value a channel has no variance: its output is beta, and running_var moves towards 0.
template <BatchNormOptions Options>
struct BasicBatchNorm : KeepsShape {
  static constexpr std::string_view kind = "batch_norm";

  template <Shape Input>
  struct Bound : LayerDefaults<Input> {
    static constexpr Index channels = Input.channels;
    static constexpr BatchNormOptions options = Options;
    static constexpr std::array parameters{
        Segment{.name = "weight", .dims = {channels}, .initialization = Initialization::one},
        Segment{.name = "bias", .dims = {channels}}};
    static constexpr std::array statistics{
        Segment{.name = "running_mean", .dims = {channels}},
        Segment{.name = "running_var", .dims = {channels}, .initialization = Initialization::one}};
    static constexpr bool needs_input = true;
    static constexpr LayerRole role = LayerRole::batch_norm;

    template <class T>
    static constexpr Index saved(Index /*batch*/) {
      return 2 * channels;  // mean and 1 / sqrt(variance + epsilon)
    }
    template <class T>
    static constexpr Index scratch(Index /*batch*/, Index /*threads*/) {
      return kernels::batch_norm_scratch<channels>;
    }

    template <class T>
    static void forward(const Forward<T>& pass) {
      Channels<T> mean;
      Channels<T> inverse_deviation;
      if (pass.training) {
        kernels::batch_moments<T, channels>(pass.team, pass.input, pass.scratch, mean.data(), inverse_deviation.data());
        kernels::update_running_statistics(channels, pass.input.pixels(), static_cast<T>(options.momentum), mean.data(),
                                           inverse_deviation.data(), pass.updated_statistics);
      } else {
        std::copy_n(pass.statistics, channels, mean.data());
        std::copy_n(pass.statistics + channels, channels, inverse_deviation.data());
      }
      kernels::invert_deviation(channels, static_cast<T>(options.epsilon), inverse_deviation.data(),
                                inverse_deviation.data());
      if (pass.training) {
        std::copy_n(mean.data(), channels, pass.saved);
        std::copy_n(inverse_deviation.data(), channels, pass.saved + channels);
      }
      Channels<T> scale;
      Channels<T> shift;
      kernels::normalization(channels, pass.parameters, pass.parameters + channels, mean.data(),
                             inverse_deviation.data(), scale.data(), shift.data());
      kernels::scale_and_shift<T, channels>(pass.team, pass.input, scale.data(), shift.data(), pass.output);
    }

    template <class T>
    static void backward(const Backward<T>& pass) {
      const T* const mean = pass.saved;
      const T* const inverse_deviation = pass.saved + channels;
      T* const gamma_gradient = pass.gradients;
      T* const beta_gradient = pass.gradients + channels;
      kernels::batch_norm_parameter_gradients<T, channels>(pass.team, pass.input, pass.output_gradient, mean,
                                                           inverse_deviation, pass.scratch, gamma_gradient,
                                                           beta_gradient);
      if (pass.input_gradient.empty()) return;
      Channels<T> scale;
      Channels<T> factor;
      Channels<T> shift;
      kernels::normalization_gradient(channels, pass.input.pixels(), pass.parameters, mean, inverse_deviation,
                                      gamma_gradient, beta_gradient, scale.data(), factor.data(), shift.data());
      kernels::combine_channels<T, channels>(pass.team, pass.output_gradient, pass.input, scale.data(), factor.data(),
                                             shift.data(), pass.input_gradient);
    }

   private:
    template <class T>
    using Channels = std::array<T, static_cast<std::size_t>(channels)>;
  };
};

/// Batch normalisation with PyTorch's defaults.
using BatchNorm = BasicBatchNorm<BatchNormOptions{}>;

}  // namespace lamina
