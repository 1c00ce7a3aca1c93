#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include <lamina/core/description.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/optimizers/argument_checks.hpp>
#include <lamina/schedules/schedule.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Half a cosine from the learning rate down to the minimum, where it stays from position `period` on:
///
///     lr(t) = minimum + (learning_rate - minimum) (1 + cos(pi t / period)) / 2
///
/// (Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, without restarts).
class CosineAnnealing {
 public:
  /// @throws ArgumentError  a negative or non-finite rate, a minimum above the learning rate, a period below 1
  CosineAnnealing(double learning_rate, double minimum, Index period)
      : learning_rate_(learning_rate), minimum_(minimum), period_(period) {
    require_not_negative("the learning rate", learning_rate);
    require_not_negative("the minimum learning rate", minimum);
    require_value(minimum <= learning_rate, "the minimum learning rate", "at most the learning rate", minimum);
    require_positive("the period of cosine annealing", period);
  }

  [[nodiscard]] double operator()(Index position) const {
    const double progress = static_cast<double>(std::min(position, period_)) / static_cast<double>(period_);
    return minimum_ + (learning_rate_ - minimum_) * (1 + std::cos(std::numbers::pi * progress)) / 2;
  }

  /// Kind and options.
  [[nodiscard]] std::string description() const {
    return describe("CosineAnnealing", {{"learning_rate", learning_rate_}, {"minimum", minimum_}, {"period", period_}});
  }

 private:
  double learning_rate_;
  double minimum_;
  Index period_;
};

static_assert(Schedule<CosineAnnealing>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
