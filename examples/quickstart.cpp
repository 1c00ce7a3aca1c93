/// A network of one's own, trained on images of noise until it knows them by heart.
#include <iostream>
#include <vector>

#include <lamina/lamina.hpp>

using namespace lamina;

// The shapes between the layers follow from the input; a layer that does not fit is a compile error.
using Network = Sequential<Image<8, 8, 3>,                                                                      //
                           Conv2d<16, 3>, BatchNorm, LeakyReLU,                                                 //
                           Residual<Conv2d<16, 3>, BatchNorm, LeakyReLU, Conv2d<16, 3>, BatchNorm>, LeakyReLU,  //
                           AvgPool<2>, GlobalAvgPool, Linear<10>>;
static_assert(Network::parameter_count == 5'354);

int main() {
  constexpr Index kBatch = 64;
  RandomStream random(1, RandomPurpose::test);
  Tensor<float> images(kBatch, Network::input_shape);
  for (Index i = 0; i < images.size(); ++i) images[i] = static_cast<float>(random.normal());
  std::vector<Label> labels(kBatch);
  for (Label& label : labels) label = static_cast<Label>(random.below(10));

  Model<Network> model;
  TrainingStep step(model, Adam<float>(Network::parameter_count), kBatch, Team{});
  for (int i = 0; i <= 100; ++i) {
    const BatchResult result = step(images.view(), labels, 3e-3);
    if (i % 20 == 0)
      std::cout << "step " << i << ": loss " << result.loss << ", " << *result.correct << " of 64 right\n";
  }
}
