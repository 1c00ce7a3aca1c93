#pragma once

#include <lamina/schedules/constant_schedule.hpp>
#include <lamina/schedules/cosine_annealing.hpp>
#include <lamina/schedules/learning_rate.hpp>
#include <lamina/schedules/linear_warmup.hpp>
#include <lamina/schedules/one_cycle.hpp>

#include "study/command_line/options.hpp"

namespace study {

/// The learning rate of the command line.
/// @param batches  in an epoch
/// @throws lamina::ArgumentError  when the run has too few steps for a cycle
[[nodiscard]] inline lamina::LearningRate make_learning_rate(const Options& options, lamina::Index batches) {
  const Recipe& recipe = options.recipe;
  const lamina::Index steps = (batches + recipe.accumulate - 1) / recipe.accumulate;
  const double highest = options.learning_rate;
  const double lowest = options.minimum_learning_rate;
  if (recipe.schedule == "constant") return lamina::ConstantSchedule(highest);
  if (recipe.schedule == "one-cycle")
    return lamina::LearningRate::of_steps(lamina::OneCycle(highest, options.epochs * steps));
  if (recipe.schedule == "warmup-cosine") {
    const lamina::CosineAnnealing cosine(highest, lowest, (options.epochs - recipe.warmup) * steps);
    return lamina::LearningRate::of_steps(lamina::LinearWarmup(recipe.warmup * steps, 0.01, cosine));
  }
  return lamina::CosineAnnealing(highest, lowest, options.epochs);
}

}  // namespace study
