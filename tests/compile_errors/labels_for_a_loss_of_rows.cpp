// expect: this loss takes target rows
// expect: and got class labels
#include <lamina/lamina.hpp>

using namespace lamina;

using Network = Sequential<Image<1, 1, 4>, Linear<2>>;

BatchResult train(TrainingStep<Network, float, Adam<float>, MeanSquaredError>& step, TensorView<const float> batch,
                  std::span<const Label> labels) {
  return step(batch, labels, 1e-3);
}
