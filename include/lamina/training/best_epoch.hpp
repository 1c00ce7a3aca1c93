#pragma once

#include <string>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/losses/loss.hpp>
#include <lamina/training/evaluate.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// By which figure of the validation a trainer knows its best epoch.
enum class BestBy {
  automatic,            ///< accuracy where there are labels, else loss
  loss,                 ///< the lowest
  accuracy,             ///< the highest
  mean_absolute_error,  ///< the lowest
};

[[nodiscard]] inline std::string to_string(BestBy figure) {
  switch (figure) {
    case BestBy::loss:
      return "loss";
    case BestBy::accuracy:
      return "accuracy";
    case BestBy::mean_absolute_error:
      return "mean absolute error";
    case BestBy::automatic:
      break;
  }
  return "automatic";
}

/// The figure for the targets that a loss reads.
/// @throws ArgumentError  one that they do not have
[[nodiscard]] inline BestBy best_by(BestBy figure, TargetKinds targets) {
  if (figure == BestBy::automatic) return targets.labels ? BestBy::accuracy : BestBy::loss;
  require(figure != BestBy::accuracy || targets.labels,
          "accuracy needs class labels to choose the best epoch by, got " + to_string(targets));
  require(figure != BestBy::mean_absolute_error || !targets.labels,
          "the mean absolute error needs target rows alone to choose the best epoch by, got " + to_string(targets));
  return figure;
}

/// That figure of an evaluation.
[[nodiscard]] inline double figure_of(const Evaluation& evaluation, BestBy figure) {
  switch (figure) {
    case BestBy::accuracy:
      return evaluation.accuracy;
    case BestBy::mean_absolute_error:
      return evaluation.mean_absolute_error;
    default:
      return evaluation.loss;
  }
}

/// Whether one value of the figure is better than another.
[[nodiscard]] constexpr bool is_better(BestBy figure, double value, double than) {
  return figure == BestBy::accuracy ? value > than : value < than;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
