#pragma once

#include <optional>
#include <span>

#include <lamina/core/index.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/diagnostics/gradient_flow.hpp>
#include <lamina/diagnostics/training_evidence.hpp>
#include <lamina/training/evaluate.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// State of an epoch after one of its training steps. Epochs and steps count from 1.
struct StepReport {
  Index epoch = 0;
  Index epochs = 0;
  Index step = 0;   ///< of this epoch
  Index steps = 0;  ///< in an epoch
  double learning_rate = 0;
  double loss = 0;      ///< of this batch
  Evaluation so_far{};  ///< of the epoch's batches up to this one, each measured before its step
  double seconds = 0;   ///< since the epoch began
};

/// What is being measured without training.
enum class EvaluationSet { validation, test };

/// State of an evaluation after one of its batches.
struct EvaluationReport {
  EvaluationSet set = EvaluationSet::validation;
  Index images = 0;  ///< done
  Index total = 0;   ///< in the set
  double seconds = 0;
};

/// An epoch that is over, counted from 1.
struct EpochReport {
  Index epoch = 0;
  Index epochs = 0;
  double learning_rate = 0;
  Evaluation training{};                        ///< each batch measured before its step
  Evaluation validation{};                      ///< after the last step
  std::optional<Evaluation> averaged{};         ///< the same of the average of the weights, where there is one
  bool best = false;                            ///< the best so far by the trainer's figure of the validation
  double seconds = 0;                           ///< training and validation
  double images_per_second = 0;                 ///< in training
  std::span<const TensorFlow> gradient_flow{};  ///< averaged over the epoch, input first
  TrainingEvidence evidence{};                  ///< all that was measured of the epoch
};

/// The model of the best epoch on images that had no part in training or in choosing the epoch.
struct TestReport {
  Evaluation test{};
  Index best_epoch = 0;  ///< from 1
};

/// Watches a Trainer. What it is handed is valid during the call; what it throws ends the training.
class TrainingObserver {
 public:
  TrainingObserver() = default;
  TrainingObserver(const TrainingObserver&) = delete;
  TrainingObserver& operator=(const TrainingObserver&) = delete;
  virtual ~TrainingObserver() = default;

  virtual void on_step(const StepReport& /*report*/) {}
  virtual void on_evaluation(const EvaluationReport& /*report*/) {}
  virtual void on_epoch(const EpochReport& /*report*/) {}
  virtual void on_test(const TestReport& /*report*/) {}
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
