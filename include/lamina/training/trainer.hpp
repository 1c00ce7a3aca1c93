#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/data/loader.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/tensor_checks.hpp>
#include <lamina/optimizers/gradient_clipping.hpp>
#include <lamina/optimizers/optimizer.hpp>
#include <lamina/schedules/learning_rate.hpp>
#include <lamina/training/evaluate.hpp>
#include <lamina/training/observer.hpp>
#include <lamina/training/step.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

struct TrainerOptions {
  Index epochs = 100;
  Index batch_size = 100;  ///< the largest batch that any loader gives
  std::uint64_t seed = 0;  ///< of dropout
  GradientClipping clipping{};
};

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
  Index best_epoch = 0;  ///< from 1; 0 before the first
  double best_accuracy = 0;
  std::vector<double> gradient_flow;  ///< GradientFlow::sums() of those batches; empty where there are none
  TrainingDescription description;    ///< of the trainer whose state it is
};

/// Trains a model epoch by epoch: all training batches at the epoch's learning rate, then the validation images. The
/// parameters and running statistics of the epoch with the highest validation accuracy (the first of equal ones) are
/// remembered, for the test. Nothing but the times depends on the number of threads.
template <class Network, class T = float, Optimizer O = Adam<T>, Loss<T> L = SoftmaxCrossEntropy>
class Trainer {
 public:
  /// @param model  to train; must outlive the trainer, as must the loaders
  /// @param training, validation  wherever they stand: each is told which batches are wanted
  /// @throws ArgumentError when epochs or batch_size < 1, and when an epoch ends with a batch of one image which the
  ///         network cannot train on
  Trainer(Model<Network, T>& model, O optimizer, LearningRate learning_rate, BatchLoader<T>& training,
          BatchLoader<T>& validation, const Team& team, const TrainerOptions& options = {}, L loss = {})
      : model_(model),
        best_model_(model),
        step_(model, std::move(optimizer), options.batch_size, team, std::move(loss), options.seed, options.clipping),
        inference_(options.batch_size, team),
        learning_rate_(std::move(learning_rate)),
        training_(training),
        validation_(validation),
        epochs_(options.epochs),
        description_{.loss = description_of(step_.loss()),
                     .learning_rate = learning_rate_.description(),
                     .training = training.description(),
                     .validation = validation.description(),
                     .options = describe("TrainerOptions",
                                         {{"seed", options.seed}, {"clipping", options.clipping.description()}})} {
    require(epochs_ >= 1, "the number of epochs must be positive, got " + std::to_string(epochs_));
    check_training_batch<Network>(training_.smallest_batch());  // else the first epoch would fail at its last batch
  }

  /// Observers are called in the order in which they were added, and must outlive the trainer.
  void add_observer(TrainingObserver& observer) { observers_.push_back(&observer); }

  /// All epochs that are left.
  /// @param stop  asked after each step but the last of an epoch, and after each epoch: true ends the call there
  /// @return whether all epochs are over; if not, another call goes on
  /// @throws NonFiniteError  when a loss or gradient becomes NaN or infinite
  bool run(const std::function<bool()>& stop = {}) {
    while (epoch_ < epochs_) {
      if (!run_epoch(stop) || (epoch_ < epochs_ && stop && stop())) return false;
    }
    return true;
  }

  /// What restore() needs to go on from here, at any time outside of a step.
  [[nodiscard]] TrainerState<T> state() const {
    return {.epoch = epoch_,
            .batch = batch_,
            .training = sum_,
            .seconds = batch_ > 0 ? seconds_ : 0,
            .optimizer = state_of(step_.optimizer()),
            .best_epoch = best_epoch_,
            .best_accuracy = best_accuracy_,
            .gradient_flow = batch_ > 0 ? step_.gradient_flow().sums() : std::vector<double>{},
            .description = description_};
  }

  /// Continues from the state of another trainer for the same network; what follows has the same bits as there.
  /// @param model, best  that trainer's model and best_model()
  /// @throws ArgumentError  when the state is not one of such a trainer, naming both, or lies behind the last epoch
  void restore(const TrainerState<T>& state, const Model<Network, T>& model, const Model<Network, T>& best,
               const RestoreOptions& options = {}) {
    require_same_run(state.description, options);
    require(state.epoch >= 0 && state.epoch <= epochs_ && state.batch >= 0 && state.batch < training_.batches(),
            "epoch " + std::to_string(state.epoch) + ", batch " + std::to_string(state.batch) + " is not one of " +
                std::to_string(epochs_) + " epochs of " + std::to_string(training_.batches()) + " batches");
    const std::size_t sums = state.batch > 0 ? 3 * Network::parameters.size() : 0;
    require(state.gradient_flow.size() == sums, "the sums of gradient flow must be " + std::to_string(sums) + ", got " +
                                                    std::to_string(state.gradient_flow.size()));
    step_.optimizer().restore(state.optimizer);
    step_.gradient_flow().reset();
    if (state.batch > 0) step_.gradient_flow().restore(state.gradient_flow, state.batch);
    epoch_ = state.epoch;
    batch_ = state.batch;
    sum_ = state.training;
    seconds_ = state.seconds;
    best_epoch_ = state.best_epoch;
    best_accuracy_ = state.best_accuracy;
    model_ = model;
    best_model_ = best;
  }

  /// Measures the best epoch's model, or the model as it is before the first epoch.
  TestReport test(BatchLoader<T>& images) {
    const TestReport report{.test = evaluate_on(best_model_, images, EvaluationSet::test), .best_epoch = best_epoch_};
    notify([&](TrainingObserver& observer) { observer.on_test(report); });
    return report;
  }

  /// The model with the highest validation accuracy so far, and its epoch, from 1; 0 before the first.
  [[nodiscard]] const Model<Network, T>& best_model() const { return best_model_; }
  [[nodiscard]] Index best_epoch() const { return best_epoch_; }
  /// The model in training.
  [[nodiscard]] const Model<Network, T>& model() const { return model_; }

 private:
  class Stopwatch {
   public:
    /// @param before  seconds to begin with
    explicit Stopwatch(double before = 0) : before_(before) {}
    [[nodiscard]] double seconds() const {
      return before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

   private:
    double before_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  };

  /// Refuses the state of a run of which something else is to be said.
  void require_same_run(const TrainingDescription& other, const RestoreOptions& options) const {
    const auto same = [](const std::string& what, const std::string& found, const std::string& own) {
      require(found == own, "the state is of a run with the " + what + " " + found + ", and this one has " + own);
    };
    same("loss", other.loss, description_.loss);
    if (!options.other_learning_rate) same("learning rate", other.learning_rate, description_.learning_rate);
    same("training batches", other.training, description_.training);
    same("validation batches", other.validation, description_.validation);
    same("options", other.options, description_.options);
  }

  template <class Call>
  void notify(const Call& call) {
    for (TrainingObserver* observer : observers_) call(*observer);
  }

  /// The rest of an epoch, or of its training up to where `stop` says so: false then.
  bool run_epoch(const std::function<bool()>& stop) {
    const Stopwatch watch(seconds_);
    EpochReport report{.epoch = epoch_ + 1, .epochs = epochs_, .learning_rate = learning_rate_(epoch_)};
    if (!train(report, watch, stop)) return false;
    report.training = sum_.mean();
    report.images_per_second = static_cast<double>(report.training.images) / watch.seconds();
    report.validation = evaluate_on(model_, validation_, EvaluationSet::validation);
    require_finite(report);
    report.best = best_epoch_ == 0 || report.validation.accuracy > best_accuracy_;
    if (report.best) remember(report);
    report.seconds = watch.seconds();
    const std::vector<TensorFlow> flow = step_.gradient_flow().average();
    report.gradient_flow = flow;
    ++epoch_;
    batch_ = 0;
    sum_ = {};
    seconds_ = 0;
    step_.gradient_flow().reset();
    notify([&](TrainingObserver& observer) { observer.on_epoch(report); });
    return true;
  }

  /// The batches that are left of an epoch; false where `stop` ended them.
  bool train(const EpochReport& epoch, const Stopwatch& watch, const std::function<bool()>& stop) {
    const Index batches = training_.batches();
    bool stopped = false;
    step_.workspace().team().together([&] {
      while (batch_ < batches && !stopped) {
        train_on_next(epoch, watch);
        stopped = batch_ < batches && stop && stop();
      }
    });
    return !stopped;
  }

  void train_on_next(const EpochReport& epoch, const Stopwatch& watch) {
    training_.seek({epoch_, batch_});
    const Batch<T> batch = training_.next();
    const LossResult result = step_(batch.images, batch.labels, epoch.learning_rate);
    sum_.add(result, batch.images.batch);
    seconds_ = watch.seconds();
    ++batch_;
    const StepReport report{.epoch = epoch.epoch,
                            .epochs = epoch.epochs,
                            .step = batch_,
                            .steps = training_.batches(),
                            .learning_rate = epoch.learning_rate,
                            .loss = result.loss,
                            .so_far = sum_.mean(),
                            .seconds = seconds_};
    notify([&](TrainingObserver& observer) { observer.on_step(report); });
  }

  Evaluation evaluate_on(const Model<Network, T>& model, BatchLoader<T>& images, EvaluationSet set) {
    const Stopwatch watch;
    return evaluate(model, inference_, images, step_.loss(), [&](Index done) {
      const EvaluationReport report{.set = set, .images = done, .total = images.size(), .seconds = watch.seconds()};
      notify([&](TrainingObserver& observer) { observer.on_evaluation(report); });
    });
  }

  /// Running statistics may overflow though no batch did.
  void require_finite(const EpochReport& report) const {
    if (is_finite(report.validation.loss)) return;
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
  TrainingDescription description_;
  Index epoch_ = 0;  // this and the next three: as in TrainerState
  Index batch_ = 0;
  EvaluationSum sum_{};
  double seconds_ = 0;
  std::vector<TrainingObserver*> observers_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
