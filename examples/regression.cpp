/// Learns a function of ten numbers from a table of its values: rows of features, and of each a target.
///
/// The function is Friedman's ("Multivariate adaptive regression splines", 1991), a usual one for such tests; five of
/// the ten features have no influence:
///
///     y = 10 sin(pi x0 x1) + 20 (x2 - 1/2)^2 + 10 x3 + 5 x4,    x uniform in 0 ... 1.
#include <cmath>
#include <iostream>
#include <numbers>
#include <vector>

#include <lamina/lamina.hpp>

using namespace lamina;

/// A row of a table is an image of one pixel, whose channels are the columns.
using Network = Sequential<Image<1, 1, 10>, Linear<32>, SiLU, Linear<32>, SiLU, Linear<1>>;

/// Rows of random features with their targets.
Dataset make_table(Index rows, std::uint64_t seed) {
  RandomStream random(seed, RandomPurpose::test);
  std::vector<float> features;
  std::vector<float> targets;
  for (Index n = 0; n < rows; ++n) {
    std::vector<double> x(10);
    for (double& value : x) value = random.uniform(0, 1);
    const double y =
        10 * std::sin(std::numbers::pi * x[0] * x[1]) + 20 * (x[2] - 0.5) * (x[2] - 0.5) + 10 * x[3] + 5 * x[4];
    for (const double value : x) features.push_back(static_cast<float>(value));
    targets.push_back(static_cast<float>(y));
  }
  // The table has no classes: all rows are of class 0, and have a row of targets, here of one value.
  const std::vector<Label> labels(static_cast<std::size_t>(rows));
  Dataset table = make_dataset(features, labels, {.shape = Network::input_shape, .classes = 1, .name = "Friedman"});
  table.set_rows(std::move(targets), 1);
  return table;
}

int main() {
  const Dataset known = make_table(2000, 1);
  const Dataset unknown = make_table(500, 2);
  const Split split = stratified_split(known, 0.1, 0);

  // Each feature gets mean 0 and deviation 1. Augmentation is for images: it would move a row out of its only pixel.
  const Normalization normalization = measure_normalization(known, split.training);
  BatchLoader<float> training(known, split.training, normalization, {.batch_size = 50, .augment = false});
  BatchLoader<float> validation(known, split.validation, normalization, LoaderOptions::evaluation());
  BatchLoader<float> test(unknown, all_images(unknown), normalization, LoaderOptions::evaluation());

  // The best epoch is the one with the smallest loss, as there is no accuracy.
  constexpr Index kEpochs = 40;
  Model<Network> model;
  Trainer trainer(model, Adam<float>(Network::parameter_count), CosineAnnealing(1e-2, 1e-4, kEpochs), training,
                  validation, Team{}, {.epochs = kEpochs}, MeanSquaredError{});
  trainer.run();
  const TestReport report = trainer.test(test);
  std::cout << "mean squared error " << report.test.loss << ", mean absolute error " << report.test.mean_absolute_error
            << "\n";

  // What a guess would be worth that is the mean of the known targets, whatever the features: the variance.
  double mean = 0;
  double squares = 0;
  const auto rows = static_cast<double>(unknown.size());
  for (Index n = 0; n < known.size(); ++n)
    mean += static_cast<double>(known.row(n)[0]) / static_cast<double>(known.size());
  for (Index n = 0; n < unknown.size(); ++n)
    squares += std::pow(static_cast<double>(unknown.row(n)[0]) - mean, 2) / rows;
  std::cout << "the mean of the known targets has " << squares << "\n";
}
