#include <cmath>
#include <vector>

#include <lamina/layers/flatten.hpp>
#include <lamina/losses/huber.hpp>
#include <lamina/losses/mean_squared_error.hpp>
#include <lamina/optimizers/adam.hpp>
#include <lamina/schedules/constant_schedule.hpp>
#include <lamina/training/checkpoint.hpp>
#include <lamina/training/checkpointer.hpp>
#include <lamina/training/class_report.hpp>

#include "../catch.hpp"
#include "../data/temporary_folder.hpp"
#include "allocations.hpp"
#include "tiny_network.hpp"

using namespace lamina;

namespace {

using Regressor = Sequential<Image<1, 1, 4>, Linear<16>, LeakyReLU, Linear<2>>;
const Normalization kTable{{0.5, 0.5, 0.5, 0.5}, {0.3, 0.3, 0.3, 0.3}};
const LoaderOptions kTraining{.batch_size = 16, .seed = 3, .augment = false};

/// A table of four columns, and two functions of them to learn.
Dataset table(Index rows, std::uint64_t seed) {
  Dataset set("table", {1, 1, 4}, 1);
  std::vector<float> targets;
  std::vector<std::uint8_t> columns(4);
  for (Index n = 0; n < rows; ++n) {
    RandomStream random(seed, RandomPurpose::test, static_cast<std::uint32_t>(n));
    for (auto& column : columns) column = static_cast<std::uint8_t>(random.below(256));
    const auto x = [&](std::size_t i) { return static_cast<float>(columns[i]) / 255; };
    targets.push_back(x(0) - 2 * x(1));
    targets.push_back(std::abs(x(2) - x(3)));
    set.append(columns, 0);
  }
  set.set_rows(targets, 2);
  return set;
}

template <class L = MeanSquaredError>
struct Run {
  explicit Run(int threads = 1, BestBy best_by = BestBy::automatic)
      : trainer(model, Adam<float>(Regressor::parameter_count), ConstantSchedule(1e-2), training, validation,
                Team(threads), {.epochs = 20, .batch_size = 16, .best_by = best_by}) {}

  Dataset training_rows = table(200, 1);
  Dataset validation_rows = table(50, 2);
  BatchLoader<float> training{training_rows, all_of(training_rows), kTable, kTraining};
  BatchLoader<float> validation{validation_rows, all_of(validation_rows), kTable, LoaderOptions::evaluation(16)};
  Model<Regressor> model{1};
  Trainer<Regressor, float, Adam<float>, L> trainer;
};

}  // namespace

TEST_CASE("regression: a network learns the rows of a table, and the trainer knows its best epoch by the loss") {
  struct Epochs : TrainingObserver {
    void on_epoch(const EpochReport& report) override { reports.push_back(report); }
    std::vector<EpochReport> reports;
  } epochs;
  Run run;
  run.trainer.add_observer(epochs);
  run.trainer.run();
  CHECK(epochs.reports.front().validation.loss > 0.05);
  const Evaluation test = run.trainer.test(run.validation).test;
  CHECK(test.loss < 0.01);
  CHECK(test.mean_absolute_error < 0.1);
  CHECK(std::isnan(test.accuracy));
  double lowest = 1e9;
  for (const EpochReport& report : epochs.reports) {
    CHECK(report.best == (report.validation.loss < lowest));
    lowest = std::min(lowest, report.validation.loss);
  }
  CHECK(test.loss == lowest);
}

TEST_CASE("regression: the same bits on any number of threads, and from a checkpoint") {
  Run one(1);
  one.trainer.run();
  Run two(2);
  two.trainer.run([&] { return two.trainer.state().optimizer.steps == 40; });
  const TensorFile checkpoint = to_checkpoint(two.trainer, "");
  CHECK(two.trainer.state().batch != 0);
  Run rest(4);
  restore_checkpoint(checkpoint, rest.trainer);
  rest.trainer.run();
  CHECK(std::ranges::equal(rest.model.parameters(), one.model.parameters()));
  CHECK(rest.trainer.best_epoch() == one.trainer.best_epoch());
}

TEST_CASE("regression: the best epoch's file claims no accuracy") {
  const TemporaryFolder folder;
  Run run;
  Checkpointer checkpointer(run.trainer, folder.path(), "");
  run.trainer.add_observer(checkpointer);
  run.trainer.run([&] { return run.trainer.state().epoch == 1; });
  const TensorFile file = read_safetensors(folder.path() / "best.safetensors");
  CHECK(file.metadata().at("epoch") == "1");
  CHECK_FALSE(file.metadata().contains("validation_accuracy"));
}

TEST_CASE("regression: the best epoch may be chosen by the mean absolute error, but not by accuracy") {
  CHECK_NOTHROW(Run<Huber>(1, BestBy::mean_absolute_error));
  CHECK_THROWS_WITH(Run(1, BestBy::accuracy),
                    "accuracy needs class labels to choose the best epoch by, got target rows");
}

TEST_CASE("regression: a loss of rows measures by them, though there are labels") {
  Dataset set("both", {1, 1, 4}, 2);
  for (Index n = 0; n < 8; ++n)
    set.append(std::vector<std::uint8_t>(4, static_cast<std::uint8_t>(20 * n)), static_cast<Label>(n % 2));
  set.set_rows(std::vector<float>(16, 0.5F), 2);
  BatchLoader<float> loader(set, all_of(set), kTable, LoaderOptions::evaluation(4));
  Model<Regressor> model;
  const auto trainer_by = [&](BestBy best_by) {
    return Trainer<Regressor, float, Adam<float>, MeanSquaredError>(model, Adam<float>(Regressor::parameter_count),
                                                                    ConstantSchedule(1e-2), loader, loader, Team(1),
                                                                    {.epochs = 1, .batch_size = 4, .best_by = best_by});
  };
  CHECK_THROWS_WITH(trainer_by(BestBy::accuracy), ContainsSubstring("accuracy needs class labels"));
  CHECK_NOTHROW(trainer_by(BestBy::mean_absolute_error));
  InferenceWorkspace<Regressor> workspace(4, Team(1));
  const Evaluation evaluation = evaluate(model, workspace, loader, MeanSquaredError{});
  CHECK(std::isnan(evaluation.accuracy));
  CHECK(evaluation.mean_absolute_error > 0);
}

TEST_CASE("regression: a loss on labels refuses a table, naming both, and a report on classes does") {
  CHECK_THROWS_WITH(Run<FlatLoss>(), ContainsSubstring("takes class labels, got target rows"));
  Run run;
  InferenceWorkspace<Regressor> workspace(16, Team(1));
  CHECK_THROWS_WITH(report_classes(run.model, workspace, run.validation, MeanSquaredError{}),
                    "a report on classes needs class labels, got target rows");
}

TEST_CASE("regression: a step allocates nothing") {
  if (allocation_count() < 0) {
    WARN("skipped: memory requests cannot be counted here");
    return;
  }
  Run run;
  TrainingStep step(run.model, Adam<float>(Regressor::parameter_count), 16, Team(2), MeanSquaredError{});
  const auto train = [&] {
    const Batch<float> batch = run.training.next();
    step(batch.images, batch.rows, 1e-3);
  };
  train();
  const long before = allocation_count();
  for (int i = 0; i < 5; ++i) train();
  CHECK(allocation_count() - before == 0);
}
