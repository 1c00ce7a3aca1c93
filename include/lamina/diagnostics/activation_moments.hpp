#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/activation.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Two normal variables of the same mean and variance: a unit in two samples.
struct NormalPair {
  double mean = 0;
  double variance = 1;
  double covariance = 0;  ///< from 0 to the variance
};

/// What an activation f makes of such a pair (z, z').
struct ActivationMoments {
  double mean = 0;                ///< E f(z)
  double mean_square = 0;         ///< E f(z)^2
  double shared_square = 0;       ///< E f(z) f(z')
  double squared_derivative = 0;  ///< E f'(z)^2
};

namespace detail {

/// Places and weights of a trapezoid rule for expectations over a standard normal variable.
struct NormalQuadrature {
  static constexpr std::size_t kPoints = 96;  // even: none lies on the kink of a rectifier
  std::array<double, kPoints> places{};
  std::array<double, kPoints> weights{};

  NormalQuadrature() {
    constexpr double reach = 6;  // a normal variable is beyond it twice in 10^9
    double sum = 0;
    for (std::size_t i = 0; i < kPoints; ++i) {
      places[i] = reach * (2 * static_cast<double>(i) / (kPoints - 1) - 1);
      weights[i] = std::exp(-places[i] * places[i] / 2);
      sum += weights[i];
    }
    for (double& weight : weights) weight /= sum;
  }
};

/// An activation at one place.
template <class T>
[[nodiscard]] double activate(const kernels::Activation<T>& f, double z) {
  if (f.rectifier()) return z > 0 ? z : static_cast<double>(f.slope) * z;
  const T at = static_cast<T>(z);
  T value{};
  f.apply(1, &at, &value);
  return static_cast<double>(value);
}

/// Its derivative there.
template <class T>
[[nodiscard]] double derivative(const kernels::Activation<T>& f, double z) {
  if (f.rectifier()) return z > 0 ? 1 : static_cast<double>(f.slope);
  const T at = static_cast<T>(z);
  T value{1};
  f.multiply_derivative(1, &at, &value);
  return static_cast<double>(value);
}

}  // namespace detail

/// Expectations by quadrature, so that any activation has them; for a rectifier they agree with the closed forms (Cho
/// and Saul 2009) to a thousandth.
template <class T>
[[nodiscard]] ActivationMoments activation_moments(const kernels::Activation<T>& f, const NormalPair& pair) {
  const detail::NormalQuadrature rule;
  const double common = std::sqrt(pair.covariance);
  const double own = std::sqrt(pair.variance - pair.covariance);
  const double deviation = std::sqrt(pair.variance);
  ActivationMoments result;
  for (std::size_t i = 0; i < rule.kPoints; ++i) {
    const double z = pair.mean + deviation * rule.places[i];
    const double value = detail::activate(f, z);
    const double slope = detail::derivative(f, z);
    result.mean += rule.weights[i] * value;
    result.mean_square += rule.weights[i] * value * value;
    result.squared_derivative += rule.weights[i] * slope * slope;
    // Given what the two share, they are independent and alike.
    double given = 0;
    for (std::size_t j = 0; j < rule.kPoints; ++j)
      given += rule.weights[j] * detail::activate(f, pair.mean + common * rule.places[i] + own * rule.places[j]);
    result.shared_square += rule.weights[i] * given * given;
  }
  return result;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
