#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/losses/elementwise_loss.hpp>
#include <lamina/losses/loss.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// Cross-entropy of sigmoid(logit) against a target from 0 to 1, for each output on its own: samples may have several
/// labels, or none. Averaged over all outputs of all samples, as PyTorch's BCEWithLogitsLoss. With p = sigmoid(x):
///
///     loss = -w t log p - (1 - t) log(1 - p),    d loss / d x = (1 - t) p - w t (1 - p)
///
/// where w weighs the labels that are there against those that are not. Logits of any finite size are safe.
struct BinaryCrossEntropyWithLogits {
  std::vector<double> positive_weights{};  ///< w of each output, not negative; empty for 1

  /// As MeanSquaredError; the rows hold targets from 0 to 1.
  /// @throws ArgumentError  an empty batch, shapes that differ, a target outside 0 ... 1, weights that are not one
  ///                        an output, negative or not finite
  template <class T>
  double operator()(std::type_identity_t<TensorView<const T>> outputs, std::type_identity_t<TensorView<const T>> rows,
                    TensorView<T> gradient, const Team& team) const {
    check_targets<T>(outputs, rows);
    return elementwise_loss<T>(kName, outputs, rows, gradient, team, [this](double x, double target, Index i) {
      // log(1 + exp(-|x|)) neither overflows nor loses the digits of a small exponential.
      const double tail = std::log1p(std::exp(-std::abs(x)));
      const double minus_log_p = tail + std::max(-x, 0.0);
      const double minus_log_rest = tail + std::max(x, 0.0);
      const double p = std::exp(-minus_log_p);
      const double rest = std::exp(-minus_log_rest);
      const double weight = positive_weights.empty() ? 1 : positive_weights[static_cast<std::size_t>(i)];
      return ElementLoss{weight * target * minus_log_p + (1 - target) * minus_log_rest,
                         (1 - target) * p - weight * target * rest};
    });
  }

  /// Evaluates without a gradient.
  template <class T>
  double operator()(TensorView<T> outputs, std::type_identity_t<TensorView<const std::remove_const_t<T>>> rows,
                    const Team& team) const {
    return (*this)(outputs, rows, TensorView<std::remove_const_t<T>>{}, team);
  }

  /// What a loss may offer (loss.hpp).
  template <class T>
  void check_targets(TensorView<const T> outputs, TensorView<const T> rows) const {
    check_loss_rows<T>(kName, outputs, rows);
    check_range<T>(rows);
    if (!positive_weights.empty()) check_loss_weights("positive weight", positive_weights, outputs.shape.channels);
  }

  /// Kind and options.
  [[nodiscard]] std::string description() const {
    return describe("BinaryCrossEntropyWithLogits", {{"positive_weights", to_words(positive_weights)}});
  }

 private:
  static constexpr const char* kName = "binary cross-entropy";

  template <class T>
  static void check_range(TensorView<const T> rows) {
    for (Index n = 0; n < rows.batch; ++n) {
      for (Index i = 0; i < rows.shape.channels; ++i) {
        const T target = rows.sample(n)[i];
        if (target >= 0 && target <= 1 && !is_nan(target)) continue;
        throw ArgumentError("binary cross-entropy takes targets from 0 to 1, got " + to_digits(target) +
                            " for output " + std::to_string(i) + " of sample " + std::to_string(n));
      }
    }
  }
};

static_assert(RowLoss<BinaryCrossEntropyWithLogits, float> && RowLoss<BinaryCrossEntropyWithLogits, double>);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
