#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <lamina/core/instruction_set.hpp>
#include <lamina/training/rehearsal.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// The loss of one step of a range test.
struct RangePoint {
  double learning_rate = 0;
  double loss = 0;
  double smoothed = 0;  ///< exponential moving average, corrected for its start
};

/// What a learning-rate range test has found (Smith 2017, "Cyclical learning rates").
struct LearningRateRange {
  std::vector<RangePoint> points{};    ///< up to where the loss ran away
  std::optional<double> suggestion{};  ///< a tenth of the rate at which the loss is least, or, where it does not fall,
                                       ///< of that where it runs away; none where it does neither
  std::optional<double> highest{};     ///< where the loss ran away; none where it did not
};

struct RangeTestOptions {
  double lowest = 1e-6;
  double highest = 10;
  Index steps = 70;
};

namespace detail {

/// The rate to take, by a finished curve.
inline void suggest(LearningRateRange& range) {
  if (range.points.size() < 8) return;
  const auto least = std::ranges::min_element(range.points, {}, &RangePoint::smoothed);
  const double start = range.points.front().smoothed;
  // Batches differ, so a fall that is no larger than a hundredth is none.
  if (least->smoothed < 0.99 * start) {
    range.suggestion = least->learning_rate / 10;
  } else if (range.highest) {
    range.suggestion = *range.highest / 10;
  }
}

}  // namespace detail

/// Trains a copy of the model at a learning rate that rises from step to step by the same factor, until the loss runs
/// away: until its average is above the first by half as much again, or not finite.
/// @throws ArgumentError  images or labels that do not fit, rates that do not rise from above 0, fewer than two steps
template <class Network, class T, Optimizer O, Loss<T> L>
[[nodiscard]] LearningRateRange test_learning_rates(Model<Network, T> model, O optimizer, const RehearsalData<T>& data,
                                                    L loss, const RangeTestOptions& options, const Team& team) {
  detail::check(data, options.steps);
  if (!(options.lowest > 0 && options.highest > options.lowest && options.steps > 1)) {
    throw ArgumentError(message("a range test rises from above 0 in two steps at least, got ", options.lowest, " to ",
                                options.highest, " in ", options.steps));
  }
  TrainingStep<Network, T, O, L> step(model, std::move(optimizer), data.batch_size, team, std::move(loss));
  LearningRateRange range;
  const double factor = std::pow(options.highest / options.lowest, 1 / static_cast<double>(options.steps - 1));
  constexpr double memory = 0.8;
  double average = 0, weight = 0, rate = options.lowest;
  for (Index i = 0; i < options.steps; ++i, rate *= factor) {
    const Index first = i % data.batches() * data.batch_size;
    const auto labels = data.labels.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(data.batch_size));
    try {
      const double value = step(data.images.samples(first, data.batch_size), labels, rate).loss;
      average = memory * average + (1 - memory) * value;
      weight = memory * weight + (1 - memory);
      range.points.push_back({.learning_rate = rate, .loss = value, .smoothed = average / weight});
    } catch (const NonFiniteError&) {
      range.highest = rate;
    }
    if (!range.highest && range.points.back().smoothed > 1.5 * range.points.front().smoothed) range.highest = rate;
    if (range.highest) break;
  }
  detail::suggest(range);
  return range;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
