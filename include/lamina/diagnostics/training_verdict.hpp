#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/cause.hpp>
#include <lamina/diagnostics/flow_verdict.hpp>
#include <lamina/diagnostics/scientific.hpp>
#include <lamina/diagnostics/training_evidence.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// From where on evidence about a training counts as a fault.
struct TrainingThresholds {
  std::size_t least_losses = 8;  ///< batches before a curve is judged
  double rise = 2;               ///< of the last losses over the first one, as a factor
  double peak = 4;               ///< of any loss over the first one, as a factor
  double least_update =
      2e-6;           ///< median update-to-weight ratio: so little, and half a million steps move a weight by itself
  double dead = 0.9;  ///< share of a layer's channels
  double saturated = 0.9;  ///< share of a layer's values
};

namespace detail {

[[nodiscard]] inline double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// The rules for the evidence of one training.
class TrainingRules {
 public:
  TrainingRules(const TrainingEvidence& evidence, const TrainingThresholds& thresholds, const TensorNames& name)
      : evidence_(evidence), thresholds_(thresholds), name_(name) {}

  [[nodiscard]] std::vector<Finding> run() {
    check_losses();
    check_updates();
    check_flow();
    check_signals();
    std::ranges::stable_sort(findings_, {}, &Finding::cause);
    return std::move(findings_);
  }

 private:
  void add(Cause cause, std::string where, std::string evidence, std::string remedy) {
    findings_.push_back({cause, std::move(where), std::move(evidence), std::move(remedy)});
  }

  void check_losses() {
    const std::vector<double>& losses = evidence_.losses;
    const std::string rate = "at a learning rate of " + scientific(evidence_.learning_rate);
    if (!std::ranges::all_of(losses, [](double loss) { return is_finite(loss); })) {
      return add(Cause::learning_rate_too_high, "training", "the loss is not finite " + rate, "a tenth of it");
    }
    if (losses.size() < thresholds_.least_losses) return;
    const std::size_t part = std::max<std::size_t>(1, losses.size() / 4);
    const double first = losses.front();
    const double last = mean_of(std::span(losses).last(part));
    const double most = *std::ranges::max_element(losses);
    if (last <= thresholds_.rise * first && most <= thresholds_.peak * first) return;
    add(Cause::learning_rate_too_high, "training",
        "the loss rose from " + scientific(first) + " to " + scientific(most) + " " + rate, "a tenth of it");
  }

  void check_updates() {
    std::vector<double> ratios;
    for (const TensorUpdate& update : evidence_.updates) {
      if (update.is_weight) ratios.push_back(update.ratio);
    }
    if (ratios.empty()) return;
    std::ranges::nth_element(ratios, ratios.begin() + std::ssize(ratios) / 2);
    const double median = ratios[ratios.size() / 2];
    for (std::size_t i = 0; i < evidence_.updates.size(); ++i) {
      const TensorUpdate& update = evidence_.updates[i];
      // Where most tensors move by less than a float holds, one that does not move at all is no exception.
      if (!update.is_weight || update.ratio != 0 || median < 1e-8) continue;
      if (i < evidence_.gradient_flow.size() && evidence_.gradient_flow[i].mean_abs == 0) continue;
      add(Cause::not_updated, update.kind + " " + std::string(update.name.view()),
          "it stays as it is, and has a gradient; the median of the others moves by " + scientific(median) +
              " of itself in a step",
          "hand it to the optimizer, or say that it is to stay (frozen)");
    }
    const bool starved =
        !evidence_.gradient_flow.empty() && judge(evidence_.gradient_flow).state == FlowState::vanishing;
    if (median < thresholds_.least_update && !starved) {
      add(Cause::learning_rate_too_low, "training",
          "a step moves the median tensor by " + scientific(median) + " of itself; about 1e-3 is usual",
          "a learning rate 100 times as large");
    }
  }

  void check_flow() {
    if (evidence_.gradient_flow.empty()) return;
    const FlowVerdict verdict = judge(evidence_.gradient_flow, name_);
    if (verdict.state == FlowState::vanishing) {
      add(Cause::gain_too_small, "training", verdict.text, "residual connections, batch norm, or he_normal weights");
    } else if (verdict.state == FlowState::exploding) {
      add(Cause::gain_too_large, "training", verdict.text, "smaller weights, batch norm, clipping");
    }
  }

  void check_signals() {
    for (const LayerSignal& signal : evidence_.signals) {
      const std::string where = signal.kind + " " + std::string(signal.name.view());
      if (signal.dead_share >= thresholds_.dead) {
        add(Cause::dead_units, where,
            scientific(100 * signal.dead_share) + " % of its channels were never positive in the epoch",
            "a smaller learning rate, biases of 0, or a norm in front of it");
        return;
      }
      if (signal.saturated_share >= thresholds_.saturated) {
        add(Cause::saturated_units, where,
            scientific(100 * signal.saturated_share) + " % of its values have next to no slope",
            "smaller weights in front of it, or a norm");
        return;
      }
    }
  }

  const TrainingEvidence& evidence_;
  TrainingThresholds thresholds_;
  TensorNames name_;
  std::vector<Finding> findings_;
};

}  // namespace detail

/// What keeps a training from going on, by what has been measured of it: the root of it first. Of evidence that is not
/// there nothing is said.
/// @param name  puts tensors into words
[[nodiscard]] inline Diagnosis diagnose(const TrainingEvidence& evidence, const TrainingThresholds& thresholds = {},
                                        const TensorNames& name = kind_and_name) {
  return {.findings = detail::TrainingRules(evidence, thresholds, name).run()};
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
