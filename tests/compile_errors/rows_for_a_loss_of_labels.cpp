// expect: this loss takes class labels
// expect: and got target rows
#include <lamina/lamina.hpp>

using namespace lamina;

struct LossOfLabels {
  double operator()(TensorView<const float>, std::span<const Label>, TensorView<float>, const Team&) const { return 0; }
  double operator()(TensorView<const float>, std::span<const Label>, const Team&) const { return 0; }
};
using Network = Sequential<Image<1, 1, 4>, Linear<2>>;

BatchResult train(TrainingStep<Network, float, Adam<float>, LossOfLabels>& step, TensorView<const float> batch) {
  return step(batch, batch, 1e-3);
}
