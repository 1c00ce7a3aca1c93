#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include <lamina/io/safetensors.hpp>
#include <lamina/losses/distillation.hpp>
#include <lamina/network/measure_statistics.hpp>
#include <lamina/optimizers/sgd.hpp>
#include <lamina/schedules/one_cycle.hpp>
#include <lamina/training/checkpoint.hpp>
#include <lamina/training/weight_average.hpp>

#include "../catch.hpp"
#include "../reference/reference.hpp"
#include "allocations.hpp"
#include "tiny_network.hpp"

using namespace lamina;

namespace {

constexpr Index kEpochs = 3;
constexpr Index kBatches = 5;

/// Without batch norm and dropout, so that a large batch is the sum of small ones.
using PlainNetwork = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, LeakyReLU, GlobalAvgPool, Linear<4>>;

/// FlatLoss but that the second evaluation of one batch and those after it are infinite.
struct InfiniteLater : FlatLoss {
  using FlatLoss::operator();
  double operator()(TensorView<const float>, std::span<const Label>, const Team&) const {
    return ++*evaluations > 1 ? std::numeric_limits<double>::infinity() : 1;
  }
  std::shared_ptr<int> evaluations = std::make_shared<int>(0);
};

/// Observes the epochs of a trainer.
struct Epochs : TrainingObserver {
  void on_epoch(const EpochReport& report) override { reports.push_back(report); }
  void on_step(const StepReport& report) override { rates.push_back(report.learning_rate); }
  std::vector<EpochReport> reports;
  std::vector<double> rates;
};

LearningRate cycle(Index steps) { return LearningRate::of_steps(OneCycle(1e-2, steps)); }

/// A run of 3 epochs of 5 batches with all that recipes have.
class Run {
 public:
  using T = Trainer<TinyNetwork, float, Sgd<float>, Distillation>;

  explicit Run(const TrainerOptions& options, int threads = 1, const TensorFile* checkpoint = nullptr)
      : trainer_(model_, Sgd(model_, {.momentum = 0.9, .nesterov = true}, {no_weight_decay_on_vectors()}),
                 cycle(kEpochs * ((kBatches + options.micro_batches - 1) / options.micro_batches)), training_,
                 validation_, Team(threads), options) {
    trainer_.set_teacher(make_teacher("the model of seed 9", Model<TinyNetwork>(9), 8, Team(threads)));
    trainer_.add_observer(epochs_);
    if (checkpoint != nullptr) restore_checkpoint(*checkpoint, trainer_);
  }

  /// Runs until so many batches are done, and returns the checkpoint of that place.
  [[nodiscard]] TensorFile until(Index batches) {
    const auto done = [&] { return trainer_.state().epoch * kBatches + trainer_.state().batch >= batches; };
    if (!done()) trainer_.run(done);
    TensorFile file = to_checkpoint(trainer_, "tiny");
    file.metadata()["seconds"] = "0";
    return file;
  }
  [[nodiscard]] T& trainer() { return trainer_; }
  [[nodiscard]] const Epochs& epochs() const { return epochs_; }
  [[nodiscard]] BatchLoader<float>& validation() { return validation_; }

 private:
  Dataset images_ = brightness_dataset(8 * kBatches - 3);
  Dataset others_ = brightness_dataset(20, 1);
  BatchLoader<float> training_{
      images_, all_of(images_), kBrightnessNormalization, {.batch_size = 8, .seed = 1, .mixup = 0.4, .cutout = 4}};
  BatchLoader<float> validation_{others_, all_of(others_), kBrightnessNormalization, LoaderOptions::evaluation(8)};
  Model<TinyNetwork> model_{2};
  Epochs epochs_;
  T trainer_;
};

TrainerOptions options_with(const WeightAveraging& averaging, Index micro_batches = 2) {
  return {.epochs = kEpochs, .batch_size = 8, .seed = 3, .micro_batches = micro_batches, .averaging = averaging};
}

WeightAveraging averaging(int kind) {
  return kind == 0 ? WeightAveraging{} : kind == 1 ? WeightAveraging::exponential(0.8) : WeightAveraging::stochastic(2);
}

TensorFile through_bytes(const TensorFile& file) { return parse_safetensors("checkpoint", to_safetensors(file)); }

}  // namespace

TEST_CASE("recipes: a run with all of them, interrupted after any batch, ends with the same bytes on other threads") {
  const TrainerOptions options = options_with(averaging(GENERATE(0, 1, 2)));
  const std::string whole = to_safetensors(Run(options).until(kEpochs * kBatches));
  for (Index batches = 1; batches < kEpochs * kBatches; batches += 1) {
    CAPTURE(batches);
    const TensorFile checkpoint = through_bytes(Run(options, 2).until(batches));
    REQUIRE(to_safetensors(Run(options, 3, &checkpoint).until(kEpochs * kBatches)) == whole);
  }
}

TEST_CASE("recipes: each changes the run, and a run without it refuses its checkpoint") {
  const TensorFile plain = through_bytes(Run(options_with({}, 1)).until(kBatches));
  const auto check = [&](const TrainerOptions& options) {
    Run other(options);
    CHECK_THROWS_WITH(restore_checkpoint(plain, other.trainer()),
                      ContainsSubstring("the state is of a run with the ") && ContainsSubstring("this one has"));
    CHECK(to_safetensors(other.until(kBatches)) != to_safetensors(plain));
  };
  check(options_with({}, 2));
  check(options_with(averaging(1), 1));
  check(options_with(averaging(2), 1));
}

TEST_CASE("accumulation: the gradient of several batches is that of one large batch") {
  const Dataset images = brightness_dataset(24);
  BatchLoader<double> loader(images, all_of(images), kBrightnessNormalization, LoaderOptions::evaluation(24));
  const Batch<double> batch = loader.next();
  const Targets<double> targets = batch.targets();
  Model<PlainNetwork, double> one;
  Model<PlainNetwork, double> parts;
  TrainingStep whole(one, Sgd(one), 24, Team(1));
  TrainingStep step(parts, Sgd(parts), 24, Team(2), SoftmaxCrossEntropy{}, {.micro_batches = 3});
  whole(batch.images, targets, 0.5);
  Index first = 0;
  for (const Index size : {4, 12, 8}) {
    step.gather(batch.images.samples(first, size),
                {.labels = targets.labels.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(size))});
    first += size;
  }
  CHECK_THROWS_WITH(step.gather(batch.images, targets), "a step takes 3 batches: update() is due");
  step.update(0.5);
  CHECK(step.optimizer().steps() == 1);
  CHECK_THROWS_WITH(step.update(0.5), "a step needs a batch: gather() one before update()");
  double largest = 0;
  for (std::size_t i = 0; i < one.parameters().size(); ++i) {
    // Sums of some thousand products of values below 10, in another order.
    CHECK(parts.gradients()[i] == Approx(one.gradients()[i]).epsilon(1e-11).margin(1e-13));
    CHECK(parts.parameters()[i] == Approx(one.parameters()[i]).epsilon(1e-11).margin(1e-13));
    largest = std::max(largest, std::abs(one.gradients()[i]));
  }
  CHECK(largest > 1e-2);
}

TEST_CASE("accumulation: dropout draws anew in each batch of a step") {
  const Dataset images = brightness_dataset(16);
  BatchLoader<float> loader(images, all_of(images), kBrightnessNormalization, LoaderOptions::evaluation(16));
  const Batch<float> batch = loader.next();
  Model<TinyNetwork> model;
  TrainingStep step(model, Sgd(model), 16, Team(1), SoftmaxCrossEntropy{}, {.micro_batches = 2});
  const double first = step.gather(batch.images, batch.targets()).loss;
  CHECK(step.gather(batch.images, batch.targets()).loss != first);
}

TEST_CASE("averages: follow PyTorch's AveragedModel") {
  using Net = Sequential<Image<1, 1, 3>, Linear<2>>;
  const auto file = test::reference("recipes.json")["averages"];
  const auto check = [&](const std::string& name, const WeightAveraging& of) {
    Model<Net, double> model;
    WeightAverage<Net, double> average(of, model);
    for (std::size_t t = 0; t < file["values"].size(); ++t) {
      std::ranges::copy(test::numbers<double>(file["values"][t]), model.parameters().begin());
      average.add(model, Team(2));
      const auto expected = test::numbers<double>(file["traces"][name][t]);
      for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(average.model().parameters()[i] == Approx(expected[i]).epsilon(1e-13).margin(1e-14));
    }
  };
  check("exponential", WeightAveraging::exponential(0.9));
  check("stochastic", WeightAveraging::stochastic(1));
}

TEST_CASE("averages: batch norm measured again follows PyTorch's update_bn") {
  using Net = Sequential<Image<2, 2, 3>, BatchNorm>;
  const auto file = test::reference("recipes.json")["statistics"];
  Model<Net, double> model;
  for (double& value : model.statistics()) value = 7;
  TrainingWorkspace<Net, double> workspace(4, Team(2));
  StatisticsMeasurement measurement(model);
  for (const auto& values : file["batches"]) {
    Tensor<double> images(4, {2, 2, 3});
    std::ranges::copy(test::numbers<double>(values), images.data());
    measurement.add(model, workspace, images.view());
  }
  measurement.finish(model);
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(model.statistics()[c] == Approx(file["mean"][c].get<double>()).epsilon(1e-12));
    CHECK(model.statistics()[3 + c] == Approx(file["variance"][c].get<double>()).epsilon(1e-12));
  }
}

TEST_CASE("averages: batch norm with the momentum 0 keeps its statistics") {
  using Net = Sequential<Image<2, 2, 3>, BasicBatchNorm<BatchNormOptions{.momentum = 0}>>;
  Model<Net, double> model;
  for (double& value : model.statistics()) value = 7;
  TrainingWorkspace<Net, double> workspace(4, Team(1));
  const Tensor<double> images(4, {2, 2, 3});
  StatisticsMeasurement measurement(model);
  CHECK_FALSE(measurement.needed());
  measurement.add(model, workspace, images.view());
  measurement.finish(model);
  for (const double value : model.statistics()) CHECK(value == 7);
}

TEST_CASE("averages: are measured beside the weights, and remembered as the best") {
  const int kind = GENERATE(1, 2);
  Run run(options_with(averaging(kind)));
  static_cast<void>(run.until(kEpochs * kBatches));
  const auto& reports = run.epochs().reports;
  CHECK(reports[0].averaged.has_value() == (kind == 1));
  REQUIRE(reports[2].averaged);
  CHECK(reports[2].averaged->loss != reports[2].validation.loss);
  REQUIRE(run.trainer().average() != nullptr);
  InferenceWorkspace<TinyNetwork> workspace(8, Team(1));
  CHECK(evaluate(*run.trainer().average(), workspace, run.validation(), Distillation{}).loss ==
        reports[2].averaged->loss);
  const EpochReport& best = reports[static_cast<std::size_t>(run.trainer().best_epoch()) - 1];
  CHECK(run.trainer().test(run.validation()).test.loss == best.averaged.value_or(best.validation).loss);
  CHECK(Run(options_with({})).trainer().average() == nullptr);
}

TEST_CASE("averages: an infinite loss of theirs ends the training, naming them") {
  const Dataset images = brightness_dataset(8);
  BatchLoader<float> loader(images, all_of(images), kBrightnessNormalization, LoaderOptions::evaluation(8));
  Model<TinyNetwork> model;
  Trainer<TinyNetwork, float, Sgd<float>, InfiniteLater> trainer(
      model, Sgd(model), [](Index) { return 1e-3; }, loader, loader, Team(1),
      {.epochs = 2, .batch_size = 8, .averaging = averaging(1)});
  CHECK_THROWS_WITH(
      trainer.run(),
      ContainsSubstring("validation of the averaged weights after step 1 (epoch 1): the loss is not finite"));
}

TEST_CASE("mixup: a trainer refuses it where the loss reads labels alone") {
  const Dataset images = brightness_dataset(8);
  BatchLoader<float> mixed(images, all_of(images), kBrightnessNormalization, {.batch_size = 8, .mixup = 0.4});
  BatchLoader<float> plain(images, all_of(images), kBrightnessNormalization, LoaderOptions::evaluation(8));
  Model<TinyNetwork> model;
  const auto train_on = [&](BatchLoader<float>& training) {
    return Trainer<TinyNetwork, float, Sgd<float>, FlatLoss>(model, Sgd(model), [](Index) { return 1e-3; }, training,
                                                             plain, Team(1), {.epochs = 1, .batch_size = 8});
  };
  CHECK_NOTHROW(train_on(plain));
  CHECK_THROWS_WITH(train_on(mixed), ContainsSubstring("mixup needs a loss that reads target rows"));
}

TEST_CASE("schedules by step: each step of a run has its rate, and batches of one step the same") {
  Run run(options_with({}, 2));
  static_cast<void>(run.until(kEpochs * kBatches));
  const OneCycle expected(1e-2, 9);
  REQUIRE(run.epochs().rates.size() == 15);
  for (std::size_t i = 0; i < 15; ++i) {
    const auto epoch = static_cast<Index>(i) / 5;
    const auto batch = static_cast<Index>(i) % 5;
    CHECK(run.epochs().rates[i] == Approx(expected(3 * epoch + batch / 2)).epsilon(1e-14));
  }
}

TEST_CASE("recipes: steps of several batches with an average allocate nothing") {
  if (allocation_count() < 0) {
    WARN("skipped: memory requests cannot be counted here");
    return;
  }
  const Dataset images = brightness_dataset(16);
  BatchLoader<float> loader(images, all_of(images), kBrightnessNormalization,
                            {.batch_size = 8, .mixup = 0.4, .cutout = 4});
  Model<TinyNetwork> model;
  const Team team(2);
  TrainingStep step(model, Sgd(model, {.momentum = 0.9}, {no_weight_decay_on_vectors()}), 8, team, Distillation{},
                    {.micro_batches = 2});
  const Teacher<float> teacher = make_teacher("one", Model<TinyNetwork>(1), 8, team);
  WeightAverage average(WeightAveraging::exponential(0.9), model);
  const auto train = [&] {
    for (int i = 0; i < 2; ++i) {
      const Batch<float> batch = loader.next();
      Targets<float> targets = batch.targets();
      targets.teacher = teacher(batch.images);
      step.gather(batch.images, targets);
    }
    step.update(1e-3);
    average.add(model, team);
  };
  train();
  const long before = allocation_count();
  for (int i = 0; i < 5; ++i) train();
  CHECK(allocation_count() - before == 0);
}

TEST_CASE("recipes: what cannot work is refused") {
  CHECK_THROWS_WITH(WeightAveraging::exponential(1), "the decay of the moving average must be in [0, 1), got 1");
  CHECK_THROWS_WITH(WeightAveraging::stochastic(0),
                    "the first epoch of stochastic weight averaging must be positive, got 0");
  Model<TinyNetwork> model;
  CHECK_THROWS_WITH(TrainingStep(model, Sgd(model), 8, Team(1), SoftmaxCrossEntropy{}, {.micro_batches = 0}),
                    "the number of batches in a step must be positive, got 0");
  CHECK_THROWS_WITH(
      TrainingStep(model, Sgd(model), 8, Team(1), SoftmaxCrossEntropy{}, {.micro_batches = kMaxMicroBatches + 1}),
      "the number of batches in a step must be at most 1048576, got 1048577");
  TrainingStep step(model, Sgd(model), 8, Team(1), SoftmaxCrossEntropy{}, {.micro_batches = 4});
  const std::vector<float> sum(static_cast<std::size_t>(TinyNetwork::parameter_count));
  CHECK_THROWS_WITH(step.restore({.batches = 2, .samples = 1, .sum = sum}),
                    "a step that has gathered 2 batches cannot have gathered 1 samples");
  CHECK_THROWS_WITH(step.restore({.batches = 0, .samples = 3}),
                    "a step that has gathered 0 batches cannot have gathered 3 samples");
  CHECK_NOTHROW(step.restore({.batches = 2, .samples = 2, .sum = sum}));
  Run run(options_with({}));
  CHECK_THROWS_WITH(run.trainer().set_teacher(make_teacher("another", Model<TinyNetwork>(1), 8, Team(1))),
                    "there is a teacher already: the model of seed 9");
}
