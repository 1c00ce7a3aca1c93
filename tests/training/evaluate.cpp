#include <lamina/training/class_report.hpp>
#include <lamina/training/evaluate.hpp>

#include "../catch.hpp"
#include "tiny_network.hpp"

using namespace lamina;

namespace {

Evaluation evaluate_in_batches_of(Index batch_size, const Model<TinyNetwork, double>& model, const Dataset& images) {
  BatchLoader<double> loader(images, all_of(images), kBrightnessNormalization, LoaderOptions::evaluation(batch_size));
  InferenceWorkspace<TinyNetwork, double> workspace(batch_size, Team(2));
  return evaluate(model, workspace, loader);
}

}  // namespace

TEST_CASE("evaluate: every image counts the same, also those of a smaller last batch") {
  const Dataset images = brightness_dataset(50);
  const Model<TinyNetwork, double> model(3);
  const Evaluation whole = evaluate_in_batches_of(50, model, images);
  const Evaluation parts = evaluate_in_batches_of(16, model, images);  // 16 + 16 + 16 + 2
  CHECK(parts.images == 50);
  CHECK(parts.accuracy == whole.accuracy);
  // Two orders of the same sum of 50 losses of about 1.4: some 50 roundings of 1e-16 each.
  CHECK(parts.loss == Approx(whole.loss).epsilon(1e-14));
}

TEST_CASE("evaluate: accuracy is the fraction of images whose largest output is at their label") {
  const Dataset images = brightness_dataset(40);
  Model<TinyNetwork, double> model;
  // With the weights of the last layer at zero, its biases decide: class 2 for every image, which a quarter of them is.
  constexpr std::size_t last = TinyNetwork::parameters.size();
  const auto& bias = TinyNetwork::parameters[last - 1];
  const auto& weight = TinyNetwork::parameters[last - 2];
  for (Index i = 0; i < weight.size(); ++i) model.parameters()[static_cast<std::size_t>(weight.offset + i)] = 0;
  for (Index i = 0; i < bias.size(); ++i) {
    model.parameters()[static_cast<std::size_t>(bias.offset + i)] = i == 2 ? 1 : 0;
  }
  CHECK(evaluate_in_batches_of(16, model, images).accuracy == 0.25);
}

TEST_CASE("evaluate: a batch of which no image counts adds no loss") {
  Dataset images("in order of class", {8, 8, 3}, 2);
  for (Index n = 0; n < 16; ++n)
    images.append(std::vector<std::uint8_t>(192, static_cast<std::uint8_t>(10 * n)), static_cast<Label>(n / 8));
  const auto loss_of_range = [&](Index first, Index count) {
    std::vector<Index> positions(static_cast<std::size_t>(count));
    std::iota(positions.begin(), positions.end(), first);
    BatchLoader<double> loader(images, positions, kBrightnessNormalization, LoaderOptions::evaluation(8));
    InferenceWorkspace<TinyNetwork, double> workspace(8, Team(1));
    return evaluate(Model<TinyNetwork, double>(3), workspace, loader, SoftmaxCrossEntropy{.ignored_class = 0}).loss;
  };
  REQUIRE(loss_of_range(8, 8) > 0.1);
  CHECK(loss_of_range(0, 16) == loss_of_range(8, 8) / 2);
}

TEST_CASE("evaluate: measures the same epoch after epoch and reports its progress") {
  const Dataset images = brightness_dataset(20);
  const Model<TinyNetwork> model;
  BatchLoader<float> loader(images, all_of(images), kBrightnessNormalization, LoaderOptions::evaluation(8));
  InferenceWorkspace<TinyNetwork> workspace(8, Team(1));
  std::vector<Index> done;
  const auto first = evaluate(model, workspace, loader, SoftmaxCrossEntropy{}, [&](Index n) { done.push_back(n); });
  CHECK(done == std::vector<Index>{8, 16, 20});
  CHECK(evaluate(model, workspace, loader).loss == first.loss);
}

TEST_CASE("evaluate: measures the first epoch wherever the loader stands") {
  const Dataset images = brightness_dataset(20);
  const Model<TinyNetwork> model;
  // Each epoch leaves out other images and crops anew.
  const LoaderOptions options{.batch_size = 8, .seed = 1, .drop_remainder = true};
  BatchLoader<float> loader(images, all_of(images), kBrightnessNormalization, options);
  InferenceWorkspace<TinyNetwork> workspace(8, Team(1));
  const double expected = evaluate(model, workspace, loader).loss;
  CHECK(evaluate(model, workspace, loader).loss == expected);
  static_cast<void>(loader.next());
  CHECK(evaluate(model, workspace, loader).loss == expected);
  CHECK(report_classes(model, workspace, loader).loss == expected);
}
