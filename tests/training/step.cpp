#include <cmath>
#include <limits>

#include <lamina/optimizers/lamb.hpp>
#include <lamina/optimizers/sgd.hpp>
#include <lamina/training/step.hpp>

#include "../catch.hpp"
#include "allocations.hpp"
#include "tiny_network.hpp"

using namespace lamina;

namespace {

constexpr Index kBatch = 16;

/// A batch of the brightness set in memory.
struct BatchInMemory {
  BatchInMemory() : images(brightness_dataset(kBatch)) {}

  Dataset images;
  BatchLoader<float> loader{images, all_of(images), kBrightnessNormalization, LoaderOptions::evaluation(kBatch)};
  Batch<float> batch = loader.next();
};

/// A loss whose gradients are as small as those of a deep plain network: their squares are subnormal.
struct FaintLoss {
  double operator()(TensorView<const float>, std::span<const Label>, TensorView<float> gradient, const Team&) const {
    std::fill_n(gradient.data, gradient.size(), 1e-21F);
    return 1;
  }
  double operator()(TensorView<const float>, std::span<const Label>, const Team&) const { return 1; }
};

/// A loss with a gradient that sends plain descent far away.
struct SteepLoss {
  double operator()(TensorView<const float>, std::span<const Label>, TensorView<float> gradient, const Team&) const {
    for (Index i = 0; i < gradient.size(); ++i) gradient.data[i] = i % 3 == 0 ? 1e6F : -2e6F;
    return 1;
  }
  double operator()(TensorView<const float>, std::span<const Label>, const Team&) const { return 1; }
};

double norm(std::span<const float> values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares);
}

/// The model after a step of plain descent at learning rate 1, and how far that moved it.
template <class L>
struct Descent {
  explicit Descent(GradientClipping clipping) : step(model, sgd, kBatch, Team(2), L{}, {.clipping = clipping}) {
    const std::vector<float> before(model.parameters().begin(), model.parameters().end());
    step(data.batch.images, data.batch.labels, 1);
    std::vector<float> change(before);
    for (std::size_t i = 0; i < change.size(); ++i) change[i] -= model.parameters()[i];
    moved = norm(change);
  }

  BatchInMemory data;
  Model<TinyNetwork> model;
  Sgd<float> sgd{TinyNetwork::parameter_count};
  TrainingStep<TinyNetwork, float, Sgd<float>, L> step;
  double moved = 0;
};

const Segment& segment_of(std::string_view name) {
  return *std::ranges::find(TinyNetwork::parameters, name, [](const Segment& s) { return s.name.view(); });
}

float& first_value(Model<TinyNetwork>& model, std::string_view name) {
  return model.parameters()[static_cast<std::size_t>(segment_of(name).offset)];
}

}  // namespace

TEST_CASE("training step: moves the parameters by the learning rate against the gradient of the loss") {
  const BatchInMemory data;
  Model<TinyNetwork> model;
  const Model<TinyNetwork> before = model;
  TrainingStep step(model, Sgd<float>(TinyNetwork::parameter_count, {.momentum = 0}), kBatch, Team(2));
  step(data.batch.images, data.batch.labels, 0.5);
  float largest = 0;
  for (std::size_t i = 0; i < model.parameters().size(); ++i) {
    // A rounding to float of the product, and one of the difference, of numbers below one.
    const float expected = before.parameters()[i] - 0.5F * model.gradients()[i];
    CHECK(model.parameters()[i] == Approx(expected).margin(1.2e-7));
    largest = std::max(largest, std::abs(model.gradients()[i]));
  }
  CHECK(largest > 1e-3F);
}

TEST_CASE("training step: repeated, it learns the batch") {
  const BatchInMemory data;
  Model<TinyNetwork> model;
  TrainingStep step(model, Adam<float>(TinyNetwork::parameter_count), kBatch, Team(2));
  const double first = step(data.batch.images, data.batch.labels, 1e-2).loss;
  for (int i = 0; i < 100; ++i) step(data.batch.images, data.batch.labels, 1e-2);
  const BatchResult last = step(data.batch.images, data.batch.labels, 1e-2);
  CHECK(last.loss < first / 2);
  CHECK(last.correct > kBatch / 2);
}

TEST_CASE("training step: dropout draws anew in each step and again the same from the same seed") {
  const BatchInMemory data;
  const auto losses = [&](std::uint64_t seed) {
    Model<TinyNetwork> model;
    TrainingStep step(model, Adam<float>(TinyNetwork::parameter_count), kBatch, Team(1), {}, {.seed = seed});
    // At a learning rate of zero nothing but dropout changes from step to step.
    const double first = step(data.batch.images, data.batch.labels, 0).loss;
    return std::pair(first, step(data.batch.images, data.batch.labels, 0).loss);
  };
  CHECK(losses(1) == losses(1));
  CHECK(losses(1).first != losses(2).first);
  CHECK(losses(1).first != losses(1).second);
}

TEST_CASE("training step: with clipping, a huge gradient moves the parameters by the limit") {
  const double unclipped = Descent<SteepLoss>(GradientClipping{}).moved;
  REQUIRE(unclipped > 1e5);
  const Descent<SteepLoss> clipped(GradientClipping(0.125));
  // Each difference of parameters below one rounds to 6e-8, of which there are some hundred with either sign.
  CHECK(clipped.moved == Approx(0.125).margin(1e-5));
  CHECK(norm(clipped.model.gradients()) == Approx(0.125).epsilon(1e-6));
}

TEST_CASE("training step: gradient flow reports the gradients before clipping") {
  const Descent<SteepLoss> free(GradientClipping{});
  const Descent<SteepLoss> clipped(GradientClipping(0.125));
  CHECK(clipped.step.gradient_flow().step_norm() == Approx(norm(free.model.gradients())).epsilon(1e-12));
  CHECK(clipped.step.gradient_flow().sums() == free.step.gradient_flow().sums());
}

TEST_CASE("training step: a limit that no gradient reaches changes no bit") {
  const Descent<SoftmaxCrossEntropy> free(GradientClipping{});
  const Descent<SoftmaxCrossEntropy> clipped(GradientClipping(free.step.gradient_flow().step_norm() + 1e-3));
  CHECK(std::ranges::equal(free.model.parameters(), clipped.model.parameters()));
  CHECK(std::ranges::equal(free.model.gradients(), clipped.model.gradients()));
}

TEST_CASE("training step: collects the gradient flow of its steps") {
  const BatchInMemory data;
  Model<TinyNetwork> model;
  TrainingStep step(model, Adam<float>(TinyNetwork::parameter_count), kBatch, Team(1));
  for (int i = 0; i < 3; ++i) step(data.batch.images, data.batch.labels, 1e-3);
  CHECK(step.gradient_flow().steps() == 3);
  CHECK(step.gradient_flow().average().front().mean_abs > 0);
}

TEST_CASE("training step: a loss that is not finite stops it, naming step and layer") {
  const BatchInMemory data;
  Model<TinyNetwork> model;
  TrainingStep step(model, Adam<float>(TinyNetwork::parameter_count), kBatch, Team(1));
  step(data.batch.images, data.batch.labels, 1e-3);
  SECTION("a parameter is to blame") {
    first_value(model, "4.weight") = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_WITH(step(data.batch.images, data.batch.labels, 1e-3),
                      ContainsSubstring("step 2: the loss is not finite, and neither is conv 4.weight"));
  }
  SECTION("an input is to blame") {
    Tensor<float> images(kBatch, TinyNetwork::input_shape);
    images[5] = std::numeric_limits<float>::infinity();
    CHECK_THROWS_WITH(step(images.view(), data.batch.labels, 1e-3),
                      ContainsSubstring("step 2: the loss is not finite, and neither is batch_norm 1.running_mean"));
  }
  SECTION("finite weights overflow") {
    for (float& value : model.parameters()) value = 1e30F;
    CHECK_THROWS_WITH(step(data.batch.images, data.batch.labels, 1e-3),
                      ContainsSubstring("step 2: the loss is not finite, and neither is batch_norm 1.running_var"));
  }
}

TEST_CASE("training step: a gradient that is not finite stops it before the parameters change") {
  const BatchInMemory data;
  Model<TinyNetwork> model;
  TrainingStep step(model, Adam<float>(TinyNetwork::parameter_count), kBatch, Team(1));
  // Outputs of the last layer stay finite, and the gradient it hands on is a sum of products that is not.
  const Segment& weight = segment_of("8.weight");
  for (Index i = 0; i < weight.size(); ++i) {
    model.parameters()[static_cast<std::size_t>(weight.offset + i)] = i % 2 == 0 ? 3e38F : -3e38F;
  }
  const std::vector<float> before(model.parameters().begin(), model.parameters().end());
  CHECK_THROWS_AS(step(data.batch.images, data.batch.labels, 1e-3), NonFiniteError);
  CHECK(std::ranges::equal(before, model.parameters()));
}

TEST_CASE("training step: the optimiser sees no subnormal numbers either") {
  const BatchInMemory data;
  Model<TinyNetwork> model;
  TrainingStep step(model, Adam<float>(TinyNetwork::parameter_count), kBatch, Team(2), FaintLoss{});
  for (int i = 0; i < 3; ++i) step(data.batch.images, data.batch.labels, 1e-3);
  for (const float value : step.optimizer().state()) CHECK((value == 0 || std::isnormal(value)));
  CHECK(std::ranges::any_of(model.gradients(), [](float gradient) { return gradient != 0; }));
}

TEST_CASE("training step: restores the caller's floating-point mode") {
  const BatchInMemory data;
  Model<TinyNetwork> model;
  TrainingStep step(model, Adam<float>(TinyNetwork::parameter_count), kBatch, Team(1));
  const volatile float smallest = std::numeric_limits<float>::min();
  step(data.batch.images, data.batch.labels, 1e-3);
  CHECK(smallest / 2 > 0);
}

TEST_CASE("training step: allocates nothing with LAMB and clipping either") {
  if (allocation_count() < 0) {
    WARN("skipped: memory requests cannot be counted here");
    return;
  }
  const BatchInMemory data;
  Model<TinyNetwork> model;
  const Lamb<float> lamb(TinyNetwork::parameters, {.weight_decay = 0.1});
  TrainingStep step(model, lamb, kBatch, Team(2), SoftmaxCrossEntropy{}, {.clipping = GradientClipping(1e-3)});
  step(data.batch.images, data.batch.labels, 1e-3);
  const long before = allocation_count();
  for (int i = 0; i < 10; ++i) step(data.batch.images, data.batch.labels, 1e-3);
  CHECK(allocation_count() - before == 0);
  CHECK(norm(model.gradients()) == Approx(1e-3).epsilon(1e-5));
}

TEST_CASE("training step: allocates nothing after the first") {
  const Dataset images = brightness_dataset(64);
  BatchLoader<float> loader(images, all_of(images), kBrightnessNormalization, {.batch_size = kBatch});
  Model<TinyNetwork> model;
  TrainingStep step(model, Adam<float>(TinyNetwork::parameter_count), kBatch, Team(2));
  const auto train = [&] {
    const Batch<float> batch = loader.next();
    step(batch.images, batch.labels, 1e-3);
  };
  if (allocation_count() < 0) {
    WARN("skipped: memory requests cannot be counted here");
    return;
  }
  train();
  const long before = allocation_count();
  for (int i = 0; i < 10; ++i) train();
  CHECK(allocation_count() - before == 0);
  const std::vector<int> memory(1000);
  CHECK(allocation_count() - before > 0);
}

TEST_CASE("training step: refuses images and labels that differ in number, whatever the loss") {
  const BatchInMemory data;
  Model<TinyNetwork> model;
  const Model<TinyNetwork> before = model;
  TrainingStep<TinyNetwork, float, Adam<float>, FaintLoss> step(model, Adam<float>(TinyNetwork::parameter_count),
                                                                kBatch, Team(1));
  CHECK_THROWS_WITH(step(data.batch.images, data.batch.labels.first(3), 1e-3),
                    "a training step got 16 images but 3 labels");
  CHECK(std::ranges::equal(model.statistics(), before.statistics()));
}
