#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <lamina/core/error.hpp>
#include <lamina/core/instruction_set.hpp>
#include <lamina/core/random.hpp>
#include <lamina/core/team.hpp>
#include <lamina/core/tensor.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/tensor_checks.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// How alike the gradients with respect to inputs are that lie beside each other. In a deep network without shortcuts
/// they come to look like white noise, whatever their norm: a step down from one input says nothing about its
/// neighbour (Balduzzi et al. 2017, "The shattered gradients problem").
struct Shattering {
  /// Mean correlation of the gradient at points of a straight line from one image to another, by their distance: of
  /// neighbours, of those two apart, and so on.
  std::vector<double> correlation{};
  double step = 0;  ///< distance of neighbours as a share of the distance of the two images
};

namespace detail {

template <class T>
[[nodiscard]] double correlation(std::span<const T> a, std::span<const T> b) {
  double aa = 0, ab = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto x = static_cast<double>(a[i]);
    const auto y = static_cast<double>(b[i]);
    aa += x * x;
    ab += x * y;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

}  // namespace detail

/// Measures it on lines of eight points between neighbouring images of a batch, for a fixed random weighting of the
/// outputs. The model's parameters stay as they are.
/// @param images  an even number of them; lines join the first and the second, the third and the fourth, and so on
/// @throws ArgumentError  fewer than two images, images that are not the network's
template <class Network, class T>
[[nodiscard]] Shattering measure_shattering(Model<Network, T> model, TensorView<const T> images, const Team& team) {
  constexpr Index points = 8;
  const Index lines = images.batch / 2;
  require(lines > 0, "shattering is measured between two images at least, got " + std::to_string(images.batch));
  check_images<Network>(images.batch, images);
  TrainingWorkspace<Network, T> workspace(lines * points, team);
  Tensor<T> inputs(lines * points, Network::input_shape);
  Tensor<T> weighting(lines * points, Network::output_shape);
  Tensor<T> gradient(lines * points, Network::input_shape);
  const Index size = Network::input_shape.size();
  for (Index i = 0; i < inputs.batch(); ++i) {
    const T share = static_cast<T>(i % points) / T{points - 1};
    const T* const from = images.sample(2 * (i / points));
    for (Index k = 0; k < size; ++k)
      inputs.view().sample(i)[k] = (1 - share) * from[k] + share * from[images.sample_stride() + k];
    RandomStream random(0, RandomPurpose::test, 3);
    for (Index k = 0; k < Network::output_shape.size(); ++k)
      weighting.view().sample(i)[k] = static_cast<T>(random.normal());
  }
  model.forward(workspace, inputs.view());
  model.backward(workspace, inputs.view(), weighting.view(), {}, gradient.view());
  Shattering result{.step = 1.0 / (points - 1)};
  const auto at = [&](Index line, Index point) {
    return std::span<const T>(gradient.view().sample(line * points + point), static_cast<std::size_t>(size));
  };
  for (Index distance = 1; distance < points; ++distance) {
    double sum = 0;
    for (Index line = 0; line < lines; ++line) {
      for (Index point = 0; point + distance < points; ++point)
        sum += detail::correlation<T>(at(line, point), at(line, point + distance));
    }
    result.correlation.push_back(sum / static_cast<double>(lines * (points - distance)));
  }
  return result;
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
