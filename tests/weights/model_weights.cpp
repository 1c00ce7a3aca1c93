/// What check_weights.py compares with PyTorch:
///
///     model_weights save NETWORK FOLDER                    weights.safetensors, and run.safetensors with images and
///     the
///                                                          logits of these weights
///     model_weights load NETWORK WEIGHTS IMAGES LOGITS     logits of images, with the weights of a file
///
/// NETWORK is one of the study, or "lenet". Images are (number, row, column, channel), as Lamina has them.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <lamina/core/random.hpp>
#include <lamina/io/model_file.hpp>
#include <lamina/io/safetensors.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/smooth_activation.hpp>
#include <lamina/models/cifar_precompiled.hpp>

namespace {

using namespace lamina;

constexpr Index kImages = 4;

/// LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998), whose first linear layer reads flattened images.
using LeNet = Sequential<Image<28, 28, 1>, Conv2d<6, 5>, Tanh, AvgPool<2>, Conv2d<16, 5, ConvOptions{.padding = 0}>,
                         Tanh, AvgPool<2>, Flatten, Linear<120>, Tanh, Linear<84>, Tanh, Linear<10>>;

/// Weights and statistics that no layer starts with. Those of convolutions are larger than at the start (He et al.
/// 2015), so that images reach the logits of a deep network without batch norm.
template <class Network>
Model<Network> eventful_model() {
  Model<Network> model(1);
  RandomStream random(2, RandomPurpose::test);
  for (const Segment& segment : Network::parameters) {
    const auto values =
        model.parameters().subspan(static_cast<std::size_t>(segment.offset), static_cast<std::size_t>(segment.size()));
    for (float& value : values) {
      if (segment.kind == "conv") value *= std::sqrt(6.0F);
      if (segment.kind == "batch_norm") value += static_cast<float>(random.uniform(-0.25, 0.25));
    }
  }
  for (float& value : model.statistics()) value += static_cast<float>(random.uniform(-0.25, 0.25));
  return model;
}

Tensor<float> some_images(Shape shape) {
  Tensor<float> images(kImages, shape);
  RandomStream random(3, RandomPurpose::test);
  for (Index i = 0; i < images.size(); ++i) images[i] = static_cast<float>(random.normal());
  return images;
}

template <class T>
std::span<const T> values(TensorView<const T> view) {
  return {view.data, static_cast<std::size_t>(view.size())};
}

/// Adds the images and what the network makes of them.
template <class Network>
void add_run(TensorFile& file, const Model<Network>& model, const Tensor<float>& images) {
  const Shape shape = images.shape();
  InferenceWorkspace<Network> workspace(images.batch(), Team(2));
  const auto logits = model.infer(workspace, images.view());
  file.add("images", {images.batch(), shape.height, shape.width, shape.channels}, values<float>(images.view()));
  file.add("logits", {logits.batch, logits.shape.channels}, values<float>(logits));
}

template <class Network>
void save(std::string_view name, const std::filesystem::path& folder) {
  const Model<Network> model = eventful_model<Network>();
  save_model(folder / "weights.safetensors", model, {{"model", std::string(name)}});
  TensorFile run;
  add_run(run, model, some_images(Network::input_shape));
  write_safetensors(folder / "run.safetensors", run);
}

template <class Network>
void load(const std::filesystem::path& weights, const std::filesystem::path& images_file,
          const std::filesystem::path& logits) {
  Model<Network> model;
  load_model(weights, model);
  const Shape shape = Network::input_shape;
  Tensor<float> images(kImages, shape);
  read_safetensors(images_file)
      .read("images", {kImages, shape.height, shape.width, shape.channels},
            std::span(images.data(), static_cast<std::size_t>(images.size())));
  TensorFile run;
  add_run(run, model, images);
  write_safetensors(logits, run);
}

void run(const std::vector<std::string>& arguments) {
  const auto act = [&]<class Network>(const NamedNetwork<Network>& network) {
    if (arguments[0] == "save") {
      save<Network>(network.name, arguments.at(2));
    } else {
      load<Network>(arguments.at(2), arguments.at(3), arguments.at(4));
    }
  };
  if (arguments.at(1) == "lenet") return act(NamedNetwork<LeNet>{"lenet"});
  visit_network(kCifarNetworks, arguments.at(1), act);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
