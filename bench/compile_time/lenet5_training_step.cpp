/// What scripts/compile_time compiles: a step of training of LeNet-5, the first network that many people write.
#include <vector>

#include <lamina/lamina.hpp>

using namespace lamina;

using Network = LeNet5<Image<28, 28, 1>, 10>;

int main() {
  Model<Network> model;
  TrainingStep step(model, Adam<float>(Network::parameter_count), 64, Team{});
  const Tensor<float> images(64, Network::input_shape);
  return step(images.view(), std::vector<Label>(64), 1e-3).correct > 64 ? 1 : 0;
}
