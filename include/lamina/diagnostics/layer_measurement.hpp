#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/kernels/activation.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What one value of a network looks like on a batch. A unit is a place in a sample: a pixel and a channel.
struct ValueMeasurement {
  double mean = 0;
  double mean_square = 0;
  double squared_channel_mean = 0;  ///< mean over channels of the squared mean of the channel over batch and pixels
                                    ///< (Brock, De and Smith 2021, "signal propagation plots")
  double channel_variance = 0;      ///< mean over channels of the variance of the channel
  double sample_variance = 0;       ///< mean over units of the variance over the samples of the batch
  bool finite = true;

  [[nodiscard]] double rms() const { return std::sqrt(mean_square); }
  /// Share of the value that tells samples apart, from 0 (all alike) to 1: deviation over samples by root mean square.
  [[nodiscard]] double signal() const { return mean_square > 0 ? std::sqrt(sample_variance / mean_square) : 0; }
};

/// Measures a value in double, in two passes, so that what all samples share cancels exactly.
template <class T>
[[nodiscard]] ValueMeasurement measure_value(const TensorView<const T>& value) {
  const auto rows = value.matrix();
  const double count = static_cast<double>(value.size());
  const auto channels = static_cast<double>(value.shape.channels);
  const Index pixels = value.shape.pixels();
  const auto samples = static_cast<double>(value.batch);
  ValueMeasurement result;
  for (Index c = 0; c < value.shape.channels; ++c) {
    const Eigen::ArrayXd column = rows.col(c).template cast<double>().array();
    const double mean = column.mean();
    result.mean += mean / channels;
    result.mean_square += column.square().sum() / count;
    result.squared_channel_mean += mean * mean / channels;
    result.channel_variance += (column - mean).square().mean() / channels;
    const Eigen::Map<const Eigen::ArrayXXd> units(column.data(), pixels, value.batch);
    const Eigen::ArrayXd unit_means = units.rowwise().sum() / samples;
    result.sample_variance += (units.colwise() - unit_means).square().sum() / count;
  }
  result.finite = is_finite(result.mean_square);
  return result;
}

/// Share of the channels of a rectifier's input that are never positive: units that pass nothing on.
template <class T>
[[nodiscard]] double dead_share(const TensorView<const T>& input) {
  const auto most = input.matrix().colwise().maxCoeff();
  return static_cast<double>((most.array() <= T{0}).count()) / static_cast<double>(input.shape.channels);
}

/// Share of the values of an activation's input at which its derivative is below a twentieth of 1: of the largest
/// there can be, for the activations that are bounded or nearly so.
/// @param largest  of the derivative
template <class T>
[[nodiscard]] double saturated_share(const kernels::Activation<T>& activation, const TensorView<const T>& input,
                                     double largest) {
  const Matrix<T> z = input.matrix();
  Matrix<T> derivative = Matrix<T>::Ones(z.rows(), z.cols());
  activation.multiply_derivative(z.size(), z.data(), derivative.data());
  const auto saturated = (derivative.array().abs() < static_cast<T>(largest / 20)).count();
  return static_cast<double>(saturated) / static_cast<double>(z.size());
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
