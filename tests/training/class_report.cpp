#include <algorithm>
#include <cmath>
#include <limits>

#include <lamina/training/class_report.hpp>

#include "../catch.hpp"
#include "tiny_network.hpp"

using namespace lamina;

namespace {

/// A network without weights whose outputs are the mean of each of its seven channels.
using Means = Sequential<Image<2, 2, 7>, GlobalAvgPool>;

/// One image, whose outputs are these pixels (in 255ths).
Dataset image_of(const std::vector<std::uint8_t>& outputs, Label label) {
  Dataset images("outputs", Means::input_shape, 7);
  std::vector<std::uint8_t> pixels;
  for (const std::uint8_t value : outputs) pixels.insert(pixels.end(), 4, value);
  images.append(pixels, label);
  return images;
}

ClassReport report(const Dataset& images) {
  const std::vector<double> zeros(7, 0.0);
  const std::vector<double> ones(7, 1.0);
  BatchLoader<float> batches(images, all_of(images), {zeros, ones}, LoaderOptions::evaluation(2));
  const Model<Means> model;
  InferenceWorkspace<Means> workspace(2, Team(1));
  return report_classes(model, workspace, batches);
}

}  // namespace

TEST_CASE("class report: the label counts in the top five where fewer than five outputs come before it") {
  const std::vector<std::uint8_t> outputs{70, 60, 50, 40, 30, 20, 10};
  const Label label = GENERATE(range(Label{0}, Label{7}));
  const ClassReport result = report(image_of(outputs, label));
  CHECK(result.top1_accuracy == (label == 0 ? 1 : 0));
  CHECK(result.top5_accuracy == (label < 5 ? 1 : 0));
}

TEST_CASE("class report: of equal outputs the first comes first") {
  const std::vector<std::uint8_t> outputs(7, 50);
  CHECK(report(image_of(outputs, 0)).top1_accuracy == 1);
  CHECK(report(image_of(outputs, 1)).top1_accuracy == 0);
  CHECK(report(image_of(outputs, 4)).top5_accuracy == 1);
  CHECK(report(image_of(outputs, 5)).top5_accuracy == 0);
}

TEST_CASE("class report: loss and accuracy are those of evaluate, and classes add up to them") {
  const Dataset images = brightness_dataset(31);
  BatchLoader<float> batches(images, all_of(images), kBrightnessNormalization, LoaderOptions::evaluation(8));
  const Model<TinyNetwork> model(3);
  InferenceWorkspace<TinyNetwork> workspace(8, Team(1));
  const Evaluation evaluation = evaluate(model, workspace, batches);
  const ClassReport result = report_classes(model, workspace, batches);
  CHECK(result.loss == evaluation.loss);
  CHECK(result.top1_accuracy == evaluation.accuracy);
  CHECK(result.top5_accuracy == 1);  // there are four classes
  Index correct = 0;
  for (std::size_t c = 0; c < 4; ++c) {
    CHECK(result.classes[c].images == std::ranges::count(images.labels(), static_cast<Label>(c)));
    correct += result.classes[c].correct;
  }
  CHECK(static_cast<double>(correct) / 31 == evaluation.accuracy);
}

TEST_CASE("class report: outputs that are not a number are wrong") {
  const Dataset images = brightness_dataset(5);
  BatchLoader<float> batches(images, all_of(images), kBrightnessNormalization, LoaderOptions::evaluation(8));
  Model<TinyNetwork> model(3);
  model.parameters().front() = std::numeric_limits<float>::quiet_NaN();
  InferenceWorkspace<TinyNetwork> workspace(8, Team(1));
  const ClassReport result = report_classes(model, workspace, batches);
  CHECK(std::isnan(result.loss));
  for (const ClassCount& count : result.classes) CHECK(count.correct == 0);
}
