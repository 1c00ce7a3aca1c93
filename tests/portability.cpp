// The arithmetic in one small program without a test framework, built for processors of several ages and run where it
// can be: see portability.cmake. Prints what is wrong.
#include <cmath>
#include <cstddef>
#include <iostream>
#include <span>
#include <string_view>
#include <vector>

#include <lamina/diagnostics/gradient_check.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/dropout.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

#include "kernels/random_values.hpp"

using namespace lamina;

namespace {

bool passed = true;

void require_below(std::string_view what, double error, double limit) {
  if (error < limit) return;
  std::cerr << what << ": error " << error << ", expected less than " << limit << "\n";
  passed = false;
}

/// Largest difference, relative to the largest value; NaN becomes infinity.
template <class T>
double largest_error(std::span<const double> expected, std::span<const T> values) {
  double error = 0;
  double largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(static_cast<double>(values[i]) - expected[i]);
    error = std::max(error, std::isnan(difference) ? std::numeric_limits<double>::infinity() : difference);
    largest = std::max(largest, std::abs(expected[i]));
  }
  return error / largest;
}

/// Forward of a convolution in float against its definition in double. The limit is Winograd's, the larger one.
template <class Network, class Layer>
void check_convolution(std::string_view what) {
  using Bound = typename Layer::template Bound<Network::input_shape>;
  constexpr Index batch = 2;
  const auto images = test::random_tensor<float>(batch, Network::input_shape, 1);
  Model<Network, float> model(1);
  InferenceWorkspace<Network, float> workspace(batch, Team(2));
  const TensorView<const float> output = model.infer(workspace, images.view());

  Tensor<double> exact_images(batch, Network::input_shape);
  std::copy_n(images.data(), images.size(), exact_images.data());
  const std::vector<double> parameters(model.parameters().begin(), model.parameters().end());
  Tensor<double> expected(batch, Network::output_shape);
  const Team team(1);
  Bound::forward(Forward<double>{
      .team = team, .parameters = parameters.data(), .input = exact_images.view(), .output = expected.view()});
  const auto size = static_cast<std::size_t>(output.size());
  require_below(what, largest_error<float>({expected.data(), size}, {output.data, size}), 2e-5);
}

template <Index Height, Index Width, Index Channels, class Layer>
void check_convolution_on(std::string_view what) {
  check_convolution<Sequential<Image<Height, Width, Channels>, Layer>, Layer>(what);
}

using EveryLayer = Sequential<
    Image<8, 8, 8>, Conv2d<8, 3>, BatchNorm, LeakyReLU, Residual<Conv2d<8, 3>, BatchNorm>,
    Residual<Projection<Conv2d<5, 1, ConvOptions{.stride = 2}>>, Conv2d<5, 3, ConvOptions{.stride = 2, .bias = false}>>,
    LeakyReLU, Dropout, MaxPool<2>, AvgPool<2>, Flatten, Linear<10>>;

/// A training step's gradients and then an inference's output.
template <class T>
std::vector<T> results() {
  constexpr Index batch = 4;
  Model<EveryLayer, T> model(1);
  TrainingWorkspace<EveryLayer, T> workspace(batch, Team(2));
  const auto images = test::random_tensor<T>(batch, EveryLayer::input_shape, 1);
  const auto output_gradient = test::random_tensor<T>(batch, EveryLayer::output_shape, 2);
  model.forward(workspace, images.view());
  model.backward(workspace, images.view(), output_gradient.view());
  std::vector<T> values(model.gradients().begin(), model.gradients().end());
  InferenceWorkspace<EveryLayer, T> inference(batch, Team(2));
  const TensorView<const T> output = model.infer(inference, images.view());
  values.insert(values.end(), output.data, output.data + output.size());
  return values;
}

}  // namespace

int main() {
  check_convolution_on<8, 8, 32, Conv2d<32, 3>>("Winograd, 32 channels");
  check_convolution_on<8, 8, 48, Conv2d<12, 3>>("Winograd, 48 and 12 channels");
  check_convolution_on<8, 8, 3, Conv2d<32, 3>>("patches of 3 channels");
  check_convolution_on<9, 7, 5, Conv2d<13, 3, ConvOptions{.stride = 2}>>("odd channels");
  check_convolution_on<9, 7, 24, Conv2d<24, 3, ConvOptions{.groups = 24}>>("depthwise");

  const GradientCheckReport gradients = check_gradients<EveryLayer>({.values = 10});
  require_below("gradients in double", gradients.largest_error(), 1e-6);

  // Some 20 layers round in turn, and Winograd's transforms lose a digit.
  const std::vector<double> expected = results<double>();
  const std::vector<float> values = results<float>();
  require_below("a step in float", largest_error<float>(expected, values), 1e-4);
  return passed ? 0 : 1;
}
