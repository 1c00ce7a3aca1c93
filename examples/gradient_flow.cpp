/// Looks at the gradients of a deep network that does not learn, and of the same network with batch norm.
///
/// Each layer of a chain hands the gradient on to the one before it, a little smaller. In a deep chain nothing is left
/// of it where the images come in: the gradient vanishes (Hochreiter 1991; Glorot and Bengio 2010).
#include <iostream>
#include <string>

#include <lamina/lamina.hpp>

using namespace lamina;

/// Sixteen times a convolution and an activation, with or without a batch norm between them.
constexpr auto kPlain = repeat<16>(LayerList<Conv2d<8, 3>, LeakyReLU>{});
constexpr auto kNormed = repeat<16>(LayerList<Conv2d<8, 3, ConvOptions{.bias = false}>, BatchNorm, LeakyReLU>{});
constexpr auto kHead = LayerList<GlobalAvgPool, Linear<20>>{};
using Plain = NetworkOf<Image<32, 32, 3>, decltype(LayerList<AvgPool<4>>{} + kPlain + kHead)>::type;
using Normed = NetworkOf<Image<32, 32, 3>, decltype(LayerList<AvgPool<4>>{} + kNormed + kHead)>::type;

template <class Network>
void show(const std::string& name, const Dataset& images) {
  const std::vector<Index> samples = all_images(images);
  BatchLoader<float> batches(images, samples, measure_normalization(images, samples), {.batch_size = 50});
  Model<Network> model;
  TrainingStep step(model, Adam<float>(Network::parameter_count), 50, Team{});
  for (int i = 0; i < 20; ++i) {
    const auto batch = batches.next();
    step(batch.images, batch.labels, 1e-3);
  }

  // Every step measures the gradient of every tensor anyway. Here is the mean over the steps of those of the weights,
  // from the layer that reads the images to the head, and a verdict that says where the flow breaks.
  std::cout << name << "\n";
  const std::vector<TensorFlow> flow = step.gradient_flow().average();
  for (const TensorFlow& tensor : weight_tensors(flow)) {
    std::cout << "  " << tensor.name.view() << "\t" << tensor.mean_abs << "\n";
  }
  std::cout << judge(flow).text << "\n\n";
}

int main() {
  const Dataset images = procedural_cifar100({.train = 1000, .test = 1}, Cifar100Labels::coarse).train;
  show<Plain>("without batch norm", images);
  show<Normed>("with batch norm", images);
}
