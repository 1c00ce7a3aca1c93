#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <lamina/core/description.hpp>
#include <lamina/core/error.hpp>
#include <lamina/core/finite.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/team.hpp>
#include <lamina/data/loader.hpp>
#include <lamina/network/measure_statistics.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/tensor_checks.hpp>
#include <lamina/optimizers/gradient_clipping.hpp>
#include <lamina/optimizers/optimizer.hpp>
#include <lamina/schedules/learning_rate.hpp>
#include <lamina/training/best_epoch.hpp>
#include <lamina/training/evaluate.hpp>
#include <lamina/training/observer.hpp>
#include <lamina/training/step.hpp>
#include <lamina/training/teacher.hpp>
#include <lamina/training/trainer_state.hpp>
#include <lamina/training/weight_average.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

struct TrainerOptions {
  Index epochs = 100;
  Index batch_size = 100;  ///< the largest batch that any loader gives
  std::uint64_t seed = 0;  ///< of dropout
  GradientClipping clipping{};
  BestBy best_by = BestBy::automatic;  ///< the figure of the validation that chooses the best epoch
  Index micro_batches = 1;             ///< batches in a step, but for the last of an epoch: gradient accumulation
  WeightAveraging averaging{};
  Index evidence_interval = 8;  ///< one step of so many is measured for evidence(), the first of an epoch among them;
                                ///< 0 for none
};

/// The models of a Trainer, of which a state goes on.
template <class Network, class T>
struct TrainerModels {
  const Model<Network, T>& model;
  const Model<Network, T>& best;
  const Model<Network, T>* average = nullptr;  ///< null where there is none
};

/// Trains a model epoch by epoch: all training batches at the epoch's learning rate, then the validation images. The
/// parameters and running statistics of the epoch that is best by a figure of its validation (the first of equal ones)
/// are remembered, for the test; where an average of the weights is kept, it is that which is measured for it and
/// remembered. Nothing but the times depends on the number of threads.
template <class Network, class T = float, Optimizer O = Adam<T>, Loss<T> L = SoftmaxCrossEntropy>
class Trainer {
 public:
  /// @param model  to train; must outlive the trainer, as must the loaders
  /// @param training, validation  wherever they stand: each is told which batches are wanted
  /// @throws ArgumentError when epochs or batch_size < 1, when batches have no target that the loss reads or lack the
  ///         figure that chooses the best epoch, when they are mixed and the loss reads labels alone, and when an epoch
  ///         ends with a batch of one image which the network cannot train on
  Trainer(Model<Network, T>& model, O optimizer, LearningRate learning_rate, BatchLoader<T>& training,
          BatchLoader<T>& validation, const Team& team, const TrainerOptions& options = {}, L loss = {})
      : model_(model),
        best_model_(model),
        step_(model, std::move(optimizer), options.batch_size, team, std::move(loss),
              {.seed = options.seed,
               .clipping = options.clipping,
               .micro_batches = options.micro_batches,
               .evidence_interval = options.evidence_interval}),
        inference_(options.batch_size, team),
        learning_rate_(std::move(learning_rate)),
        training_(training),
        validation_(validation),
        epochs_(options.epochs),
        micro_batches_(options.micro_batches),
        averaging_(options.averaging),
        average_(options.averaging, model),
        seed_(options.seed),
        best_by_(lamina::best_by(options.best_by, validation.targets() & target_kinds<L, T>)),
        description_{.loss = description_of(step_.loss()),
                     .learning_rate = learning_rate_.description(),
                     .training = training.description(),
                     .validation = validation.description(),
                     .options = description_of_options(options)} {
    require(epochs_ >= 1, "the number of epochs must be positive, got " + std::to_string(epochs_));
    require_targets<T>(step_.loss(), training_.targets());
    require_targets<T>(step_.loss(), validation_.targets());
    require(target_kinds<L, T>.rows || !training_.mixing(),
            "mixup needs a loss that reads target rows, and " + description_.loss + " takes class labels");
    losses_.reserve(static_cast<std::size_t>(training_.batches()));
    check_training_batch<Network>(training_.smallest_batch());  // else the first epoch would fail at its last batch
  }

  /// Has each training batch shown to another network first, whose logits the loss may read: Distillation does.
  /// @throws ArgumentError  when a loss does not read them, or the training has begun
  void set_teacher(Teacher<T> teacher) {
    require(TargetsLoss<L, T>, "the loss " + description_.loss + " does not read a teacher's logits");
    require(step_.optimizer().steps() == 0 && batch_ == 0, "a teacher must be there from the first step on");
    if (teacher_) throw ArgumentError("there is a teacher already: " + teacher_->description());
    teacher_.emplace(std::move(teacher));
    description_.options += " taught by " + teacher_->description();
  }

  /// Observers are called in the order in which they were added, and must outlive the trainer.
  void add_observer(TrainingObserver& observer) { observers_.push_back(&observer); }

  /// All epochs that are left.
  /// @param stop  asked after each batch but the last of an epoch, and after each epoch: true ends the call there
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
            .best_value = best_value_,
            .gradient_flow = batch_ > 0 ? step_.gradient_flow().sums() : std::vector<double>{},
            .evidence = batch_ > 0 ? step_.evidence().sums() : std::vector<double>{},
            .losses = losses_,
            .gathered = step_.gathered(),
            .averaged = average_.count(),
            .description = description_};
  }

  /// Continues from the state of another trainer for the same network; what follows has the same bits as there.
  /// @param models  those of that trainer
  /// @throws ArgumentError  when the state is not one of such a trainer, naming both, or lies behind the last epoch;
  ///                        when a loss or learning rate has no description()
  void restore(const TrainerState<T>& state, const TrainerModels<Network, T>& models,
               const RestoreOptions& options = {}) {
    require_same_run(state.description, options);
    require(state.epoch >= 0 && state.epoch <= epochs_ && state.batch >= 0 && state.batch < training_.batches(),
            "epoch " + std::to_string(state.epoch) + ", batch " + std::to_string(state.batch) + " is not one of " +
                std::to_string(epochs_) + " epochs of " + std::to_string(training_.batches()) + " batches");
    const std::size_t sums = state.batch > 0 ? 3 * Network::parameters.size() : 0;
    require(state.gradient_flow.size() == sums, "the sums of gradient flow must be " + std::to_string(sums) + ", got " +
                                                    std::to_string(state.gradient_flow.size()));
    const std::size_t evidence = state.batch > 0 ? step_.evidence().size() : 0;
    require(state.evidence.size() == evidence, "the sums of the evidence must be " + std::to_string(evidence) +
                                                   ", got " + std::to_string(state.evidence.size()));
    require(std::ssize(state.losses) == state.batch, "the losses of an epoch must be those of its " +
                                                         std::to_string(state.batch) + " batches, got " +
                                                         std::to_string(state.losses.size()));
    require(state.gathered.batches == state.batch % micro_batches_,
            "behind batch " + std::to_string(state.batch) + " a step has gathered " +
                std::to_string(state.batch % micro_batches_) + " batches, got " +
                std::to_string(state.gathered.batches));
    require_not_negative("the number of averaged weights", static_cast<double>(state.averaged));
    require(state.averaged == 0 || models.average != nullptr, "the average of the weights is missing");
    require(state.averaged == 0 || averaging_.kind() != WeightAveraging::Kind::none,
            "the state has an average of the weights, and this trainer keeps none");
    const OptimizerState<T> before = state_of(step_.optimizer());
    step_.optimizer().restore(state.optimizer);
    try {
      step_.restore(state.gathered);
    } catch (...) {
      step_.optimizer().restore(before);
      throw;
    }
    forget_epoch();
    if (state.batch > 0) {
      step_.gradient_flow().restore(state.gradient_flow, state.batch / micro_batches_);
      step_.evidence().restore(state.evidence);
      losses_.assign(state.losses.begin(), state.losses.end());
    }
    if (state.averaged > 0) average_.restore(*models.average, state.averaged);
    epoch_ = state.epoch;
    batch_ = state.batch;
    sum_ = state.training;
    seconds_ = state.seconds;
    best_epoch_ = state.best_epoch;
    best_value_ = state.best_value;
    model_ = models.model;
    best_model_ = models.best;
  }

  /// What has been measured of the epoch under way, averaged over its batches so far; of an epoch that has none, empty
  /// lists. Observers may ask in on_step(); it allocates.
  [[nodiscard]] TrainingEvidence evidence() const {
    TrainingEvidence evidence{
        .epoch = epoch_ + 1, .step = batch_, .learning_rate = learning_rate(std::max<Index>(batch_, 1) - 1)};
    if (step_.gradient_flow().steps() > 0) evidence.gradient_flow = step_.gradient_flow().average();
    step_.evidence().add_to(evidence);
    evidence.losses = losses_;
    return evidence;
  }

  /// Measures the best epoch's model, or the model as it is before the first epoch.
  TestReport test(BatchLoader<T>& images) {
    const TestReport report{.test = evaluate_on(best_model_, images, EvaluationSet::test), .best_epoch = best_epoch_};
    notify([&](TrainingObserver& observer) { observer.on_test(report); });
    return report;
  }

  /// The model of the best epoch so far, and that epoch, from 1; 0 before the first.
  [[nodiscard]] const Model<Network, T>& best_model() const { return best_model_; }
  [[nodiscard]] Index best_epoch() const { return best_epoch_; }
  /// The average of the weights; none where none is kept or before the first.
  [[nodiscard]] const Model<Network, T>* average() const { return average_.count() > 0 ? &average_.model() : nullptr; }
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
      require(own != kUndescribed, "the " + what +
                                       " of this run does not say what it is, so that nobody can tell "
                                       "whether the state is of one like it: give it a description()");
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
    EpochReport report{.epoch = epoch_ + 1, .epochs = epochs_, .learning_rate = learning_rate(0)};
    if (!train(report, watch, stop)) return false;
    report.training = sum_.mean();
    report.images_per_second = static_cast<double>(report.training.images) / watch.seconds();
    report.validation = evaluate_on(model_, validation_, EvaluationSet::validation);
    require_finite(report.validation, model_, "validation");
    average_epoch();
    if (average() != nullptr) {
      report.averaged = evaluate_on(*average(), validation_, EvaluationSet::validation);
      require_finite(*report.averaged, *average(), "validation of the averaged weights");
    }
    choose_best(report);
    report.seconds = watch.seconds();
    report.evidence = evidence();
    report.gradient_flow = report.evidence.gradient_flow;
    ++epoch_;
    batch_ = 0;
    sum_ = {};
    seconds_ = 0;
    forget_epoch();
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
    const Index batches = training_.batches();
    training_.seek({epoch_, batch_});
    const Batch<T> batch = training_.next();
    const double rate = learning_rate(batch_);
    const BatchResult result = step_.gather(batch.images, targets_of(batch));
    sum_.add(result, batch.images.batch);
    losses_.push_back(result.loss);
    ++batch_;
    if (batch_ % micro_batches_ == 0 || batch_ == batches) update(rate);
    seconds_ = watch.seconds();
    const StepReport report{.epoch = epoch.epoch,
                            .epochs = epoch.epochs,
                            .step = batch_,
                            .steps = batches,
                            .learning_rate = rate,
                            .loss = result.loss,
                            .so_far = sum_.mean(),
                            .seconds = seconds_};
    notify([&](TrainingObserver& observer) { observer.on_step(report); });
  }

  /// Forgets what was collected of an epoch.
  void forget_epoch() {
    step_.gradient_flow().reset();
    step_.evidence().reset();
    losses_.clear();
  }

  Evaluation evaluate_on(const Model<Network, T>& model, BatchLoader<T>& images, EvaluationSet set) {
    const Stopwatch watch;
    return evaluate(model, inference_, images, step_.loss(), [&](Index done) {
      const EvaluationReport report{.set = set, .images = done, .total = images.size(), .seconds = watch.seconds()};
      notify([&](TrainingObserver& observer) { observer.on_evaluation(report); });
    });
  }

  /// Running statistics may overflow though no batch did.
  void require_finite(const Evaluation& evaluation, const Model<Network, T>& model, const std::string& what) const {
    if (is_finite(evaluation.loss)) return;
    throw NonFiniteError(what + " after step " + std::to_string(step_.optimizer().steps()) + " (epoch " +
                         std::to_string(epoch_ + 1) + "): the loss is not finite, and neither is " +
                         detail::blame(model));
  }

  /// The rate of the step that a batch of the epoch belongs to.
  [[nodiscard]] double learning_rate(Index batch) const {
    const Index steps = (training_.batches() + micro_batches_ - 1) / micro_batches_;
    return learning_rate_(epoch_, epoch_ * steps + batch / micro_batches_);
  }

  [[nodiscard]] Targets<T> targets_of(const Batch<T>& batch) const {
    Targets<T> targets = batch.targets();
    if (teacher_) targets.teacher = (*teacher_)(batch.images);
    return targets;
  }

  void update(double rate) {
    step_.update(rate);
    if (averaging_.kind() == WeightAveraging::Kind::exponential) average_.add(model_, step_.workspace().team());
  }

  /// Stochastic weight averaging at the end of an epoch.
  void average_epoch() {
    if (averaging_.kind() != WeightAveraging::Kind::stochastic || epoch_ + 1 < averaging_.first_epoch()) return;
    average_.add(model_, step_.workspace().team());
    StatisticsMeasurement measurement(average_.model());
    if (!measurement.needed()) return;
    for (Index i = 0; i < training_.batches(); ++i) {
      training_.seek({epoch_, i});
      measurement.add(average_.model(), step_.workspace(), training_.next().images,
                      {.seed = seed_, .step = static_cast<std::uint32_t>(i)});
    }
    measurement.finish(average_.model());
  }

  /// Remembers the average of the weights, where there is one, or the weights, if they are the best so far.
  void choose_best(EpochReport& report) {
    const double value = figure_of(report.averaged.value_or(report.validation), best_by_);
    report.best = best_epoch_ == 0 || is_better(best_by_, value, best_value_);
    if (!report.best) return;
    const Model<Network, T>& model = average() != nullptr ? *average() : model_;
    std::ranges::copy(model.parameters(), best_model_.parameters().begin());
    std::ranges::copy(model.statistics(), best_model_.statistics().begin());
    best_epoch_ = report.epoch;
    best_value_ = value;
  }

  [[nodiscard]] std::string description_of_options(const TrainerOptions& options) const {
    return describe("TrainerOptions", {{"seed", options.seed},
                                       {"clipping", options.clipping.description()},
                                       {"best_by", to_string(best_by_)},
                                       {"micro_batches", options.micro_batches},
                                       {"averaging", options.averaging.description()}});
  }

  Model<Network, T>& model_;
  Model<Network, T> best_model_;
  Index best_epoch_ = 0;
  double best_value_ = 0;
  TrainingStep<Network, T, O, L> step_;
  InferenceWorkspace<Network, T> inference_;
  LearningRate learning_rate_;
  BatchLoader<T>& training_;
  BatchLoader<T>& validation_;
  Index epochs_;
  Index micro_batches_;
  WeightAveraging averaging_;
  WeightAverage<Network, T> average_;
  std::uint64_t seed_;
  std::optional<Teacher<T>> teacher_;
  BestBy best_by_;
  TrainingDescription description_;
  Index epoch_ = 0;  // this and the next three: as in TrainerState
  Index batch_ = 0;
  EvaluationSum sum_{};
  std::vector<double> losses_;  // of the epoch's batches
  double seconds_ = 0;
  std::vector<TrainingObserver*> observers_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
