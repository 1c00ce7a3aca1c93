// Batches that are not the network's end in an error that names both sides, and leave the parameters as they were.

#include <algorithm>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/data/arrays.hpp>
#include <lamina/data/loader.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/losses/binary_cross_entropy.hpp>
#include <lamina/losses/distillation.hpp>
#include <lamina/network/sequential.hpp>
#include <lamina/schedules/constant_schedule.hpp>
#include <lamina/training/class_report.hpp>
#include <lamina/training/evaluate.hpp>
#include <lamina/training/trainer.hpp>

#include "../catch.hpp"
#include "../reference/formula.hpp"

using namespace lamina;

namespace {

using Net = Sequential<Image<2, 2, 3>, GlobalAvgPool, Linear<4>>;

/// Four images of a shape, with these labels.
Dataset images_of(Shape shape, const std::vector<Label>& labels, Index classes) {
  const std::vector<float> pixels(static_cast<std::size_t>(4 * shape.size()), 0.5F);
  return make_dataset(pixels, labels, {.shape = shape, .classes = classes});
}

/// What everything that reads batches says of a set, which is the same; the model is then as before.
std::string refusal(const Dataset& images) {
  const auto channels = static_cast<std::size_t>(images.shape().channels);
  const Normalization normalization{std::vector<double>(channels), std::vector<double>(channels, 1)};
  BatchLoader<float> batches(images, all_images(images), normalization, LoaderOptions::evaluation(4));
  Model<Net> model;
  const Model<Net> before = model;
  InferenceWorkspace<Net> workspace(4, Team(1));
  Trainer trainer(model, Adam<float>(Net::parameter_count), ConstantSchedule(1e-3), batches, batches, Team(1),
                  {.epochs = 1, .batch_size = 4});
  std::vector<std::string> said;
  const auto collect = [&](const auto& read) {
    try {
      read();
      said.emplace_back("nothing");
    } catch (const ArgumentError& error) {
      said.emplace_back(error.what());
    }
  };
  collect([&] { trainer.run(); });
  collect([&] { return evaluate(model, workspace, batches); });
  collect([&] { return report_classes(model, workspace, batches); });
  CHECK(std::ranges::equal(model.parameters(), before.parameters()));
  CHECK(std::ranges::all_of(said, [&](const std::string& each) { return each == said.front(); }));
  return said.front();
}

}  // namespace

TEST_CASE("bad batches: images of another shape are refused with both shapes") {
  CHECK(refusal(images_of({2, 2, 1}, {0, 1, 2, 3}, 4)) == "the network takes images of 2x2x3, got 2x2x1");
  CHECK(refusal(images_of({2, 3, 3}, {0, 1, 2, 3}, 4)) == "the network takes images of 2x2x3, got 2x3x3");
}

TEST_CASE("bad batches: a label for which the network has no output is refused with its range") {
  CHECK_THAT(refusal(images_of({2, 2, 3}, {0, 1, 4, 3}, 5)),
             ContainsSubstring("the label of sample 2 must be in 0 ... 3 (4 ") && ContainsSubstring("got 4"));
}

namespace {

using Normed = Sequential<Image<2, 2, 3>, Conv2d<4, 1>, BatchNorm, GlobalAvgPool, Linear<4>>;

Tensor<float> rows_of(std::initializer_list<float> row) {
  Tensor<float> rows(4, Normed::output_shape);
  for (Index n = 0; n < 4; ++n) std::ranges::copy(row, rows.view().sample(n));
  return rows;
}

/// Checks that a step refuses a batch with these targets and leaves the model as it was.
template <class L>
void check_refused(const L& loss, const Targets<float>& targets, const std::string& reason) {
  const Tensor<float> images = test::make_tensor<float>(4, Normed::input_shape, test::images);
  Model<Normed> model;
  const Model<Normed> before = model;
  TrainingStep step(model, Adam<float>(Normed::parameter_count), 4, Team(1), loss);
  CHECK_THROWS_WITH(step(images.view(), targets, 1e-3), ContainsSubstring(reason));
  CHECK(std::ranges::equal(model.parameters(), before.parameters()));
  CHECK(std::ranges::equal(model.statistics(), before.statistics()));
}

}  // namespace

TEST_CASE("bad batches: targets that a loss refuses leave the running statistics as they were") {
  const std::vector<Label> labels{0, 1, 2, 3};
  const std::vector<Label> outside{0, 1, 4, 3};
  const std::vector<Label> ignored(4, 1);
  const Tensor<float> negative = rows_of({1.5F, -0.5F, 0, 0});
  const Tensor<float> few(3, Normed::output_shape);
  check_refused(SoftmaxCrossEntropy{}, {.labels = outside}, "sample 2 must be in 0 ... 3");
  check_refused(SoftmaxCrossEntropy{.ignored_class = 1}, {.labels = ignored}, "none counts");
  check_refused(SoftmaxCrossEntropy{.class_weights = {1, 1}}, {.labels = labels}, "expected a class weight");
  check_refused(SoftmaxCrossEntropy{}, {.rows = negative.view()}, "a negative one");
  check_refused(SoftmaxCrossEntropy{.ignored_class = 1}, {.rows = negative.view()}, "got probabilities");
  check_refused(BinaryCrossEntropyWithLogits{}, {.rows = negative.view()}, "from 0 to 1, got 1.5");
  check_refused(Distillation{}, {.labels = outside, .teacher = negative.view()}, "sample 2 must be in 0 ... 3");
  check_refused(Distillation{.temperature = 0}, {.labels = labels}, "the temperature");
  check_refused(Distillation{}, {.labels = labels, .teacher = few.view()}, "3 rows of the teacher");
}
