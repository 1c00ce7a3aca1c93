#pragma once

#include <algorithm>
#include <limits>
#include <string>

#include <lamina/network/model.hpp>
#include <lamina/network/sequential.hpp>

#include "digest.hpp"
#include "formula.hpp"
#include "reference.hpp"

namespace lamina::test {

/// Our side of a case in make_layer_reference.py: the network that does what PyTorch's does, and the case's name.
template <class Network>
struct LayerCase {
  using type = Network;
  const char* name;
};

/// Number of terms in the longest sum that the network's passes form over a batch.
template <class Network>
[[nodiscard]] constexpr Index longest_sum(Index batch) {
  Index longest = 0;
  for (const Shape& shape : Network::shapes) longest = std::max(longest, batch * shape.pixels());
  for (const Segment& segment : Network::parameters) {
    if (segment.rank > 1)
      longest =
          std::max(longest, segment.size() / std::min(segment.dims[segment.rank - 1], segment.dims[segment.rank - 2]));
  }
  return longest;
}

/// A sum of n terms is off by at most n units of rounding of the sum of the magnitudes (Higham, "Accuracy and Stability
/// of Numerical Algorithms", 4.2), and in fact by about the root of that many. The magnitudes sum up to a few times the
/// largest result, as the terms have random signs, so n units of the largest result leave room; and each layer adds its
/// own error to what it is given.
template <class Network, class T>
[[nodiscard]] constexpr double layer_tolerance(Index batch) {
  const auto layers = std::max(Network::size, Network::parameters.size());
  return std::numeric_limits<T>::epsilon() / 2 * static_cast<double>(longest_sum<Network>(batch) * Index(layers));
}

/// Forward, backward, running statistics after a second batch, and inference, each against PyTorch's.
template <class Network, class T>
void check_layer_case(const nlohmann::json& expected, Fusion fusion) {
  const Index batch = expected["batch"];
  const auto values = expected["coarse"] ? coarse : uniform;
  const double tolerance = layer_tolerance<Network, T>(batch);
  const Tensor<T> input = make_tensor<T>(batch, Network::input_shape, Sequence::images, values);
  const Tensor<T> gradient = make_tensor<T>(batch, Network::output_shape, Sequence::output_gradient);
  Tensor<T> input_gradient(batch, Network::input_shape);

  Model<Network, T> model;
  fill_parameters<T>(Network::parameters, model.parameters());
  TrainingWorkspace<Network, T> training(batch, Team(2), fusion);
  check_digest("output", expected["output"], values_of(model.forward(training, input.view())), tolerance);
  model.backward(training, input.view(), gradient.view(), {}, input_gradient.view());
  check_digest("input gradient", expected["input_gradient"], values_of<T>(input_gradient.view()), tolerance);
  check_digests<T>(expected["parameters"], Network::parameters, model.gradients(), tolerance);

  model.forward(training, make_tensor<T>(batch, Network::input_shape, Sequence::more_images, values).view());
  check_digests<T>(expected["statistics"], Network::statistics, model.statistics(), tolerance);
  InferenceWorkspace<Network, T> inference(batch, Team(2), fusion);
  check_digest("inference", expected["inference"], values_of(model.infer(inference, input.view())), tolerance);
}

/// Checks cases of a reference file, fused and layer by layer.
template <class T, class... Networks>
void check_layer_cases(const std::string& file, LayerCase<Networks>... cases) {
  const auto expected = reference(file);
  const auto check = [&]<class Network>(LayerCase<Network> layer_case) {
    INFO(layer_case.name);
    const auto& of_case = expected.at(layer_case.name);
    check_names_and_shapes(of_case["parameters"], Network::parameters);
    check_names_and_shapes(of_case["statistics"], Network::statistics);
    check_layer_case<Network, T>(of_case, Fusion::full);
    check_layer_case<Network, T>(of_case, Fusion::none);
  };
  (check(cases), ...);
}

}  // namespace lamina::test
