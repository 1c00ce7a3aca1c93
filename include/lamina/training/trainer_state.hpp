#pragma once

#include <string>
#include <vector>

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/optimizers/optimizer.hpp>
#include <lamina/training/evaluate.hpp>
#include <lamina/training/step.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// What a training run consists of besides its network and its optimiser, in words: a state goes on only in a trainer
/// of which the same is to be said.
struct TrainingDescription {
  std::string loss;
  std::string learning_rate;
  std::string training;    ///< the batches that it trains on
  std::string validation;  ///< and those that it is measured on
  std::string options;     ///< of TrainerOptions, those that change the bits
};

/// What may differ in a trainer that goes on from the state of another.
struct RestoreOptions {
  bool other_learning_rate = false;  ///< another schedule, as of a run that gets more epochs than it was begun with
};

/// All that a Trainer needs to go on, but for the model's own parameters and running statistics, and what it is the
/// state of. It begins with the state of a new trainer.
/// @tparam T  float or double
template <class T>
struct TrainerState {
  Index epoch = 0;           ///< epochs that are over
  Index batch = 0;           ///< batches done of the next one
  EvaluationSum training{};  ///< of those batches
  double seconds = 0;        ///< that they took
  OptimizerState<T> optimizer;
  Index best_epoch = 0;               ///< from 1; 0 before the first
  double best_value = 0;              ///< of the figure that chooses it
  std::vector<double> gradient_flow;  ///< GradientFlow::sums() of those batches; empty where there are none
  std::vector<double> evidence;       ///< EvidenceCollector::sums() of their steps; empty where there are none
  std::vector<double> losses;         ///< of those batches
  GatheredGradients<T> gathered;      ///< of the step that is under way
  Index averaged = 0;                 ///< weights in the average
  TrainingDescription description;    ///< of the trainer whose state it is
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
