/// Measures a model: loss and accuracy, the same class by class, and the same with the model frozen for inference.
#include <algorithm>
#include <cmath>
#include <iostream>

#include <lamina/lamina.hpp>

using namespace lamina;

using Network = Sequential<Image<32, 32, 3>,                                                                     //
                           Conv2d<16, 3, ConvOptions{.stride = 2, .bias = false}>, BatchNorm, ReLU, AvgPool<2>,  //
                           Conv2d<32, 3, ConvOptions{.bias = false}>, BatchNorm, ReLU, GlobalAvgPool, Linear<20>>;

int main() {
  const TrainTestSets images = procedural_cifar100({.train = 1000, .test = 500}, Cifar100Labels::coarse);
  const std::vector<Index> samples = all_images(images.train);
  const Normalization normalization = measure_normalization(images.train, samples);

  // A short training, so that there is something to measure.
  BatchLoader<float> training(images.train, samples, normalization, {.batch_size = 50});
  Model<Network> model;
  TrainingStep step(model, Adam<float>(Network::parameter_count), 50, Team{});
  for (int i = 0; i < 80; ++i) {
    const auto batch = training.next();
    step(batch.images, batch.labels, 5e-3);
  }

  // Evaluation takes every image once, in order and unchanged. Memory for it is made once, for batches up to a size.
  BatchLoader<float> test(images.test, all_images(images.test), normalization, LoaderOptions::evaluation(100));
  InferenceWorkspace<Network> workspace(100, Team{});
  const Evaluation evaluation = evaluate(model, workspace, test);
  std::cout << "test loss " << evaluation.loss << ", accuracy " << evaluation.accuracy << " on " << evaluation.images
            << " images\n";

  // How often the right class is among the five likeliest, and which class is recognised least often.
  const ClassReport report = report_classes(model, workspace, test);
  const auto share = [](const ClassCount& count) {
    return static_cast<double>(count.correct) / static_cast<double>(count.images);
  };
  const auto worst = std::ranges::min_element(report.classes, {}, share);
  std::cout << "top-5 accuracy " << report.top5_accuracy << "; class " << worst - report.classes.begin()
            << " is the hardest, with " << worst->correct << " of " << worst->images << " right\n";

  // A frozen model has its batch norms folded into the convolutions, and is faster. It computes the same up to
  // rounding.
  const FrozenModel<Network> frozen = freeze(model);
  FrozenWorkspace<Network> frozen_workspace(100, Team{});
  test.seek({});
  const auto batch = test.next();
  const TensorView<const float> logits = model.infer(workspace, batch.images);
  const TensorView<const float> same = frozen.infer(frozen_workspace, batch.images);
  float largest = 0;
  float difference = 0;
  for (Index i = 0; i < logits.size(); ++i) {
    largest = std::max(largest, std::abs(logits.data[i]));
    difference = std::max(difference, std::abs(logits.data[i] - same.data[i]));
  }
  std::cout << "frozen, the logits differ by " << difference / largest << " of the largest\n";
}
