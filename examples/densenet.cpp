/// Two networks that are more than a chain, in a page: a small DenseNet, whose layers read all that was made before
/// them, and a network of depthwise separable convolutions. Both learn the classes of painted images.
#include <iostream>
#include <vector>

#include <lamina/lamina.hpp>

using namespace lamina;

/// A small DenseNet (Huang, Liu, van der Maaten and Weinberger 2017). In a block each layer adds eight channels to
/// those that it reads. Nothing is copied: all lie in one tensor.
using SmallDenseNet = Sequential<Image<32, 32, 3>, NormedConv<16, 3, 2>,  //
                                 DenseBlock<3, 8>, DenseTransition<>,     // 16 + 3 * 8 = 40 channels, then 20
                                 DenseBlock<3, 8>, BatchNorm, ReLU, GlobalAvgPool, Linear<10>>;
static_assert(SmallDenseNet::shapes[2] == Shape{16, 16, 16 + 3 * 8});

/// A filter for each channel by itself, then all channels together (Howard et al. 2017), and in the end a factor for
/// each channel (Hu, Shen and Sun 2018).
template <Index Inputs, Index Outputs, Index Stride = 1>
using SeparableConv = Sequential<NormedConv<Inputs, 3, Stride, Inputs>, BatchNorm, ReLU,  //
                                 NormedConv<Outputs, 1>, BatchNorm, ReLU, SqueezeExcitation<4>>;

using SmallMobileNet = Sequential<Image<32, 32, 3>, NormedConv<16, 3, 2>, BatchNorm, ReLU,  //
                                  SeparableConv<16, 32>, SeparableConv<32, 64, 2>,          //
                                  Residual<SeparableConv<64, 64>>, GlobalAvgPool, Linear<10>>;

/// Trains on one batch of images again and again.
template <class Network>
void train(const TensorView<const float>& images, const std::vector<Label>& labels) {
  Model<Network> model;
  TrainingStep step(model, Adam<float>(Network::parameter_count), images.batch, Team{});
  for (int i = 0; i <= 20; ++i) {
    const BatchResult result = step(images, labels, 5e-3);
    if (i % 10 == 0) {
      std::cout << "step " << i << ": loss " << result.loss << ", " << *result.correct << " of " << images.batch
                << " right\n";
    }
  }
}

int main() {
  constexpr Index kBatch = 50;
  const Dataset set = procedural_cifar100({.train = 1000, .test = 1}).train;
  std::vector<Index> samples;
  for (Index n = 0; n < set.size(); ++n) {
    if (set.label(n) < 10) samples.push_back(n);
  }
  BatchLoader<float> batches(set, samples, measure_normalization(set, samples), {.batch_size = kBatch});
  const auto batch = batches.next();
  const std::vector<Label> labels(batch.labels.begin(), batch.labels.end());

  // A table of the layers: shapes, parameters and multiply-adds, and what memory training and inference take.
  std::cout << "DenseNet\n"
            << to_string(summarize<SmallDenseNet>()) << to_string(summarize_memory<SmallDenseNet>(kBatch));
  train<SmallDenseNet>(batch.images, labels);
  std::cout << "\nDepthwise separable convolutions\n" << to_string(summarize<SmallMobileNet>());
  train<SmallMobileNet>(batch.images, labels);
}
