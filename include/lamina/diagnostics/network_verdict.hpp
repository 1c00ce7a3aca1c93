#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/cause.hpp>
#include <lamina/diagnostics/data_verdict.hpp>
#include <lamina/diagnostics/flow_verdict.hpp>
#include <lamina/diagnostics/network_evidence.hpp>
#include <lamina/diagnostics/norm_places.hpp>
#include <lamina/diagnostics/scientific.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// From where on evidence about a network counts as a fault. bench/diagnosis_validation.cpp measures what they find and
/// what they miss.
struct NetworkThresholds {
  double amplification = 1e3;  ///< of a batch norm; PyTorch's epsilon of 1e-5 allows 316
  double saturated = 0.75;     ///< share of an activation's values
  double dead = 0.75;          ///< share of a rectifier's channels
  double dead_mean = -0.7;     ///< and the mean of what it reads, by its root mean square
  double signal = 1e-5;        ///< least share of the output that tells images apart
  double gradient = 1e-8;      ///< the mean |gradient| that one weight tensor must have at least: Adam's epsilon
  double loss_excess = 4;      ///< of the loss over that of a guess
};

namespace detail {

/// The rules for one network's evidence.
class NetworkRules {
 public:
  NetworkRules(const NetworkEvidence& evidence, const NetworkThresholds& thresholds)
      : evidence_(evidence), thresholds_(thresholds) {}

  [[nodiscard]] std::vector<Finding> run() {
    check_weights();
    check_output();
    check_backward();
    check_epsilon();
    check_saturation();
    check_dead();
    check_gain();
    check_norms();
    return std::move(findings_);
  }

 private:
  void add(Cause cause, std::string where, std::string evidence, std::string remedy) {
    findings_.push_back({cause, std::move(where), std::move(evidence), std::move(remedy)});
  }
  [[nodiscard]] const LayerEvidence* maker(int value) const {
    return value == 0 ? nullptr : &evidence_.layers[static_cast<std::size_t>(value - 1)];
  }

  void check_weights() {
    for (const LayerEvidence& layer : evidence_.layers) {
      if (!layer.weights || layer.weights->size < 2) continue;
      if (layer.weights->deviation > 1e-6 * std::sqrt(layer.weights->mean_square)) continue;
      add(Cause::constant_weights, layer.name,
          "all its " + std::to_string(layer.weights->size) + " weights are the same: its units get the same gradient",
          "draw the weights at random (Model's initialisation does)");
      return;
    }
  }

  void check_output() {
    if (!evidence_.probabilities) return;
    add(Cause::softmax_before_loss, evidence_.layers.back().name,
        "the outputs are probabilities already, and cross-entropy takes logits: their softmax is nearly uniform",
        "leave out the last layer; the loss has the softmax in it");
  }

  void check_backward() {
    for (const BackwardCheck& check : evidence_.backward) {
      const bool nothing = std::abs(check.input_ratio) < 0.05;
      if (check.on_shortcut && (nothing || check.passes_nothing)) {
        add(Cause::detached_shortcut, check.layer,
            check.passes_nothing ? "it passes nothing on to the sum" : "no gradient comes back through it",
            "let the shortcut pass its input and its gradient on unchanged");
      } else if (wrong(check.input_ratio) || wrong(check.parameter_ratio)) {
        const double ratio = wrong(check.input_ratio) ? check.input_ratio : check.parameter_ratio;
        const std::string of = wrong(check.input_ratio) ? "input" : "parameters";
        add(Cause::wrong_backward, check.layer,
            "the gradient of its " + of + " is " + scientific(ratio) + " times the derivative by differences" +
                (ratio < -0.5 ? ", so its sign is wrong" : ""),
            "correct its backward(); check_gradients() tells when it is right");
      }
    }
  }
  [[nodiscard]] static bool wrong(double ratio) { return !(std::abs(ratio - 1) < 0.1); }

  void check_epsilon() {
    const auto worst = std::ranges::max_element(
        evidence_.layers, {}, [](const LayerEvidence& layer) { return layer.measured.amplification; });
    if (worst == evidence_.layers.end() || worst->measured.amplification <= thresholds_.amplification) return;
    add(Cause::epsilon_too_small, worst->name,
        "a channel of it has next to no variance and is multiplied by " + scientific(worst->measured.amplification),
        "take an epsilon of 1e-5, and see why the channel is constant");
  }

  void check_saturation() {
    for (const LayerEvidence& layer : evidence_.layers) {
      if (layer.measured.saturated <= thresholds_.saturated) continue;
      const LayerEvidence* const before = maker(layer.reads.front());
      const std::string input = before == nullptr ? "the images" : before->name;
      const double rms = before == nullptr ? evidence_.input_rms : before->measured.output.rms();
      add(Cause::saturated_units, layer.name,
          percent(layer.measured.saturated) + " of its values have next to no slope: " + input +
              " has a root mean square of " + scientific(rms),
          "smaller weights in front of it, a norm between, or a rectifier");
      return;
    }
  }

  void check_dead() {
    for (const LayerEvidence& layer : evidence_.layers) {
      if (layer.kind != engine::OperationKind::activation || layer.measured.dead < thresholds_.dead) continue;
      const LayerEvidence* const before = maker(layer.reads.front());
      if (before == nullptr || !(before->measured.output.mean < thresholds_.dead_mean * before->measured.output.rms()))
        continue;
      std::string evidence = percent(layer.measured.dead) + " of its channels are never positive: " + before->name +
                             " has a mean of " + scientific(before->measured.output.mean);
      const double bias = before->norm ? before->beta_mean : before->weights ? before->weights->bias_mean : 0;
      if (bias < 0) evidence += ", its bias one of " + scientific(bias);
      add(Cause::dead_units, layer.name, evidence, "start biases at 0, or use a norm in front of the rectifier");
      return;
    }
  }

  /// Number of layers with weights, and what one of them multiplies the error with on its way back: the geometric mean.
  struct Depth {
    int layers = 0;
    double measured = 1;
    double promised = 1;
  };
  [[nodiscard]] Depth depth() const {
    Depth depth;
    const LayerEvidence* first = nullptr;
    const LayerEvidence* last = nullptr;
    for (const LayerEvidence& layer : evidence_.layers) {
      if (!layer.weights || !layer.measured.error_measured) continue;
      if (first == nullptr) first = &layer;
      last = &layer;
      ++depth.layers;
    }
    if (depth.layers < 2) return depth;
    const double steps = depth.layers - 1;
    depth.measured = std::pow(first->measured.error / last->measured.error, 1 / steps);
    depth.promised = std::pow(first->promise.error() / last->promise.error(), 1 / steps);
    return depth;
  }

  void check_gain() {
    const bool finite =
        std::ranges::all_of(evidence_.layers, [](const LayerEvidence& layer) { return layer.measured.output.finite; });
    const double guess = std::log(static_cast<double>(std::max<Index>(2, evidence_.classes)));
    if (!finite || evidence_.gradient_flow.empty() || !is_finite(evidence_.loss) ||
        evidence_.loss > guess + thresholds_.loss_excess) {
      return too_large("the loss is " + scientific(evidence_.loss) + " where a guess has " + scientific(guess));
    }
    const std::vector<TensorFlow> flow = weight_tensors(evidence_.gradient_flow);
    const double most = std::ranges::max_element(flow, {}, &TensorFlow::mean_abs)->mean_abs;
    const FlowVerdict verdict = judge(evidence_.gradient_flow);
    const double signal = evidence_.layers.back().measured.output.signal();
    if (verdict.state == FlowState::exploding) return too_large(verdict.text);
    if (verdict.state == FlowState::vanishing || most < thresholds_.gradient || signal < thresholds_.signal)
      too_small(verdict.ratio, signal);
  }

  void too_small(double ratio, double signal) {
    const Depth depth = this->depth();
    add(Cause::gain_too_small, weakest(),
        "the gradient of the first layer is " + scientific(ratio) + " of the last's, and " + scientific(signal) +
            " of the output tells images apart: a layer multiplies errors by " + scientific(depth.measured) +
            " (theory: " + scientific(depth.promised) + ") over " + std::to_string(depth.layers) + " layers " +
            company(),
        "residual connections, batch norm behind each convolution, or weights of deviation sqrt(2 / fan in) "
        "(he_normal)");
  }

  void too_large(const std::string& evidence) {
    const Depth depth = this->depth();
    add(Cause::gain_too_large, strongest(),
        evidence + "; a layer multiplies errors by " + scientific(depth.measured) + " (theory: " +
            scientific(depth.promised) + ") over " + std::to_string(depth.layers) + " layers " + company(),
        "weights of deviation sqrt(2 / fan in) (he_normal), or batch norm behind each convolution");
  }

  /// "without normalisation or shortcuts": what there is that would keep activations and errors in size.
  [[nodiscard]] std::string company() const {
    const auto norms = std::ranges::count_if(evidence_.layers, &LayerEvidence::norm);
    const auto sums = std::ranges::count(evidence_.layers, engine::OperationKind::add, &LayerEvidence::kind);
    return "with " + std::to_string(norms) + " norms and " + std::to_string(sums) + " shortcuts";
  }

  /// The layer with weights that shrinks or enlarges what it reads most, no norm being behind it.
  [[nodiscard]] std::string weakest() const { return extreme(-1); }
  [[nodiscard]] std::string strongest() const { return extreme(1); }
  [[nodiscard]] std::string extreme(double sign) const {
    std::string name = "the network";
    double most = -HUGE_VAL;
    for (std::size_t i = 0; i < evidence_.layers.size(); ++i) {
      const LayerEvidence& layer = evidence_.layers[i];
      if (!layer.weights || norm_follows(evidence_.layers, static_cast<int>(i)) || !(layer.weights->gain() > 0))
        continue;
      const double change = sign * std::log(layer.weights->gain());
      if (change <= most) continue;
      most = change;
      name = layer.name;
    }
    return name;
  }

  void check_norms() {
    for (const int place : missing_norms(evidence_.layers)) {
      const LayerEvidence& layer = evidence_.layers[static_cast<std::size_t>(place)];
      add(Cause::missing_norm, layer.name,
          "no norm stands behind it, as behind nearly all other convolutions; its root mean square is " +
              scientific(layer.measured.output.rms()) + " where a norm would make it 1",
          "a batch norm behind it");
    }
  }

  [[nodiscard]] static std::string percent(double share) {
    return std::to_string(static_cast<int>(std::lround(100 * share))) + " %";
  }

  const NetworkEvidence& evidence_;
  NetworkThresholds thresholds_;
  std::vector<Finding> findings_;
};

}  // namespace detail

/// What keeps a network from learning, as far as it shows before training: the root of it first.
[[nodiscard]] inline Diagnosis diagnose(const NetworkEvidence& evidence, const NetworkThresholds& thresholds = {}) {
  Diagnosis diagnosis{.findings = diagnose(evidence.data).findings};
  std::ranges::move(detail::NetworkRules(evidence, thresholds).run(), std::back_inserter(diagnosis.findings));
  std::ranges::stable_sort(diagnosis.findings, {}, &Finding::cause);
  return diagnosis;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
