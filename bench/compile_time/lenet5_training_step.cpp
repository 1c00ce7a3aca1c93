/// What scripts/compile_time compiles: a step of training of LeNet-5, the first network that many people write.
#include <vector>

#include <lamina/lamina.hpp>

using namespace lamina;

using LeNet5 = Sequential<Image<28, 28, 1>,                                                     //
                          Conv2d<6, 5>, ReLU, MaxPool<2>,                                       //
                          Conv2d<16, 5, ConvOptions{.padding = 0}>, ReLU, MaxPool<2>, Flatten,  //
                          Linear<120>, ReLU, Linear<84>, ReLU, Linear<10>>;

int main() {
  Model<LeNet5> model;
  TrainingStep step(model, Adam<float>(LeNet5::parameter_count), 64, Team{});
  const Tensor<float> images(64, LeNet5::input_shape);
  return step(images.view(), std::vector<Label>(64), 1e-3).correct > 64 ? 1 : 0;
}
