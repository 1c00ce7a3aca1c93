#include <optional>

#include <lamina/io/safetensors.hpp>
#include <lamina/optimizers/lamb.hpp>
#include <lamina/schedules/constant_schedule.hpp>
#include <lamina/schedules/cosine_annealing.hpp>
#include <lamina/training/checkpoint.hpp>

#include "../catch.hpp"
#include "tiny_network.hpp"

using namespace lamina;

namespace {

constexpr Index kEpochs = 3;
constexpr Index kBatches = 5;

/// A training run of 3 epochs of 5 batches, with dropout, from its beginning or from a checkpoint.
class Run {
 public:
  explicit Run(int threads, const TensorFile* checkpoint = nullptr)
      : start_(checkpoint == nullptr ? BatchPosition{} : checkpoint_position(*checkpoint)),
        training_(images_, all_of(images_), kBrightnessNormalization, {.batch_size = 8, .seed = 1}, start_),
        validation_(others_, all_of(others_), kBrightnessNormalization, LoaderOptions::evaluation(8)),
        trainer_(model_, Adam<float>(TinyNetwork::parameter_count), CosineAnnealing(1e-2, 1e-4, kEpochs), training_,
                 validation_, Team(threads), {.epochs = kEpochs, .batch_size = 8, .seed = 3}) {
    if (checkpoint != nullptr) restore_checkpoint(*checkpoint, trainer_);
  }

  /// Runs until so many steps are done and epochs with them, and returns the checkpoint of that place.
  [[nodiscard]] TensorFile until(Index steps) {
    const auto done = [&] { return trainer_.state().optimizer.steps >= steps; };
    if (!done()) trainer_.run(done);
    return to_checkpoint(trainer_, "tiny");
  }
  [[nodiscard]] auto& trainer() { return trainer_; }
  [[nodiscard]] auto& training_loader() { return training_; }

 private:
  Dataset images_ = brightness_dataset(8 * kBatches - 3);
  Dataset others_ = brightness_dataset(20, 1);
  BatchPosition start_;
  BatchLoader<float> training_;
  BatchLoader<float> validation_;
  Model<TinyNetwork> model_{2};
  Trainer<TinyNetwork> trainer_;
};

/// The seconds of an epoch that is under way are the one thing that no two runs have in common.
TensorFile without_seconds(TensorFile file) {
  file.metadata()["seconds"] = "0";
  return file;
}

TensorFile through_bytes(const TensorFile& file) { return parse_safetensors("checkpoint", to_safetensors(file)); }

}  // namespace

TEST_CASE("checkpoint: a run interrupted after any step ends with the same bytes, on any number of threads") {
  const std::string uninterrupted = to_safetensors(Run(1).until(kEpochs * kBatches));
  for (Index steps = 0; steps <= kEpochs * kBatches; ++steps) {
    CAPTURE(steps);
    const TensorFile checkpoint = through_bytes(Run(2).until(steps));
    Run rest(3, &checkpoint);
    CHECK(to_safetensors(without_seconds(rest.until(steps))) == to_safetensors(without_seconds(checkpoint)));
    REQUIRE(to_safetensors(rest.until(kEpochs * kBatches)) == uninterrupted);
  }
}

TEST_CASE("checkpoint: holds the model under its names, and the best epoch's behind 'best.'") {
  Run run(1);
  const TensorFile file = run.until(kEpochs * kBatches);
  Model<TinyNetwork> model;
  read_model(file, model);
  CHECK(std::ranges::equal(model.parameters(), run.trainer().model().parameters()));
  CHECK(std::ranges::equal(model.statistics(), run.trainer().model().statistics()));
  read_model(file, model, "best.");
  CHECK(std::ranges::equal(model.parameters(), run.trainer().best_model().parameters()));
  CHECK(file.metadata().at("epoch") == "3");
  CHECK(file.metadata().at("steps") == "15");
  CHECK(file.metadata().at("best_epoch") == std::to_string(run.trainer().best_epoch()));
  CHECK(file.metadata().at("configuration") == "tiny");
}

TEST_CASE("checkpoint: what is none, or not whole, or of another version is refused") {
  const TensorFile checkpoint = through_bytes(Run(1).until(2));
  CHECK_NOTHROW(require_checkpoint(checkpoint));
  TensorFile changed = checkpoint;
  changed.metadata()["library"] = "lamina 0.0.1";
  CHECK_THROWS_WITH(require_checkpoint(changed), ContainsSubstring("checkpoint: was written by lamina 0.0.1"));
  TensorFile older = checkpoint;
  older.metadata()["kind"] = "lamina checkpoint 1";
  CHECK_THROWS_WITH(require_checkpoint(older), "checkpoint: is no checkpoint of this kind of run: lamina checkpoint 1");
  changed.metadata().erase("kind");
  CHECK_THROWS_WITH(require_checkpoint(changed), "checkpoint: is no checkpoint of a run");
  TensorFile unverified("checkpoint");
  unverified.metadata() = checkpoint.metadata();
  CHECK_THROWS_WITH(require_checkpoint(unverified), "checkpoint: is damaged: it has no checksum");
}

namespace {

/// A trainer for the checkpoints of Run whose parts may differ from those there.
template <class O = Adam<float>>
struct OtherRun {
  explicit OtherRun(O optimizer, LoaderOptions loading = {.batch_size = 8, .seed = 1}, LearningRate rate = kSchedule,
                    TrainerOptions options = kOptions, SoftmaxCrossEntropy loss = {})
      : training(images, all_of(images), kBrightnessNormalization, loading),
        trainer(model, std::move(optimizer), std::move(rate), training, validation, Team(1), options, loss) {}

  static inline const CosineAnnealing kSchedule{1e-2, 1e-4, kEpochs};
  static constexpr TrainerOptions kOptions{.epochs = kEpochs, .batch_size = 8, .seed = 3};

  Dataset images = brightness_dataset(8 * kBatches - 3);
  Dataset others = brightness_dataset(20, 1);
  BatchLoader<float> training;
  BatchLoader<float> validation{others, all_of(others), kBrightnessNormalization, LoaderOptions::evaluation(8)};
  Model<TinyNetwork> model;
  Trainer<TinyNetwork, float, O> trainer;
};

std::string refusal(const TensorFile& checkpoint, auto&& run, const RestoreOptions& options = {}) {
  try {
    restore_checkpoint(checkpoint, run.trainer, options);
    return {};
  } catch (const FileError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("checkpoint: is restored into a run of the same parts alone, and an error names both") {
  const TensorFile checkpoint = through_bytes(Run(1).until(2));
  const Adam<float> adam(TinyNetwork::parameter_count);
  using Other = OtherRun<>;
  const LoaderOptions loading{.batch_size = 8, .seed = 1};
  CHECK(refusal(checkpoint, Other(adam)).empty());
  CHECK(refusal(checkpoint, OtherRun(Lamb<float>(TinyNetwork::parameters))) ==
        "checkpoint: the state of the optimizer Adam(beta1 0.9, beta2 0.999, epsilon 1e-08, weight_decay 0) is not one "
        "of Lamb(beta1 0.9, beta2 0.999, epsilon 1e-06, weight_decay 0)");
  CHECK(refusal(checkpoint, Other(adam, loading, ConstantSchedule(1e-2))) ==
        "checkpoint: the state is of a run with the learning rate CosineAnnealing(learning_rate 0.01, minimum 1e-04, "
        "period 3), and this one has ConstantSchedule(learning_rate 0.01)");
  CHECK(refusal(checkpoint, Other(adam, loading, [](Index) { return 1e-2; })) ==
        "checkpoint: the state is of a run with the learning rate CosineAnnealing(learning_rate 0.01, minimum 1e-04, "
        "period 3), and this one has one without a description");
  const std::string other_seed = refusal(checkpoint, Other(adam, {.batch_size = 8, .seed = 2}));
  CHECK_THAT(other_seed, ContainsSubstring("of a run with the training batches BatchLoader(images 37"));
  CHECK_THAT(other_seed, ContainsSubstring("seed 1, shuffle yes") && ContainsSubstring("seed 2, shuffle yes"));
  CHECK(refusal(checkpoint, Other(adam, loading, Other::kSchedule, {.epochs = kEpochs, .batch_size = 8, .seed = 4})) ==
        "checkpoint: the state is of a run with the options TrainerOptions(seed 3, clipping GradientClipping(limit "
        "none), best_by accuracy, micro_batches 1, averaging none), and this one has TrainerOptions(seed 4, clipping "
        "GradientClipping(limit none), best_by accuracy, micro_batches 1, averaging none)");
  CHECK(refusal(checkpoint, Other(adam, loading, Other::kSchedule, Other::kOptions, {.label_smoothing = 0.5})) ==
        "checkpoint: the state is of a run with the loss SoftmaxCrossEntropy(label_smoothing 0), and this one has "
        "SoftmaxCrossEntropy(label_smoothing 0.5)");
}

TEST_CASE("checkpoint: what does not say what it is cannot be known again, and is refused") {
  const Adam<float> adam(TinyNetwork::parameter_count);
  const LoaderOptions loading{.batch_size = 8, .seed = 1};
  OtherRun lambda(adam, loading, [](Index) { return 1e-2; });
  const TensorFile of_lambda = to_checkpoint(lambda.trainer, "");
  CHECK(refusal(of_lambda, lambda) ==
        ": the learning rate of this run does not say what it is, so that nobody can tell whether the state is of one "
        "like it: give it a description()");
  CHECK(refusal(of_lambda, lambda, {.other_learning_rate = true}).empty());

  Dataset images = brightness_dataset(16);
  BatchLoader<float> training(images, all_of(images), kBrightnessNormalization, loading);
  BatchLoader<float> validation(images, all_of(images), kBrightnessNormalization, LoaderOptions::evaluation(8));
  Model<TinyNetwork> model;
  Trainer<TinyNetwork, float, Adam<float>, FlatLoss> trainer(model, adam, ConstantSchedule(1e-2), training, validation,
                                                             Team(1), {.epochs = 1, .batch_size = 8});
  CHECK_THROWS_WITH(restore_checkpoint(to_checkpoint(trainer, ""), trainer),
                    ContainsSubstring("the loss of this run does not say what it is"));
}

TEST_CASE("checkpoint: another schedule goes on where the caller says that it knows") {
  const TensorFile checkpoint = through_bytes(Run(1).until(2));
  const Adam<float> adam(TinyNetwork::parameter_count);
  OtherRun longer(adam, {.batch_size = 8, .seed = 1}, CosineAnnealing(1e-2, 1e-4, 5),
                  {.epochs = 5, .batch_size = 8, .seed = 3});
  CHECK_FALSE(refusal(checkpoint, longer).empty());
  CHECK(refusal(checkpoint, longer, {.other_learning_rate = true}).empty());
  CHECK(longer.trainer.state().optimizer.steps == 2);
}

TEST_CASE("checkpoint: a trainer that refuses one is as before") {
  const TensorFile checkpoint = through_bytes(Run(1).until(2));
  Run run(1, &checkpoint);
  const std::string before = to_safetensors(run.until(0));
  TensorFile broken = checkpoint;
  const auto [key, value, message] = GENERATE(table<std::string, std::string, std::string>({
      {"epoch", "x", "its metadata 'epoch' should be a number, found 'x'"},
      {"epoch", "4", "epoch 4, batch 2 is not one of 3 epochs of 5 batches"},
      {"batch", "5", "epoch 0, batch 5 is not one of 3 epochs of 5 batches"},
      {"steps", "-1", "the number of steps must be finite and not negative, got -1"},
  }));
  broken.metadata()[key] = value;
  CHECK_THROWS_WITH(restore_checkpoint(broken, run.trainer()), ContainsSubstring(message));
  broken.metadata().erase(key);
  CHECK_THROWS_WITH(restore_checkpoint(broken, run.trainer()), ContainsSubstring("its metadata has no '" + key + "'"));
  CHECK(to_safetensors(run.until(0)) == before);
}

TEST_CASE("trainer: trains on the batches of its position wherever its loader stands") {
  const std::string expected = to_safetensors(Run(1).until(kEpochs * kBatches));
  const TensorFile checkpoint = Run(1).until(2);
  Run resumed(1);
  restore_checkpoint(checkpoint, resumed.trainer());
  CHECK(to_safetensors(resumed.until(kEpochs * kBatches)) == expected);
  Run disturbed(1);
  for (Index steps = 0; steps < kEpochs * kBatches; steps += 4) {
    static_cast<void>(disturbed.until(steps));
    static_cast<void>(disturbed.training_loader().next());
  }
  CHECK(to_safetensors(disturbed.until(kEpochs * kBatches)) == expected);
}
