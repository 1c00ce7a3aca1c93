#include <lamina/lamina.hpp>

using namespace lamina;
using Network = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, BatchNorm, LeakyReLU, GlobalAvgPool, Linear<10>>;

/// Uses what main() uses too: a function that is not inline would be defined twice.
Index outputs_in_second_unit() {
  const Model<Network> model(2);
  InferenceWorkspace<Network> workspace(1, Team(1));
  const Tensor<float> image(1, Network::input_shape);
  return model.infer(workspace, image.view()).size();
}
