#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/random.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/diagnostics/gradient_check_report.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/network/model.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

struct GradientCheckOptions {
  Index batch = 3;
  Index values = 100;  ///< checked of each tensor, drawn at random when it has more
  std::uint64_t seed = 0;
  int threads = 1;
  Fusion fusion = Fusion::full;
  /// Distance of the central difference. It is wrong by step^2 / 6 times the third derivative, 2e-11 where that is one,
  /// and by rounding, 1e-11 times the outputs.
  double step = 1e-5;
};

namespace detail {

/// A network in double at a random point, with a fixed random weighting of its outputs as the loss.
template <class Network>
class GradientChecker {
 public:
  explicit GradientChecker(const GradientCheckOptions& options)
      : options_(options),
        model_(options.seed),
        workspace_(options.batch, Team(options.threads), options.fusion),
        images_(options.batch, Network::input_shape),
        image_gradient_(options.batch, Network::input_shape),
        weighting_(options.batch, Network::output_shape) {
    RandomStream random(options.seed, RandomPurpose::test);
    for (Index i = 0; i < images_.size(); ++i) images_[i] = random.normal();
    for (Index i = 0; i < weighting_.size(); ++i) weighting_[i] = random.normal();
    // Off the special values 0 and 1, at which a missing factor would not show.
    for (double& parameter : model_.parameters()) parameter += 0.1 * random.normal();
  }

  [[nodiscard]] GradientCheckReport run() {
    model_.forward(workspace_, images_.view(), position());
    model_.backward(workspace_, images_.view(), weighting_.view(), position(), image_gradient_.view());
    const std::vector<double> gradients(model_.gradients().begin(), model_.gradients().end());
    GradientCheckReport report;
    for (const Segment& segment : Network::parameters) {
      const auto offset = static_cast<std::size_t>(segment.offset);
      const auto size = static_cast<std::size_t>(segment.size());
      report.tensors.push_back(
          check(segment.name, model_.parameters().subspan(offset, size), std::span(gradients).subspan(offset, size)));
    }
    const auto size = static_cast<std::size_t>(images_.size());
    report.tensors.push_back(check("input", {images_.data(), size}, {image_gradient_.data(), size}));
    return report;
  }

 private:
  [[nodiscard]] RandomPosition position() const { return {.seed = options_.seed}; }

  TensorGradientCheck check(Name name, std::span<double> values, std::span<const double> gradient) {
    TensorGradientCheck result{.name = name};
    for (const double derivative : gradient) result.norm += derivative * derivative;
    result.norm = std::sqrt(result.norm);
    const double typical = result.norm / std::sqrt(static_cast<double>(gradient.size()));
    RandomStream random(options_.seed, RandomPurpose::test, 1);
    const bool all = std::ssize(values) <= options_.values;
    result.checked = all ? std::ssize(values) : options_.values;
    for (Index n = 0; n < result.checked; ++n) {
      const Index i = all ? n : static_cast<Index>(random.below(static_cast<std::uint32_t>(values.size())));
      check_value(i, values[static_cast<std::size_t>(i)], gradient[static_cast<std::size_t>(i)], typical, result);
    }
    return result;
  }

  /// Where a rectifier or maximum has a kink within the step, a difference is wrong however right the derivative is. A
  /// step sixteen times smaller then misses the kink; a derivative that is wrong stays wrong. (Rounding grows with the
  /// smaller step, so a slightly smaller error says nothing.)
  void check_value(Index index, double& value, double derivative, double typical, TensorGradientCheck& result) {
    constexpr double suspicious = 1e-8;
    Comparison comparison = compare(value, derivative, typical, options_.step);
    if (comparison.error > suspicious) {
      const Comparison nearer = compare(value, derivative, typical, options_.step / 16);
      if (nearer.error < comparison.error / 2) comparison = nearer;
    }
    if (comparison.error >= result.largest_error) {
      result.largest_error = comparison.error;
      result.index = index;
      result.derivative = derivative;
      result.difference = comparison.difference;
    }
  }

  struct Comparison {
    double difference = 0;
    double error = 0;
  };

  [[nodiscard]] Comparison compare(double& value, double derivative, double typical, double step) {
    const double middle = value;
    value = middle + step;
    const Loss above = loss();
    value = middle - step;
    const Loss below = loss();
    value = middle;
    const double difference = (above.value - below.value) / (2 * step);
    // Each layer rounds anew, so the outputs carry some 16 roundings.
    const double rounding = 16 * std::numeric_limits<double>::epsilon() * above.magnitude / step;
    return {difference, relative_error(derivative, difference, rounding, typical)};
  }

  /// What rounding explains is no error: without that, a derivative of zero (a bias in front of batch normalisation)
  /// would have an error of 100 %.
  [[nodiscard]] static double relative_error(double derivative, double difference, double rounding, double typical) {
    // First, as comparisons with NaN say what they like under -ffast-math.
    if (!is_finite(derivative) || !is_finite(difference)) return std::numeric_limits<double>::infinity();
    const double excess = std::abs(derivative - difference) - rounding;
    if (excess <= 0) return 0;
    const double error = excess / std::max({std::abs(derivative), std::abs(difference), typical});
    return is_finite(error) ? error : std::numeric_limits<double>::infinity();
  }

  struct Loss {
    double value = 0;
    double magnitude = 0;  ///< sum of the terms' absolute values
  };

  [[nodiscard]] Loss loss() {
    const TensorView<const double> output = model_.forward(workspace_, images_.view(), position());
    Loss loss;
    for (Index i = 0; i < output.size(); ++i) {
      const double term = output.data[i] * weighting_[i];
      loss.value += term;
      loss.magnitude += std::abs(term);
    }
    return loss;
  }

  GradientCheckOptions options_;
  Model<Network, double> model_;
  TrainingWorkspace<Network, double> workspace_;
  Tensor<double> images_;
  Tensor<double> image_gradient_;
  Tensor<double> weighting_;
};

}  // namespace detail

/// Compares the gradients that backward gives for parameters and input with central differences of the loss, in double
/// and in training mode, at random parameters and images; the loss is the sum of all outputs, each times a fixed random
/// number. Dropout keeps one mask. Good networks stay below 1e-7; a wrong derivative is usually off by 1e-3 or more. A
/// NaN anywhere gives an infinite error.
/// @tparam Network  a Sequential that begins with an Image; of one layer, to check the layer
/// @throws ArgumentError  when the options ask for no sample, no value or no distance
template <class Network>
[[nodiscard]] GradientCheckReport check_gradients(const GradientCheckOptions& options = {}) {
  require(options.values > 0, "a gradient check needs values to check, got " + std::to_string(options.values));
  require(options.step > 0 && is_finite(options.step),
          "the step of a gradient check must be positive, got " + std::to_string(options.step));
  return detail::GradientChecker<Network>(options).run();
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
