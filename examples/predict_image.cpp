/// Asks a trained model what is in one image: the likeliest classes with their names and probabilities.
#include <iostream>
#include <string>
#include <vector>

#include <lamina/lamina.hpp>

using namespace lamina;

using Network = Sequential<Image<32, 32, 3>, Conv2d<16, 3, ConvOptions{.stride = 2}>, ReLU,  //
                           Conv2d<32, 3, ConvOptions{.stride = 2}>, ReLU, GlobalAvgPool, Linear<20>>;

/// What the classes of the painted images look like: four outlines in five colours.
std::vector<std::string> names_of_classes() {
  std::vector<std::string> names;
  for (const char* const outline : {"disc", "square", "diamond", "ring"}) {
    for (const char* const colour : {"red", "yellow", "green", "blue", "purple"}) {
      names.push_back(std::string(colour) + " " + outline);
    }
  }
  return names;
}

int main() {
  const TrainTestSets images = procedural_cifar100({.train = 1000, .test = 100}, Cifar100Labels::coarse);
  const std::vector<Index> samples = all_images(images.train);

  // A classifier is a model with what it takes to ask it: the normalization of the images that it was trained on, and
  // the names of its classes. Data sets that know them (CIFAR, folders of images) give them by class_names().
  Classifier<Network> classifier{.normalization = measure_normalization(images.train, samples),
                                 .class_names = names_of_classes()};
  BatchLoader<float> training(images.train, samples, classifier.normalization, {.batch_size = 50});
  TrainingStep step(classifier.model, Adam<float>(Network::parameter_count), 50, Team{});
  for (int i = 0; i < 150; ++i) {
    const auto batch = training.next();
    step(batch.images, batch.labels, 5e-3);
  }

  // The image goes in as it is, in bytes; the classifier normalises it. One from a PNG or JPEG file comes from
  // read_image(path, {32, 32, 3}), and one whose channels lie beside each other in memory from to_planar().
  for (const Index n : {2, 37, 64}) {
    const Prediction prediction = predict(classifier, images.test.image(n), 3);
    std::cout << classifier.class_names[static_cast<std::size_t>(images.test.label(n))] << ":";
    for (const ClassProbability& each : prediction.top) std::cout << "  " << each.name << " " << each.probability;
    std::cout << (prediction.best().label == images.test.label(n) ? "  right\n" : "  wrong\n");
  }
}
