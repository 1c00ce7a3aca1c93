// The evidence that a training collects on the way.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <lamina/io/safetensors.hpp>
#include <lamina/schedules/constant_schedule.hpp>
#include <lamina/training/checkpoint.hpp>
#include <lamina/training/trainer.hpp>

#include "../catch.hpp"
#include "allocations.hpp"
#include "tiny_network.hpp"

using namespace lamina;

namespace {

constexpr Index kBatch = 8;
constexpr Index kBatches = 5;

struct Run {
  explicit Run(Index interval, int threads = 1, Index micro_batches = 1)
      : trainer(model, Adam<float>(TinyNetwork::parameter_count), ConstantSchedule(1e-2), training, validation,
                Team(threads),
                {.epochs = 3,
                 .batch_size = kBatch,
                 .seed = 3,
                 .micro_batches = micro_batches,
                 .evidence_interval = interval}) {}

  /// Trains for so many batches more.
  Run& train(Index batches) {
    trainer.run([&] { return --batches == 0; });
    return *this;
  }

  Dataset images = brightness_dataset(kBatch * kBatches);
  Dataset others = brightness_dataset(20, 1);
  BatchLoader<float> training{images, all_of(images), kBrightnessNormalization, {.batch_size = kBatch, .seed = 1}};
  BatchLoader<float> validation{others, all_of(others), kBrightnessNormalization, LoaderOptions::evaluation(kBatch)};
  Model<TinyNetwork> model{2};
  Trainer<TinyNetwork> trainer;
};

}  // namespace

TEST_CASE("evidence: measuring leaves the bits of the training as they are") {
  Run without(0);
  without.train(7);
  Run with(1);
  with.train(7);
  CHECK(std::ranges::equal(with.model.parameters(), without.model.parameters()));
  CHECK(std::ranges::equal(with.model.statistics(), without.model.statistics()));
  CHECK(without.trainer.evidence().signals.empty());
  CHECK(without.trainer.evidence().updates.empty());
  CHECK(without.trainer.evidence().noise.tensors.empty());
  CHECK_FALSE(without.trainer.evidence().gradient_flow.empty());
}

TEST_CASE("evidence: has the same bits on any number of threads") {
  const auto sums = [](int threads) { return Run(2, threads).train(4).trainer.state().evidence; };
  const auto expected = sums(1);
  CHECK(sums(2) == expected);
  CHECK(sums(3) == expected);
}

TEST_CASE("evidence: a run that goes on from a checkpoint within an epoch has the same") {
  const Index interval = GENERATE(1, 3);
  const Index micro_batches = GENERATE(1, 2);
  Run uninterrupted(interval, 1, micro_batches);
  uninterrupted.train(4);
  Run first(interval, 1, micro_batches);
  first.train(2);
  const TensorFile checkpoint = to_checkpoint(first.trainer, "");
  Run rest(interval, 2, micro_batches);
  restore_checkpoint(checkpoint, rest.trainer);
  CHECK(rest.trainer.state().evidence == first.trainer.state().evidence);
  rest.train(2);
  CHECK(rest.trainer.state().evidence == uninterrupted.trainer.state().evidence);
  CHECK(rest.trainer.state().losses == uninterrupted.trainer.state().losses);
}

TEST_CASE("evidence: a step in so many is measured, the first of every epoch among them") {
  const auto images = [](const Run& run) { return run.trainer.state().evidence.front(); };
  CHECK(images(Run(3).train(1)) == kBatch);
  CHECK(images(Run(3).train(3)) == kBatch);
  CHECK(images(Run(3).train(4)) == 2 * kBatch);
  CHECK(images(Run(3).train(kBatches + 1)) == kBatch);
  CHECK(images(Run(8).train(kBatches + 1)) == kBatch);
}

TEST_CASE("evidence: says where training stands and what the batches of the epoch lost") {
  Run run(1);
  run.train(kBatches + 2);
  const TrainingEvidence evidence = run.trainer.evidence();
  CHECK(evidence.epoch == 2);
  CHECK(evidence.step == 2);
  CHECK(evidence.learning_rate == 1e-2);
  CHECK(evidence.losses.size() == 2);
  CHECK(evidence.losses.front() > 0);
  CHECK(evidence.gradient_flow.size() == TinyNetwork::parameters.size());
  CHECK(evidence.updates.size() == TinyNetwork::parameters.size());
  CHECK(std::ranges::all_of(evidence.updates, [](const TensorUpdate& update) { return update.ratio > 0; }));
  CHECK(evidence.signals.front().kind == "input");
  CHECK_THROWS_WITH(Run(-1), "the interval of measured steps must not be negative, got -1");
}

TEST_CASE("evidence: observers get that of the whole epoch") {
  struct Recorder : TrainingObserver {
    void on_epoch(const EpochReport& report) override { evidence.push_back(report.evidence); }
    std::vector<TrainingEvidence> evidence;
  } recorder;
  Run run(2);
  run.trainer.add_observer(recorder);
  run.trainer.run();
  REQUIRE(recorder.evidence.size() == 3);
  for (Index epoch = 1; epoch <= 3; ++epoch) {
    const TrainingEvidence& evidence = recorder.evidence[static_cast<std::size_t>(epoch - 1)];
    CHECK(evidence.epoch == epoch);
    CHECK(evidence.step == kBatches);
    CHECK(evidence.losses.size() == kBatches);
    CHECK_FALSE(evidence.signals.empty());
  }
  CHECK(run.trainer.state().evidence.empty());
}

TEST_CASE("evidence: steps that are measured request no memory") {
  if (allocation_count() < 0) {
    WARN("skipped: requests of memory cannot be counted here");
    return;
  }
  const Index micro_batches = GENERATE(1, 2);
  Dataset images = brightness_dataset(kBatch);
  BatchLoader<float> loader(images, all_of(images), kBrightnessNormalization, LoaderOptions::evaluation(kBatch));
  const Batch<float> batch = loader.next();
  Model<TinyNetwork> model;
  TrainingStep step(model, Adam<float>(TinyNetwork::parameter_count), kBatch, Team(2), SoftmaxCrossEntropy{},
                    {.micro_batches = micro_batches, .evidence_interval = 1});
  step(batch.images, batch.labels, 1e-3);
  const long before = allocation_count();
  step(batch.images, batch.labels, 1e-3);
  step(batch.images, batch.labels, 1e-3);
  CHECK(allocation_count() == before);
}
