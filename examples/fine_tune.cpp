/// Takes a network that was trained on one task, gives it a new head, and trains it on another, of which there are few
/// images.
#include <filesystem>
#include <iostream>

#include <lamina/io/model_file.hpp>  // needs nlohmann/json.hpp, which lamina.hpp does without
#include <lamina/lamina.hpp>

using namespace lamina;

template <Index Filters>
using Halving = Conv2d<Filters, 3, ConvOptions{.stride = 2, .bias = false}>;

/// The same body with a head for any number of classes.
template <Index Classes>
using Network = Sequential<Image<32, 32, 3>, Halving<16>, BatchNorm, ReLU, Halving<32>, BatchNorm, ReLU,  //
                           GlobalAvgPool, Linear<Classes>>;

/// Trains for some steps and returns the loss of the last one.
template <class Net>
double train(Model<Net>& model, const Dataset& images, int steps) {
  const std::vector<Index> samples = all_images(images);
  BatchLoader<float> batches(images, samples, measure_normalization(images, samples), {.batch_size = 50});
  TrainingStep step(model, Adam<float>(Net::parameter_count), 50, Team{});
  double loss = 0;
  for (int i = 0; i < steps; ++i) {
    const auto batch = batches.next();
    loss = step(batch.images, batch.labels, 3e-3).loss;
  }
  return loss;
}

int main(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : std::filesystem::temp_directory_path();
  const std::filesystem::path path = folder / "lamina_fine_tune.safetensors";

  // The first task, with a hundred classes and as many images as it takes.
  Model<Network<100>> first;
  train(first, procedural_cifar100({.train = 2000, .test = 1}).train, 200);
  save_model(path, first);

  // The second has twenty classes. Its network differs in the head alone, which strict loading, the default, refuses.
  // Without it all that fits is loaded, and the report lists what does not: here the head, which starts at random.
  Model<Network<20>> second;
  const LoadReport report = load_model(path, second, {.strict = false});
  std::cout << to_string(report) << "\n";

  // Beside it, the same training from random weights.
  const Dataset few = procedural_cifar100({.train = 200, .test = 1, .seed = 1}, Cifar100Labels::coarse).train;
  Model<Network<20>> untrained;
  std::cout << "loss after 40 steps: " << train(second, few, 40) << " fine-tuned, " << train(untrained, few, 40)
            << " from random weights\n";
  std::filesystem::remove(path);
}
