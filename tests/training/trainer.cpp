#include <functional>
#include <string>

#include <lamina/schedules/constant_schedule.hpp>
#include <lamina/training/trainer.hpp>

#include "../catch.hpp"
#include "tiny_network.hpp"

using namespace lamina;

namespace {

constexpr Index kBatch = 16;

/// Keeps all that a trainer reports, and notes the order of the calls as letters.
class Recorder : public TrainingObserver {
 public:
  void on_step(const StepReport& report) override {
    calls += 's';
    steps.push_back(report);
  }
  void on_evaluation(const EvaluationReport& report) override {
    calls += report.set == EvaluationSet::validation ? 'v' : 't';
    evaluations.push_back(report);
  }
  void on_epoch(const EpochReport& report) override {
    calls += 'E';
    epochs.push_back(report);
    flows.emplace_back(report.gradient_flow.begin(), report.gradient_flow.end());
    if (at_epoch) at_epoch();
  }
  void on_test(const TestReport&) override { calls += 'T'; }

  std::string calls;
  std::vector<StepReport> steps;
  std::vector<EvaluationReport> evaluations;
  std::vector<EpochReport> epochs;
  std::vector<std::vector<TensorFlow>> flows;
  std::function<void()> at_epoch;
};

/// A training run on 40 images with 24 for validation.
struct Run {
  explicit Run(
      Index epochs, int threads = 1, std::function<double(Index)> learning_rate = [](Index) { return 1e-2; })
      : trainer(model, Adam<float>(TinyNetwork::parameter_count), std::move(learning_rate), training, validation,
                Team(threads), {.epochs = epochs, .batch_size = kBatch}) {
    trainer.add_observer(recorder);
  }

  Dataset training_images = brightness_dataset(40, 1);
  Dataset validation_images = brightness_dataset(24, 2);
  BatchLoader<float> training{training_images, all_of(training_images), kBrightnessNormalization,
                              LoaderOptions{.batch_size = kBatch, .seed = 5}};
  BatchLoader<float> validation{validation_images, all_of(validation_images), kBrightnessNormalization,
                                LoaderOptions::evaluation(kBatch)};
  Model<TinyNetwork> model{7};
  Recorder recorder;
  Trainer<TinyNetwork> trainer;
};

}  // namespace

TEST_CASE("trainer: each epoch is its steps, then the validation, then the report") {
  Run run(2);
  run.trainer.run();
  CHECK(run.recorder.calls == "sssvvEsssvvE");
  CHECK(run.recorder.steps[4].epoch == 2);
  CHECK(run.recorder.steps[4].step == 2);
  CHECK(run.recorder.steps[4].steps == 3);
  CHECK(run.recorder.steps[4].so_far.images == 32);
  CHECK(run.recorder.evaluations[1].images == 24);
  CHECK(run.recorder.epochs[1].epoch == 2);
  CHECK(run.recorder.epochs[1].epochs == 2);
  CHECK(run.recorder.epochs[1].training.images == 40);
  CHECK(run.recorder.epochs[1].training.loss == run.recorder.steps.back().so_far.loss);
}

TEST_CASE("trainer: every epoch trains at the schedule's learning rate") {
  // At a learning rate of zero in all epochs but the second, only that one moves the parameters.
  Run run(3, 1, [](Index epoch) { return epoch == 1 ? 1e-2 : 0.0; });
  std::vector<float> first_parameters;
  run.recorder.at_epoch = [&] { first_parameters.push_back(run.model.parameters()[0]); };
  const float start = run.model.parameters()[0];
  run.trainer.run();
  CHECK(first_parameters[0] == start);
  CHECK(first_parameters[1] != start);
  CHECK(first_parameters[2] == first_parameters[1]);
  CHECK(run.recorder.epochs[1].learning_rate == 1e-2);
  CHECK(run.recorder.epochs[2].learning_rate == 0);
}

TEST_CASE("trainer: validation measures the model as it is after the epoch") {
  Run run(2);
  InferenceWorkspace<TinyNetwork> workspace(kBatch, Team(1));
  BatchLoader<float> again(run.validation_images, all_of(run.validation_images), kBrightnessNormalization,
                           LoaderOptions::evaluation(kBatch));
  std::vector<double> losses;
  run.recorder.at_epoch = [&] { losses.push_back(evaluate(run.model, workspace, again).loss); };
  run.trainer.run();
  CHECK(losses[0] == run.recorder.epochs[0].validation.loss);
  CHECK(losses[1] == run.recorder.epochs[1].validation.loss);
}

TEST_CASE("trainer: the model of the first epoch with the highest validation accuracy is tested") {
  // A learning rate that grows ruins the later epochs.
  Run run(6, 1, [](Index epoch) { return epoch < 3 ? 1e-2 : 10.0; });
  std::vector<std::vector<float>> parameters;
  std::vector<std::vector<float>> statistics;
  run.recorder.at_epoch = [&] {
    parameters.emplace_back(run.model.parameters().begin(), run.model.parameters().end());
    statistics.emplace_back(run.model.statistics().begin(), run.model.statistics().end());
  };
  run.trainer.run();

  std::size_t best = 0;
  for (std::size_t epoch = 0; epoch < run.recorder.epochs.size(); ++epoch) {
    const auto& report = run.recorder.epochs[epoch];
    const bool better = report.validation.accuracy > run.recorder.epochs[best].validation.accuracy;
    CHECK(report.best == (epoch == 0 || better));
    if (better) best = epoch;
  }
  REQUIRE(best + 1 < run.recorder.epochs.size());
  CHECK(run.trainer.best_epoch() == static_cast<Index>(best) + 1);
  CHECK(std::ranges::equal(run.trainer.best_model().parameters(), parameters[best]));
  CHECK(std::ranges::equal(run.trainer.best_model().statistics(), statistics[best]));

  const TestReport test = run.trainer.test(run.validation);
  CHECK(test.best_epoch == static_cast<Index>(best) + 1);
  CHECK(test.test.loss == run.recorder.epochs[best].validation.loss);
  CHECK(run.recorder.calls.ends_with("EttT"));
}

TEST_CASE("trainer: of epochs that are equally good the first is the best") {
  Run run(3, 1, [](Index) { return 0.0; });
  for (float& value : run.model.parameters().last(36)) value = 0;  // the last layer: all images look alike
  run.trainer.run();
  CHECK(run.recorder.epochs[2].validation.accuracy == run.recorder.epochs[0].validation.accuracy);
  CHECK(run.trainer.best_epoch() == 1);
}

TEST_CASE("trainer: the gradient flow of an epoch holds its steps alone") {
  Run run(2, 1, [](Index) { return 0.0; });
  run.recorder.at_epoch = [&] {
    if (run.recorder.epochs.size() == 1) {
      for (float& value : run.model.parameters().last(36)) value = 0;  // the last layer: nothing flows back any more
    }
  };
  run.trainer.run();
  CHECK(run.recorder.flows[0].front().mean_abs > 0);
  CHECK(run.recorder.flows[1].front().mean_abs == 0);
  CHECK(run.recorder.flows[1].size() == TinyNetwork::parameters.size());
}

TEST_CASE("trainer: losses, accuracies and parameters have the same bits with 1, 2 and 4 threads") {
  Run one(3, 1);
  one.trainer.run();
  for (const int threads : {2, 4}) {
    Run more(3, threads);
    more.trainer.run();
    for (std::size_t epoch = 0; epoch < 3; ++epoch) {
      const EpochReport& expected = one.recorder.epochs[epoch];
      const EpochReport& found = more.recorder.epochs[epoch];
      CHECK(found.training.loss == expected.training.loss);
      CHECK(found.training.accuracy == expected.training.accuracy);
      CHECK(found.validation.loss == expected.validation.loss);
      CHECK(more.recorder.flows[epoch].front().l2_norm == one.recorder.flows[epoch].front().l2_norm);
    }
    CHECK(std::ranges::equal(more.model.parameters(), one.model.parameters()));
    CHECK(std::ranges::equal(more.model.statistics(), one.model.statistics()));
  }
}

TEST_CASE("trainer: learns") {
  Run run(12);
  run.trainer.run();
  CHECK(run.recorder.epochs.back().training.loss < run.recorder.epochs.front().training.loss / 1.5);
  CHECK(run.trainer.test(run.validation).test.accuracy > 0.5);  // chance is 0.25
}

TEST_CASE("trainer: what cannot work is refused before it begins") {
  CHECK_THROWS_WITH(Run(0), ContainsSubstring("the number of epochs must be positive, got 0"));
}

TEST_CASE("trainer: a validation loss that is not finite stops it") {
  Run run(2);
  run.recorder.at_epoch = [] {};
  // Running statistics enter validation alone.
  run.model.statistics()[0] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(run.trainer.run(), ContainsSubstring("validation after step 3 (epoch 1): the loss is not finite") &&
                                           ContainsSubstring("batch_norm 1.running_mean"));
}

TEST_CASE("trainer: refuses at once an epoch that would end with an image on which the network cannot train") {
  using Net = Sequential<Image<8, 8, 3>, GlobalAvgPool, BatchNorm, Linear<4>>;
  const Dataset images = brightness_dataset(17);
  Model<Net> model;
  const auto check = [&](const LoaderOptions& options) {
    BatchLoader<float> training(images, all_of(images), kBrightnessNormalization, options);
    BatchLoader<float> validation(images, all_of(images), kBrightnessNormalization, LoaderOptions::evaluation(8));
    Trainer<Net>(model, Adam<float>(Net::parameter_count), ConstantSchedule(1e-3), training, validation, Team(1),
                 {.epochs = 1, .batch_size = 8});
  };
  CHECK_THROWS_WITH(check({.batch_size = 8}), ContainsSubstring("at least 2 images in a batch, got 1"));
  CHECK_NOTHROW(check({.batch_size = 8, .drop_remainder = true}));
  CHECK_NOTHROW(check({.batch_size = 7}));
}
