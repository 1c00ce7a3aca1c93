// The whole library in one translation unit that must compile without a warning: see compilers.cmake. What is not
// instantiated is not checked, so a network that has every layer is trained for a step in float and in double.
#include <cstddef>
#include <vector>

#include <lamina/lamina.hpp>

namespace {

using namespace lamina;

using EveryLayer =
    Sequential<Image<16, 16, 3>, Conv2d<8, 3, ConvOptions{.bias = false}>, BatchNorm, LeakyReLU,
               Residual<Conv2d<8, 3>, BatchNorm, LeakyReLU, Conv2d<8, 3>, BatchNorm>, LeakyReLU,
               Residual<Projection<Conv2d<16, 1, ConvOptions{.stride = 2}>>, Conv2d<16, 3, ConvOptions{.stride = 2}>>,
               ReLU, MaxPool<2>, Sequential<Conv2d<5, 3>, Dropout>, AvgPool<2>, Flatten, Linear<12>, Linear<10>>;
using Pooled = Sequential<Image<8, 8, 3>, Conv2d<10, 1>, GlobalAvgPool>;
using Joined = Sequential<Image<8, 8, 4>, Concat<Identity, Sequential<Conv2d<8, 3>, SiLU>, Conv2d<4, 1>>, Tanh,
                          Conv2d<16, 3, ConvOptions{.groups = 16}>, GELU, Conv2d<8, 3, ConvOptions{.groups = 4}>,
                          Sigmoid, GlobalAvgPool, Linear<10>>;

template <class Network, class T>
double step() {
  const Team team(2);
  Model<Network, T> model(1);
  TrainingWorkspace<Network, T> workspace(4, team);
  const Tensor<T> images(4, Network::input_shape);
  const std::vector<Label> labels{0, 1, 2, 3};
  const TensorView<const T> logits = model.forward(workspace, images.view());
  const double loss = SoftmaxCrossEntropy{}(logits, labels, workspace.output_gradient(4), team);
  model.backward(workspace, images.view(), workspace.output_gradient(4));
  Adam<T> optimizer(static_cast<Index>(model.parameters().size()));
  optimizer.step(model.parameters(), model.gradients(), 1e-3, team);
  InferenceWorkspace<Network, T> inference(4, team);
  static_cast<void>(model.infer(inference, images.view()));
  return loss;
}

}  // namespace

int main() {
  const double sum = step<EveryLayer, float>() + step<EveryLayer, double>() + step<Pooled, float>() +
                     step<Joined, float>() + step<Joined, double>();
  return sum > 0 ? 0 : 1;
}
