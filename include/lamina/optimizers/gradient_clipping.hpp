#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include <lamina/core/description.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/optimizers/argument_checks.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The largest L2 norm that the gradients of all parameters together may have: longer ones are shortened, in their
/// direction, before the optimiser sees them (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent
/// neural networks", ICML 2013).
class GradientClipping {
 public:
  /// Clips nothing.
  GradientClipping() = default;
  /// @throws ArgumentError  a limit that is not positive and finite
  explicit GradientClipping(double limit) : limit_(limit) {
    require_value(limit > 0 && is_finite(limit), "the limit of the gradients' norm", "positive and finite", limit);
  }

  /// None where nothing is clipped.
  [[nodiscard]] std::optional<double> limit() const { return limit_; }

  /// Kind and options.
  [[nodiscard]] std::string description() const {
    return describe("GradientClipping", {{"limit", limit_ ? to_digits(*limit_) : "none"}});
  }

  /// What gradients of this norm are multiplied by: limit / (norm + 1e-6), at most 1, as torch.nn.utils.clip_grad_norm_
  /// does.
  [[nodiscard]] double factor(double norm) const {
    const double ratio = limit_ ? *limit_ / (norm + 1e-6) : 1;
    return ratio < 1 ? ratio : 1;
  }

  /// Clips gradients whose norm is known. Touches them only where it is above the limit; allocates nothing.
  template <class T>
  void operator()(std::span<T> gradients, double norm, const Team& team) const {
    const double scale = factor(norm);
    if (scale == 1) return;
    // In double: float may not hold the factor of a gradient near its end.
    team.for_parts(std::ssize(gradients), [&](Range range, Index) {
      for (T& gradient :
           gradients.subspan(static_cast<std::size_t>(range.begin), static_cast<std::size_t>(range.size())))
        gradient = static_cast<T>(scale * static_cast<double>(gradient));
    });
  }

 private:
  std::optional<double> limit_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
