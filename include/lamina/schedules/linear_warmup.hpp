#pragma once

#include <string>
#include <utility>

#include <lamina/core/description.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/optimizers/argument_checks.hpp>
#include <lamina/schedules/constant_schedule.hpp>
#include <lamina/schedules/schedule.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Raises the learning rate along a line before another schedule starts (Goyal et al., "Accurate, large minibatch SGD",
/// 2017; PyTorch's LinearLR followed by the other schedule):
///
///     lr(t) = next(0) (start + (1 - start) t / length)   for t < length,   next(t - length)   from then on
///
///     LinearWarmup(5, 0.1, CosineAnnealing(1e-3, 2e-5, 95))
template <Schedule Next>
class LinearWarmup {
 public:
  /// @param start  the first learning rate as a fraction of the other schedule's first
  /// @throws ArgumentError  a length below 1, a start outside (0, 1]
  LinearWarmup(Index length, double start, Next next) : length_(length), start_(start), next_(std::move(next)) {
    require_positive("the length of the warm-up", length);
    require_value(start > 0 && start <= 1 && is_finite(start), "the start of the warm-up", "in (0, 1]", start);
  }

  [[nodiscard]] double operator()(Index position) const {
    if (position >= length_) return next_(position - length_);
    const double progress = static_cast<double>(position) / static_cast<double>(length_);
    return next_(0) * (start_ + (1 - start_) * progress);
  }

  /// Kind and options.
  [[nodiscard]] std::string description() const {
    return describe("LinearWarmup", {{"length", length_}, {"start", start_}, {"next", next_.description()}});
  }

 private:
  Index length_;
  double start_;
  Next next_;
};

static_assert(Schedule<LinearWarmup<ConstantSchedule>>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
