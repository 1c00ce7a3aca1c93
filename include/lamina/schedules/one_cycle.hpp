#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include <lamina/core/description.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/optimizers/argument_checks.hpp>
#include <lamina/schedules/schedule.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

struct OneCycleOptions {
  double rising = 0.3;      ///< share of the steps in which the learning rate rises; in (0, 1)
  double start = 1.0 / 25;  ///< the first learning rate as a fraction of the highest; in (0, 1]
  double end = 1e-4;        ///< the last as a fraction of the first; in (0, 1]
};

/// Up along half a cosine to the highest learning rate and down along another, far below the first (Smith and Topin,
/// "Super-convergence: very fast training of neural networks using large learning rates", 2018), with the numbers of
/// PyTorch's OneCycleLR. It is a schedule of steps; behind the last the rate stays. The momentum is left alone.
class OneCycle {
 public:
  /// @param highest  learning rate
  /// @param steps    of the whole training
  /// @throws ArgumentError  a negative or non-finite rate, an option outside its range, too few steps to rise and fall
  OneCycle(double highest, Index steps, OneCycleOptions options = {})
      : highest_(highest), steps_(steps), options_(options) {
    require_not_negative("the learning rate", highest);
    require_positive("the number of steps of a cycle", steps);
    require_value(options.rising > 0 && options.rising < 1, "the rising share of a cycle", "in (0, 1)", options.rising);
    require_value(options.start > 0 && options.start <= 1, "the start of a cycle", "in (0, 1]", options.start);
    require_value(options.end > 0 && options.end <= 1, "the end of a cycle", "in (0, 1]", options.end);
    require_value(top() > 0 && top() < last(), "the number of steps of a cycle", "enough to rise and fall", steps);
  }

  [[nodiscard]] double operator()(Index step) const {
    const double at = std::min(static_cast<double>(step), last());
    const double first = options_.start * highest_;
    if (at <= top()) return between(first, highest_, at / top());
    return between(highest_, options_.end * first, (at - top()) / (last() - top()));
  }

  /// Kind and options.
  [[nodiscard]] std::string description() const {
    return describe("OneCycle", {{"highest", highest_},
                                 {"steps", steps_},
                                 {"rising", options_.rising},
                                 {"start", options_.start},
                                 {"end", options_.end}});
  }

 private:
  /// Where the rate is highest, between steps as a rule, and the last step.
  [[nodiscard]] double top() const { return options_.rising * static_cast<double>(steps_) - 1; }
  [[nodiscard]] double last() const { return static_cast<double>(steps_ - 1); }
  [[nodiscard]] static double between(double from, double to, double progress) {
    return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * progress));
  }

  double highest_;
  Index steps_;
  OneCycleOptions options_;
};

static_assert(Schedule<OneCycle>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
