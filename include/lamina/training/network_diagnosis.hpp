#pragma once

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/cause.hpp>
#include <lamina/diagnostics/network_evidence.hpp>
#include <lamina/diagnostics/network_verdict.hpp>
#include <lamina/diagnostics/training_verdict.hpp>
#include <lamina/training/rehearsal.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// How a network is to be trained, as far as a diagnosis before training has to know.
struct DiagnosisOptions {
  double learning_rate = 1e-3;
  Index batch_size = 32;
  Index steps = 16;  ///< of the rehearsal
};

/// What a diagnosis before training has measured, and its verdict.
struct NetworkDiagnosis {
  NetworkEvidence network{};     ///< of one batch
  TrainingEvidence rehearsal{};  ///< of a few steps with a copy of the model
  Diagnosis verdict{};
};

/// Examines a network on a batch, takes a few steps with a copy of it, and says what keeps it from learning. The model
/// stays as it is.
/// @param images     normalised, as in training, two batches of them at least; the more there are of each class, the
///                   more it can say of the labels
/// @param optimizer  as in training; a copy is used
/// @throws ArgumentError  images or labels that do not fit
template <class Network, class T, Optimizer O, Loss<T> L>
[[nodiscard]] NetworkDiagnosis diagnose_network(const Model<Network, T>& model, const O& optimizer,
                                                TensorView<const T> images, std::span<const Label> labels,
                                                const L& loss, const DiagnosisOptions& options, const Team& team) {
  const RehearsalData<T> data{.images = images, .labels = labels, .batch_size = options.batch_size};
  detail::check(data, options.steps);
  const Targets<T> targets{.labels = labels.first(static_cast<std::size_t>(options.batch_size))};
  NetworkDiagnosis result;
  const DataEvidence measured = measure_data(images, labels, Network::output_shape.size());
  result.network = examine(model, images.samples(0, options.batch_size), targets, measured, team, loss);
  result.rehearsal = rehearse(model, optimizer, data, loss, options.learning_rate, options.steps, team);
  result.verdict = diagnose(result.network);
  std::ranges::move(diagnose(result.rehearsal).findings, std::back_inserter(result.verdict.findings));
  std::ranges::stable_sort(result.verdict.findings, {}, &Finding::cause);
  return result;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
