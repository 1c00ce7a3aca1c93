#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/backward_check.hpp>
#include <lamina/diagnostics/data_evidence.hpp>
#include <lamina/diagnostics/gradient_flow.hpp>
#include <lamina/diagnostics/layer_probe.hpp>
#include <lamina/diagnostics/mean_field.hpp>
#include <lamina/diagnostics/operation_table.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The weights and biases that one layer starts with.
struct WeightEvidence {
  double mean_square = 0;  ///< of the weights
  double deviation = 0;
  Index size = 0;
  Index fan_in = 1;
  double bias_mean = 0;
  double bias_rms = 0;

  /// What one layer multiplies the root mean square of independent inputs with.
  [[nodiscard]] double gain() const { return std::sqrt(mean_square * static_cast<double>(fan_in)); }
};

/// What is known of one operation before training.
struct LayerEvidence {
  std::string name{};  ///< "conv 4.branch.0"
  engine::OperationKind kind = engine::OperationKind::layer;
  bool norm = false;  ///< a normalisation of whatever kind
  Shape output{};
  std::vector<int> reads{};  ///< values: 0 is the images, i + 1 what operation i made
  ValuePromise promise{};
  OperationMeasurement measured{};
  std::optional<WeightEvidence> weights{};  ///< of a convolution or linear layer
  double beta_mean = 0;                     ///< of a norm
  double beta_rms = 0;
};

/// What is known of a network before training: of one batch, and of the data.
struct NetworkEvidence {
  std::vector<LayerEvidence> layers{};  ///< operations, input first
  ValuePromise input{};
  double input_rms = 1;
  std::vector<TensorFlow> gradient_flow{};  ///< empty where a gradient is not finite
  std::vector<BackwardCheck> backward{};
  DataEvidence data{};
  double loss = 0;
  Index classes = 0;
  bool probabilities = false;  ///< the outputs of each sample are positive and have the sum 1
};

namespace detail {

template <class T>
[[nodiscard]] Eigen::ArrayXd in_double(std::span<const T> values) {
  return Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>>(values.data(), std::ssize(values))
      .template cast<double>();
}

template <class Network, class T>
[[nodiscard]] std::span<const T> tensor_of(std::span<const T> values, std::size_t tensor) {
  const Segment& segment = Network::parameters[tensor];
  return values.subspan(static_cast<std::size_t>(segment.offset), static_cast<std::size_t>(segment.size()));
}

template <class Network, class T>
void describe_parameters(const Model<Network, T>& model, const OperationEntry& entry, LayerEvidence& layer) {
  if (entry.parameters == 0) return;
  const Eigen::ArrayXd first = in_double(tensor_of<Network, T>(model.parameters(), entry.first_parameter));
  const Eigen::ArrayXd second = entry.parameters > 1
                                    ? in_double(tensor_of<Network, T>(model.parameters(), entry.first_parameter + 1))
                                    : Eigen::ArrayXd::Zero(1);
  const double mean = second.mean();
  const double rms = std::sqrt(second.square().mean());
  if (layer.norm) {
    layer.beta_mean = mean;
    layer.beta_rms = rms;
  } else if (layer.kind == engine::OperationKind::convolution) {
    layer.weights = {.mean_square = first.square().mean(),
                     .deviation = std::sqrt((first - first.mean()).square().mean()),
                     .size = first.size(),
                     .fan_in = Network::parameters[entry.first_parameter].fan_in,
                     .bias_mean = mean,
                     .bias_rms = rms};
  }
}

/// Whether all rows could be probabilities.
template <class T>
[[nodiscard]] bool are_probabilities(const TensorView<const T>& outputs) {
  const auto rows = as_matrix(outputs.data, outputs.batch, outputs.shape.size());
  return outputs.shape.size() > 1 && rows.minCoeff() >= 0 &&
         (rows.rowwise().sum().array() - T{1}).abs().maxCoeff() < static_cast<T>(1e-3);
}

}  // namespace detail

/// Gathers the evidence of one batch; the model stays as it is.
/// @param data  measured on more images than a batch has
/// @throws ArgumentError  images or labels that do not fit
template <class Network, class T, Loss<T> L>
[[nodiscard]] NetworkEvidence examine(const Model<Network, T>& model, TensorView<const T> images,
                                      const Targets<T>& targets, const DataEvidence& data, const Team& team,
                                      const L& loss) {
  LayerProbe<Network, T> probe(images.batch, team);
  NetworkEvidence evidence{.data = data, .classes = Network::output_shape.size()};
  evidence.loss = probe.run(model, images, targets, loss);
  const ValueMeasurement& input = probe.input();
  evidence.input_rms = input.rms();
  evidence.input = {
      .mean = input.mean, .mean_square = input.mean_square, .shared_square = input.mean_square - input.sample_variance};
  const std::vector<OperationEntry> entries = list_operations<Network>();
  const std::vector<ValuePromise> promises =
      mean_field<T>(probe.program(), entries, model.parameters(), evidence.input);
  evidence.input.error_square = promises.front().error_square;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const engine::Operation& operation = probe.program().operations[i];
    LayerEvidence layer{.name = entries[i].text(),
                        .kind = operation.kind,
                        .norm = entries[i].kind.ends_with("_norm"),
                        .output = operation.output,
                        .promise = promises[i + 1],
                        .measured = probe.operations()[i]};
    for (int k = 0; k < operation.read_count; ++k) layer.reads.push_back(probe.program().read(static_cast<int>(i), k));
    detail::describe_parameters(model, entries[i], layer);
    evidence.layers.push_back(std::move(layer));
  }
  if (detail::in_double(probe.gradients()).isFinite().all()) {
    GradientFlow flow(Network::parameters);
    flow.add(probe.gradients(), 1, team);
    evidence.gradient_flow = flow.average();
  }
  evidence.backward = check_backward(probe, model);
  evidence.probabilities = detail::are_probabilities(probe.output());
  return evidence;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
