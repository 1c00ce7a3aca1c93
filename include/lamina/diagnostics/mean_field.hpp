#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/activation_moments.hpp>
#include <lamina/diagnostics/operation_table.hpp>
#include <lamina/engine/program.hpp>

/// @file
/// What theory says of a network of random weights before any data has gone through it: mean-field recursions of the
/// second moments of activations and errors (Poole et al. 2016; Schoenholz et al. 2017; for shortcuts Yang and
/// Schoenholz 2017; for batch norm Yang et al. 2019). The weights of a layer count by their mean square alone, so the
/// same recursions serve any initialisation.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What theory says of one value.
struct ValuePromise {
  double mean = 0;           ///< over units
  double mean_square = 1;    ///< of a unit
  double shared_square = 0;  ///< mean product of a unit in two samples: the part that does not tell samples apart
  double error_square = 0;   ///< sum of squares of the error in a sample, the output's being 1

  [[nodiscard]] double rms() const { return std::sqrt(mean_square); }
  [[nodiscard]] double error() const { return std::sqrt(error_square); }
  /// As ValueMeasurement::signal().
  [[nodiscard]] double signal() const {
    return mean_square > 0 ? std::sqrt(std::max(0.0, 1 - shared_square / mean_square)) : 0;
  }
};

namespace detail {

/// The recursions over the operations of a program.
template <class T>
class MeanField {
 public:
  MeanField(const engine::Program<T>& program, std::span<const OperationEntry> entries, std::span<const T> parameters)
      : program_(program), entries_(entries), parameters_(parameters), values_(program.operations.size() + 1) {}

  [[nodiscard]] std::vector<ValuePromise> run(const ValuePromise& input) {
    values_[0] = input;
    const int operations = static_cast<int>(program_.operations.size());
    errors_.assign(values_.size(), 0);
    errors_[static_cast<std::size_t>(program_.output)] = 1;
    for (int i = 0; i < operations; ++i) values_[static_cast<std::size_t>(i + 1)] = forward(i);
    for (int i = operations; i-- > 0;) backward(i);
    for (std::size_t v = 0; v < values_.size(); ++v) values_[v].error_square = errors_[v];
    return std::move(values_);
  }

 private:
  using Kind = engine::OperationKind;

  [[nodiscard]] const ValuePromise& read(int operation, int which = 0) const {
    return values_[static_cast<std::size_t>(program_.read(operation, which))];
  }
  [[nodiscard]] double& error(int operation, int which = 0) {
    return errors_[static_cast<std::size_t>(program_.read(operation, which))];
  }
  [[nodiscard]] bool is_norm(int operation) const {
    return entries_[static_cast<std::size_t>(operation)].kind.ends_with("_norm");
  }
  [[nodiscard]] double mean_square(Index offset, Index size) const {
    return size == 0 ? 0 : part(offset, size).square().mean();
  }
  [[nodiscard]] Eigen::ArrayXd part(Index offset, Index size) const {
    return Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>>(parameters_.data() + offset, size)
        .template cast<double>();
  }

  /// Sum of squares of a unit's weights, the taps that lie in the padding left out.
  [[nodiscard]] double weight_gain(int operation) const {
    const auto& row = program_.template row<engine::ConvolutionRow>(operation);
    const Index size = row.shape.weight_size();
    return mean_square(program_.operation(operation).parameter_offset, size) * static_cast<double>(row.shape.depth()) *
           coverage(row.shape.geometry);
  }

  /// Share of a window's places that lie in the image.
  [[nodiscard]] static double coverage(const kernels::WindowGeometry& geometry) {
    return side_coverage(geometry.window, geometry.input.height, geometry.output.height) *
           side_coverage(geometry.window, geometry.input.width, geometry.output.width);
  }
  [[nodiscard]] static double side_coverage(const kernels::Window& window, Index input, Index output) {
    Index inside = 0;
    for (Index at = 0; at < output; ++at) {
      for (Index tap = 0; tap < window.kernel; ++tap) {
        const Index place = at * window.stride - window.padding + tap * window.dilation;
        inside += static_cast<Index>(place >= 0 && place < input);
      }
    }
    return static_cast<double>(inside) / static_cast<double>(output * window.kernel);
  }

  /// Gamma's mean square, beta's, and beta's mean.
  struct Affine {
    double gamma_square = 1;
    double beta_square = 0;
    double beta_mean = 0;
  };
  [[nodiscard]] Affine affine(int operation) const {
    const OperationEntry& entry = entries_[static_cast<std::size_t>(operation)];
    if (entry.parameters < 2) return {};
    const Index channels = program_.operation(operation).output.channels;
    const Index offset = program_.operation(operation).parameter_offset;
    return {mean_square(offset, channels), mean_square(offset + channels, channels),
            part(offset + channels, channels).mean()};
  }
  [[nodiscard]] double epsilon(int operation) const {
    const auto* const row = std::get_if<engine::BatchNormRow<T>>(&program_.rows[static_cast<std::size_t>(operation)]);
    return row == nullptr ? 1e-5 : static_cast<double>(row->epsilon);
  }
  [[nodiscard]] static double variance(const ValuePromise& value) {
    return std::max(0.0, value.mean_square - value.shared_square);
  }

  [[nodiscard]] ValuePromise forward(int i) const {
    switch (program_.operation(i).kind) {
      case Kind::convolution:
        return convolve(i);
      case Kind::activation:
        return activate(i);
      case Kind::add:
        return add(read(i, 0), read(i, 1));
      case Kind::concatenation:
        return concatenate(i);
      case Kind::channel_scale:
        return {.mean = read(i).mean * read(i, 1).mean,
                .mean_square = read(i).mean_square * read(i, 1).mean_square,
                .shared_square = read(i).shared_square * read(i, 1).shared_square};
      case Kind::batch_norm:
      case Kind::layer:
        return is_norm(i) ? normalize(i) : read(i);
      case Kind::pooling:  // as if the pixels of a window were alike: an upper bound
      case Kind::reshape:
        break;
    }
    return read(i);
  }

  [[nodiscard]] ValuePromise convolve(int i) const {
    const auto& row = program_.template row<engine::ConvolutionRow>(i);
    const double gain = weight_gain(i);
    const Index weights = row.shape.weight_size();
    const double bias =
        mean_square(program_.operation(i).parameter_offset + weights, row.bias ? row.shape.outputs() : 0);
    return {.mean_square = gain * read(i).mean_square + bias, .shared_square = gain * read(i).shared_square + bias};
  }

  [[nodiscard]] ValuePromise normalize(int i) const {
    const double rest = variance(read(i));
    const Affine affine = this->affine(i);
    return {.mean = affine.beta_mean,
            .mean_square = affine.gamma_square * rest / (rest + epsilon(i)) + affine.beta_square,
            .shared_square = affine.beta_square};
  }

  [[nodiscard]] ActivationMoments moments(int i) const {
    const ValuePromise& z = read(i);
    const double own = std::max(0.0, z.mean_square - z.mean * z.mean);
    const double shared = std::clamp(z.shared_square - z.mean * z.mean, 0.0, own);
    return activation_moments(program_.template row<engine::ActivationRow>(i).activation,
                              {.mean = z.mean, .variance = own, .covariance = shared});
  }
  [[nodiscard]] ValuePromise activate(int i) const {
    const ActivationMoments made = moments(i);
    return {.mean = made.mean, .mean_square = made.mean_square, .shared_square = made.shared_square};
  }

  [[nodiscard]] static ValuePromise add(const ValuePromise& a, const ValuePromise& b) {
    const double cross = 2 * a.mean * b.mean;
    return {.mean = a.mean + b.mean,
            .mean_square = a.mean_square + b.mean_square + cross,
            .shared_square = a.shared_square + b.shared_square + cross};
  }

  [[nodiscard]] double channel_share(int i, int which) const {
    return static_cast<double>(program_.shape(program_.read(i, which)).channels) /
           static_cast<double>(program_.operation(i).output.channels);
  }
  [[nodiscard]] ValuePromise concatenate(int i) const {
    ValuePromise all{.mean_square = 0};
    for (int k = 0; k < program_.operation(i).read_count; ++k) {
      all.mean += channel_share(i, k) * read(i, k).mean;
      all.mean_square += channel_share(i, k) * read(i, k).mean_square;
      all.shared_square += channel_share(i, k) * read(i, k).shared_square;
    }
    return all;
  }

  /// Adds to the errors of what an operation reads.
  void backward(int i) {
    const double above = errors_[static_cast<std::size_t>(i + 1)];
    switch (program_.operation(i).kind) {
      case Kind::convolution:  // summed over a sample, each unit's error meets all of the unit's weights
        error(i) += above * weight_gain(i);
        return;
      case Kind::activation:
        error(i) += above * moments(i).squared_derivative;
        return;
      case Kind::batch_norm:
      case Kind::layer:
        error(i) += is_norm(i) ? above * affine(i).gamma_square / (variance(read(i)) + epsilon(i)) : above;
        return;
      case Kind::add:
        error(i, 0) += above;
        error(i, 1) += above;
        return;
      case Kind::concatenation:
        for (int k = 0; k < program_.operation(i).read_count; ++k) error(i, k) += channel_share(i, k) * above;
        return;
      case Kind::channel_scale:
        error(i, 0) += above * read(i, 1).mean_square;
        error(i, 1) += above * read(i, 0).mean_square;
        return;
      case Kind::pooling:
        error(i) += above * pooling_factor(i);
        return;
      case Kind::reshape:
        error(i) += above;
        return;
    }
  }

  /// An average hands each pixel of its window an equal part of the error, a maximum hands all of it to one.
  [[nodiscard]] double pooling_factor(int i) const {
    if (entries_[static_cast<std::size_t>(i)].kind.find("max") != std::string_view::npos) return 1;
    return static_cast<double>(program_.operation(i).output.pixels()) /
           static_cast<double>(program_.shape(program_.read(i)).pixels());
  }

  const engine::Program<T>& program_;
  std::span<const OperationEntry> entries_;
  std::span<const T> parameters_;
  std::vector<ValuePromise> values_;
  std::vector<double> errors_;
};

}  // namespace detail

/// The promises of all values of a program, the input's first.
/// @param parameters  of the model
/// @param input       what is known of the images
template <class T>
[[nodiscard]] std::vector<ValuePromise> mean_field(const engine::Program<T>& program,
                                                   std::span<const OperationEntry> entries,
                                                   std::span<const T> parameters, const ValuePromise& input) {
  return detail::MeanField<T>(program, entries, parameters).run(input);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
