#pragma once

#include <string_view>
#include <vector>

#include <lamina/core/random.hpp>
#include <lamina/diagnostics/gradient_check.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/sequential.hpp>

#include "../catch.hpp"

namespace lamina::test {

/// The gradients of all parameters and the input are the derivatives of the output, in both ways of running a network,
/// and none is zero.
///
/// Differences of outputs y of about one with a step h of 1e-5 are wrong by h^2 / 6 y''' = 2e-11 y''', and batch norm
/// over few values is the most curved layer, with third derivatives of some hundreds: 1e-8. The check itself takes off
/// rounding. A derivative is of about one, or some hundredths where it is a mean.
template <class Network>
void check_gradients_of(GradientCheckOptions options = {}) {
  for (const Fusion fusion : {Fusion::full, Fusion::none}) {
    options.fusion = fusion;
    const GradientCheckReport report = check_gradients<Network>(options);
    INFO((fusion == Fusion::full ? "fused: " : "unfused: ") << to_string(report));
    CHECK(report.largest_error() < 1e-7);
    CHECK(report.smallest_norm() > 1e-2);
  }
}

/// Names of a network's tensors, for example Network::parameters.
template <std::size_t N>
[[nodiscard]] std::vector<std::string_view> names_of(const std::array<Segment, N>& tensors) {
  std::vector<std::string_view> names;
  for (const Segment& tensor : tensors) names.push_back(tensor.name.view());
  return names;
}

template <std::size_t N>
[[nodiscard]] std::vector<std::vector<Index>> shapes_of(const std::array<Segment, N>& tensors) {
  std::vector<std::vector<Index>> shapes;
  for (const Segment& tensor : tensors) {
    shapes.emplace_back(tensor.dims.begin(), tensor.dims.begin() + static_cast<std::ptrdiff_t>(tensor.rank));
  }
  return shapes;
}

template <class T>
[[nodiscard]] Tensor<T> random_images(Index batch, Shape shape, std::uint32_t stream = 0) {
  RandomStream random(2, RandomPurpose::test, stream);
  Tensor<T> images(batch, shape);
  for (Index i = 0; i < images.size(); ++i) images[i] = static_cast<T>(random.normal());
  return images;
}

template <class T>
[[nodiscard]] std::vector<T> values_of(TensorView<const T> view) {
  return {view.data, view.data + view.size()};
}

/// Output in training of a model that starts from seed 0.
template <class Network, class T>
[[nodiscard]] std::vector<T> train_output(const Tensor<T>& images, RandomPosition random = {},
                                          Fusion fusion = Fusion::full) {
  Model<Network, T> model;
  TrainingWorkspace<Network, T> workspace(images.batch(), Team(1), fusion);
  return values_of<T>(model.forward(workspace, images.view(), random));
}

template <class Network, class T>
[[nodiscard]] std::vector<T> infer_output(const Tensor<T>& images) {
  const Model<Network, T> model;
  InferenceWorkspace<Network, T> workspace(images.batch(), Team(1));
  return values_of<T>(model.infer(workspace, images.view()));
}

}  // namespace lamina::test
