/// Trains a network from beginning to end: data, split, batches, optimiser, schedule, and what is printed meanwhile.
#include <iostream>

#include <lamina/lamina.hpp>

using namespace lamina;

/// A convolution in front of a batch norm, which makes a bias superfluous, and halves height and width.
template <Index Filters>
using Halving = Conv2d<Filters, 3, ConvOptions{.stride = 2, .bias = false}>;

/// The last layer has an output, a logit, for each of the 20 classes. Softmax is a part of the loss.
using Network = Sequential<Image<32, 32, 3>,              //
                           Halving<16>, BatchNorm, ReLU,  //
                           Halving<32>, BatchNorm, ReLU,  //
                           GlobalAvgPool, Linear<20>>;

/// The library prints nothing. A trainer tells its observers how it goes, and this one prints a line an epoch.
struct Printer : TrainingObserver {
  void on_epoch(const EpochReport& report) override {
    std::cout << "epoch " << report.epoch << ": training loss " << report.training.loss << ", validation accuracy "
              << report.validation.accuracy << (report.best ? ", the best so far" : "") << "\n";
  }
};

int main() {
  // Painted images in the format of CIFAR-100. read_cifar100(folder), read_cifar10, read_mnist and read_image_folder
  // read images from files, and make_dataset takes those that the program has in memory already.
  const TrainTestSets images = procedural_cifar100({.train = 2000, .test = 500}, Cifar100Labels::coarse);

  // Training images change the weights, validation images choose the best epoch, and test images measure the result.
  // Mean and deviation are measured on training images alone, so that nothing is known of the others.
  const Split split = stratified_split(images.train, 0.1, 0);
  const Normalization normalization = measure_normalization(images.train, split.training);
  BatchLoader<float> training(images.train, split.training, normalization, {.batch_size = 50});
  BatchLoader<float> validation(images.train, split.validation, normalization, LoaderOptions::evaluation());

  // All that trains is in the model. The trainer refers to it, and steps it through the batches.
  constexpr Index kEpochs = 6;
  Model<Network> model;
  Trainer trainer(model, Adam<float>(Network::parameter_count), CosineAnnealing(5e-3, 1e-4, kEpochs), training,
                  validation, Team{}, {.epochs = kEpochs});
  Printer printer;
  trainer.add_observer(printer);
  trainer.run();

  // The trainer kept the model of the best epoch. Only that one sees the test images, once.
  BatchLoader<float> test(images.test, all_images(images.test), normalization, LoaderOptions::evaluation());
  const TestReport report = trainer.test(test);
  std::cout << "test accuracy " << report.test.accuracy << " with the weights of epoch " << report.best_epoch << "\n";
}
