#pragma once

#include <cmath>
#include <string>
#include <type_traits>

#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/losses/elementwise_loss.hpp>
#include <lamina/losses/loss.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A regression loss that grows as a square near the target and as a line far from it, so that outliers pull no harder
/// than `delta` (Huber, "Robust estimation of a location parameter", 1964, as PyTorch's HuberLoss). With d = y - t:
///
///     d^2 / 2                     for |d| <= delta,      derivative d
///     delta (|d| - delta / 2)     beyond,                derivative delta sign(d)
///
/// averaged over all outputs of all samples.
struct Huber {
  double delta = 1;  ///< positive

  /// As MeanSquaredError.
  /// @throws ArgumentError  an empty batch, shapes that differ, a delta that is not positive and finite
  template <class T>
  double operator()(std::type_identity_t<TensorView<const T>> outputs, std::type_identity_t<TensorView<const T>> rows,
                    TensorView<T> gradient, const Team& team) const {
    if (!(delta > 0) || !is_finite(delta))
      throw ArgumentError("the delta of the Huber loss must be positive and finite, got " + to_digits(delta));
    return elementwise_loss<T>(
        "the Huber loss", outputs, rows, gradient, team, [this](double output, double target, Index) {
          const double difference = output - target;
          const double size = std::abs(difference);
          return size <= delta ? ElementLoss{difference * difference / 2, difference}
                               : ElementLoss{delta * (size - delta / 2), std::copysign(delta, difference)};
        });
  }

  /// Evaluates without a gradient.
  template <class T>
  double operator()(TensorView<T> outputs, std::type_identity_t<TensorView<const std::remove_const_t<T>>> rows,
                    const Team& team) const {
    return (*this)(outputs, rows, TensorView<std::remove_const_t<T>>{}, team);
  }

  /// Kind and options.
  [[nodiscard]] std::string description() const { return describe("Huber", {{"delta", delta}}); }
};

static_assert(RowLoss<Huber, float> && RowLoss<Huber, double>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
