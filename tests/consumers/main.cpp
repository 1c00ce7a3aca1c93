#include <lamina/lamina.hpp>

using namespace lamina;
using Network = Sequential<Image<8, 8, 3>, Conv2d<8, 3>, BatchNorm, LeakyReLU, GlobalAvgPool, Linear<10>>;
static_assert(Network::parameter_count == 3 * 3 * 3 * 8 + 8 + 16 + 80 + 10);

int main() {
  const Model<Network> model(1);
  InferenceWorkspace<Network> workspace(1, Team(1));
  const Tensor<float> image(1, Network::input_shape);
  return model.infer(workspace, image.view()).size() == 10 ? 0 : 1;
}
