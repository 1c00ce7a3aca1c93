/// Saves a model with all that it takes to use it, and loads it again.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include <lamina/io/classifier_file.hpp>  // needs nlohmann/json.hpp, which lamina.hpp does without
#include <lamina/lamina.hpp>

using namespace lamina;

using Network = Sequential<Image<32, 32, 3>, Conv2d<16, 3, ConvOptions{.stride = 2}>, BatchNorm, ReLU,  //
                           GlobalAvgPool, Linear<100>>;
using OtherNetwork = Sequential<Image<32, 32, 3>, Conv2d<24, 3, ConvOptions{.stride = 2}>, BatchNorm, ReLU,  //
                                GlobalAvgPool, Linear<100>>;

int main(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : std::filesystem::temp_directory_path();
  const std::filesystem::path path = folder / "lamina_save_load.safetensors";

  const TrainTestSets images = procedural_cifar100({.train = 200, .test = 1});
  const Classifier<Network> classifier{.model = Model<Network>(7),
                                       .normalization = measure_normalization(images.train, all_images(images.train))};

  // The file is in the safetensors format, and its tensors have the names and the order of PyTorch's state_dict. It is
  // complete or not there at all, whatever happens while it is written.
  save_classifier(path, classifier, {{"note", "of save_load.cpp"}});
  const Classifier<Network> loaded = load_classifier<Network>(path);
  const bool same = std::ranges::equal(loaded.model.parameters(), classifier.model.parameters()) &&
                    std::ranges::equal(loaded.model.statistics(), classifier.model.statistics()) &&
                    loaded.normalization == classifier.normalization;
  std::cout << path.filename().string() << (same ? ": came back to the bit\n" : ": has changed\n");
  std::cout << "class " << predict(loaded, images.test.image(0)).best().label << ", and before "
            << predict(classifier, images.test.image(0)).best().label << "\n";

  // save_model() and load_model() write and read weights alone, such as those that PyTorch wrote.
  Model<Network> weights;
  std::cout << to_string(load_model(path, weights)) << "\n";

  // A file of another network is refused, with both sides and all differences, and the model is as it was.
  Model<OtherNetwork> other;
  try {
    load_model(path, other);
  } catch (const FileError& error) {
    std::cout << error.what() << "\n";
  }
  std::filesystem::remove(path);
}
