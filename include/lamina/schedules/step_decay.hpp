#pragma once

#include <cmath>
#include <string>

#include <lamina/core/description.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/optimizers/argument_checks.hpp>
#include <lamina/schedules/schedule.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Multiplies the learning rate by `factor` every `period` positions: lr(t) = learning_rate factor^floor(t / period).
class StepDecay {
 public:
  /// @throws ArgumentError  a negative or non-finite learning rate or factor, a period below 1
  StepDecay(double learning_rate, double factor, Index period)
      : learning_rate_(learning_rate), factor_(factor), period_(period) {
    require_not_negative("the learning rate", learning_rate);
    require_not_negative("the factor of step decay", factor);
    require_positive("the period of step decay", period);
  }

  [[nodiscard]] double operator()(Index position) const {
    return learning_rate_ * std::pow(factor_, static_cast<double>(position / period_));
  }

  /// Kind and options.
  [[nodiscard]] std::string description() const {
    return describe("StepDecay", {{"learning_rate", learning_rate_}, {"factor", factor_}, {"period", period_}});
  }

 private:
  double learning_rate_;
  double factor_;
  Index period_;
};

static_assert(Schedule<StepDecay>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
