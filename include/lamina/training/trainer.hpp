#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/team.hpp>
#include <lamina/data/loader.hpp>
#include <lamina/network/model.hpp>
#include <lamina/training/evaluate.hpp>
#include <lamina/training/observer.hpp>
#include <lamina/training/step.hpp>

namespace lamina {

struct TrainerOptions {
  Index epochs = 100;
  Index batch_size = 100;  ///< the largest batch that any loader gives
  std::uint64_t seed = 0;  ///< of dropout
};

/// Trains a model epoch by epoch: all training batches at the epoch's learning rate, then the validation images. The
/// parameters and running statistics of the epoch with the highest validation accuracy (the first of equal ones) are
/// remembered, for the test. Nothing but the times depends on the number of threads.
template <class Network, class T = float, Optimizer O = Adam<T>, Loss<T> L = SoftmaxCrossEntropy>
class Trainer {
 public:
  /// Learning rate of an epoch, from 0.
  using LearningRate = std::function<double(Index)>;

  /// @param model  to train; must outlive the trainer, as must the loaders
  /// @param training, validation  at the start of an epoch
  /// @throws ArgumentError when epochs or batch_size < 1
  Trainer(Model<Network, T>& model, O optimizer, LearningRate learning_rate, BatchLoader<T>& training,
          BatchLoader<T>& validation, const Team& team, const TrainerOptions& options = {}, L loss = {})
      : model_(model),
        best_model_(model),
        step_(model, std::move(optimizer), options.batch_size, team, std::move(loss), options.seed),
        inference_(options.batch_size, team),
        learning_rate_(std::move(learning_rate)),
        training_(training),
        validation_(validation),
        epochs_(options.epochs) {
    require(epochs_ >= 1, "the number of epochs must be positive, got " + std::to_string(epochs_));
  }

  /// Observers are called in the order in which they were added, and must outlive the trainer.
  void add_observer(TrainingObserver& observer) { observers_.push_back(&observer); }

  /// All epochs that are left.
  /// @throws NonFiniteError  when a loss or gradient becomes NaN or infinite
  void run() {
    while (epoch_ < epochs_) run_epoch();
  }

  /// Measures the best epoch's model, or the model as it is before the first epoch.
  TestReport test(BatchLoader<T>& images) {
    const TestReport report{.test = measure(best_model_, images, EvaluationSet::test), .best_epoch = best_epoch_};
    notify([&](TrainingObserver& observer) { observer.on_test(report); });
    return report;
  }

  /// The model with the highest validation accuracy so far, and its epoch, from 1; 0 before the first.
  [[nodiscard]] const Model<Network, T>& best_model() const { return best_model_; }
  [[nodiscard]] Index best_epoch() const { return best_epoch_; }

 private:
  class Stopwatch {
   public:
    [[nodiscard]] double seconds() const {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

   private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  };

  template <class Call>
  void notify(const Call& call) {
    for (TrainingObserver* observer : observers_) call(*observer);
  }

  void run_epoch() {
    const Stopwatch watch;
    EpochReport report{.epoch = epoch_ + 1, .epochs = epochs_, .learning_rate = learning_rate_(epoch_)};
    report.training = train(report, watch);
    report.images_per_second = static_cast<double>(report.training.images) / watch.seconds();
    report.validation = measure(model_, validation_, EvaluationSet::validation);
    require_finite(report);
    report.best = best_epoch_ == 0 || report.validation.accuracy > best_accuracy_;
    if (report.best) remember(report);
    report.seconds = watch.seconds();
    const std::vector<TensorFlow> flow = step_.gradient_flow().average();
    report.gradient_flow = flow;
    ++epoch_;
    notify([&](TrainingObserver& observer) { observer.on_epoch(report); });
  }

  Evaluation train(const EpochReport& epoch, const Stopwatch& watch) {
    step_.gradient_flow().reset();
    EvaluationSum sum;
    for (Index i = 0; i < training_.batches(); ++i) {
      const Batch<T> batch = training_.next();
      const LossResult result = step_(batch.images, batch.labels, epoch.learning_rate);
      sum.add(result, batch.images.batch);
      const StepReport report{.epoch = epoch.epoch,
                              .epochs = epoch.epochs,
                              .step = i + 1,
                              .steps = training_.batches(),
                              .learning_rate = epoch.learning_rate,
                              .loss = result.loss,
                              .so_far = sum.mean(),
                              .seconds = watch.seconds()};
      notify([&](TrainingObserver& observer) { observer.on_step(report); });
    }
    return sum.mean();
  }

  Evaluation measure(const Model<Network, T>& model, BatchLoader<T>& images, EvaluationSet set) {
    const Stopwatch watch;
    return evaluate(model, inference_, images, step_.loss(), [&](Index done) {
      const EvaluationReport report{.set = set, .images = done, .total = images.size(), .seconds = watch.seconds()};
      notify([&](TrainingObserver& observer) { observer.on_evaluation(report); });
    });
  }

  /// Running statistics may overflow though no batch did.
  void require_finite(const EpochReport& report) const {
    if (std::isfinite(report.validation.loss)) return;
    throw NonFiniteError("validation after step " + std::to_string(step_.optimizer().steps()) + " (epoch " +
                         std::to_string(report.epoch) + "): the loss is not finite, and neither is " +
                         detail::blame(model_));
  }

  void remember(const EpochReport& report) {
    std::ranges::copy(model_.parameters(), best_model_.parameters().begin());
    std::ranges::copy(model_.statistics(), best_model_.statistics().begin());
    best_epoch_ = report.epoch;
    best_accuracy_ = report.validation.accuracy;
  }

  Model<Network, T>& model_;
  Model<Network, T> best_model_;
  Index best_epoch_ = 0;
  double best_accuracy_ = 0;
  TrainingStep<Network, T, O, L> step_;
  InferenceWorkspace<Network, T> inference_;
  LearningRate learning_rate_;
  BatchLoader<T>& training_;
  BatchLoader<T>& validation_;
  Index epochs_;
  Index epoch_ = 0;
  std::vector<TrainingObserver*> observers_;
};

}  // namespace lamina
