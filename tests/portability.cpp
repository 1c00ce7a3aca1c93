// The arithmetic in one small program without a test framework, built for processors of several ages and run where it
// can be: see portability.cmake. Prints what is wrong.
#include <cmath>
#include <cstddef>
#include <iostream>
#include <string_view>

#include <lamina/diagnostics/gradient_check.hpp>
#include <lamina/kernels/convolution.hpp>
#include <lamina/kernels/naive_convolution.hpp>
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
using kernels::WindowGeometry;

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

/// Forward of an algorithm in float against the naive loop in double. The limit is Winograd's, the larger one.
template <template <class, Index, Index, Index...> class Algorithm, Index Inputs, Index Outputs, Index... Kernel>
void check_convolution(std::string_view what, const kernels::Window& window, Index height, Index width) {
  using Convolution = kernels::Convolution<Algorithm<float, Inputs, Outputs, Kernel...>, float, Inputs, Outputs, 3>;
  const WindowGeometry geometry{
      window, {height, width, Inputs}, {window.positions(height), window.positions(width), Outputs}};
  constexpr Index batch = 2;
  const auto input = test::random_tensor<float>(batch, geometry.input, 1);
  const auto weights = test::random_buffer<float>(Convolution::weight_size, 2);
  Tensor<double> exact_input(batch, geometry.input);
  std::copy_n(input.data(), input.size(), exact_input.data());
  Buffer<double> exact_weights(weights.size());
  std::copy(weights.begin(), weights.end(), exact_weights.begin());
  Tensor<double> expected(batch, geometry.output);
  kernels::convolve_naive<double, Inputs, Outputs, 3>(geometry, exact_weights.data(), nullptr, exact_input.view(),
                                                      expected.view());

  const Team team(2);
  Buffer<float> scratch(Convolution::forward_scratch(geometry, team.threads()));
  Tensor<float> output(batch, geometry.output);
  Convolution::forward(geometry, {.team = team,
                                  .weights = weights.data(),
                                  .scratch = scratch.data(),
                                  .input = {.raw = input.view()},
                                  .output = output.view()});
  const auto size = static_cast<std::size_t>(output.size());
  require_below(what, largest_error<float>({expected.data(), size}, {output.data(), size}), 2e-5);
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
  using kernels::Im2colConvolution;
  using kernels::WinogradConvolution;
  check_convolution<WinogradConvolution, 32, 32>("Winograd, 32 channels", {.kernel = 3, .padding = 1}, 8, 8);
  check_convolution<WinogradConvolution, 8, 24>("Winograd, 8 and 24 channels", {.kernel = 3}, 7, 10);
  check_convolution<Im2colConvolution, 3, 32, 3>("im2col, 3 channels", {.kernel = 3, .padding = 1}, 8, 8);
  check_convolution<Im2colConvolution, 5, 13, 3>("im2col, odd channels", {.kernel = 3, .stride = 2}, 9, 7);

  const GradientCheckReport gradients = check_gradients<EveryLayer>({.values = 10});
  require_below("gradients in double", gradients.largest_error(), 1e-6);

  // Some 20 layers round in turn, and Winograd's transforms lose a digit.
  const std::vector<double> expected = results<double>();
  const std::vector<float> values = results<float>();
  require_below("a step in float", largest_error<float>(expected, values), 1e-4);
  return passed ? 0 : 1;
}
