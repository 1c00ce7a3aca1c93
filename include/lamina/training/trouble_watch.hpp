#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/flow_verdict.hpp>
#include <lamina/diagnostics/training_evidence.hpp>
#include <lamina/training/observer.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What is wrong with a training.
struct Trouble {
  std::string kind;    ///< "vanishing": one that lasts has one kind
  std::string text{};  ///< the evidence, in one line
  Index step = 0;      ///< of the first epoch, from when on it is there
};

/// Whether evidence shows trouble: none where all is well.
using TroubleJudge = std::function<std::optional<Trouble>(const TrainingEvidence&)>;

/// Judges by the gradient flow alone.
[[nodiscard]] inline std::optional<Trouble> flow_trouble(const TrainingEvidence& evidence) {
  if (evidence.gradient_flow.empty()) return std::nullopt;
  const FlowVerdict verdict = judge(evidence.gradient_flow);
  if (verdict.state == FlowState::healthy) return std::nullopt;
  const std::string kind(to_string(verdict.state));
  return Trouble{.kind = kind, .text = verdict.text.substr(kind.size() + 2)};
}

/// Looks at the evidence of a training's first epoch after 10, 20, 40, 80, ... of its batches and at its end. Trouble
/// that two looks in succession show is told once; a short epoch's end needs no look before it.
/// @tparam Trainer  a lamina::Trainer
template <class Trainer>
class TroubleWatch : public TrainingObserver {
 public:
  /// @param trainer  must outlive this object, which observes it
  /// @param tell     is called once, with the trouble
  TroubleWatch(const Trainer& trainer, TroubleJudge judge, std::function<void(const Trouble&)> tell)
      : trainer_(trainer), judge_(std::move(judge)), tell_(std::move(tell)) {}

  /// The trouble that was told.
  [[nodiscard]] const std::optional<Trouble>& trouble() const { return told_; }

  void on_step(const StepReport& report) override {
    // The end of the epoch is for on_epoch().
    if (report.epoch > 1 || told_ || report.step == report.steps || !due(report.step)) return;
    look(trainer_.evidence(), false);
  }
  void on_epoch(const EpochReport& report) override {
    if (report.epoch == 1 && !told_) look(report.evidence, report.evidence.step <= kFirst);
  }

 private:
  static constexpr Index kFirst = 10;

  [[nodiscard]] static bool due(Index step) {
    Index look = kFirst;
    while (look < step) look *= 2;
    return look == step;
  }

  void look(const TrainingEvidence& evidence, bool only) {
    std::optional<Trouble> found = judge_(evidence);
    if (found) found->step = seen_ && seen_->kind == found->kind ? seen_->step : evidence.step;
    const bool lasts = found && (only || (seen_ && seen_->kind == found->kind));
    seen_ = std::move(found);
    if (!lasts) return;
    told_ = seen_;
    tell_(*told_);
  }

  const Trainer& trainer_;
  TroubleJudge judge_;
  std::function<void(const Trouble&)> tell_;
  std::optional<Trouble> seen_;
  std::optional<Trouble> told_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
