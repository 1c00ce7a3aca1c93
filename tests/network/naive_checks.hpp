#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <lamina/network/frozen_model.hpp>
#include <lamina/network/model.hpp>
#include <lamina/network/sequential.hpp>

#include "../layers/layer_checks.hpp"
#include "naive_network.hpp"

namespace lamina::test {

/// What a training step and inference give.
template <class T>
struct Results {
  std::vector<T> output;
  std::vector<T> gradients;
  std::vector<T> statistics;
  std::vector<T> input_gradient;
  std::vector<T> inference;

  bool operator==(const Results&) const = default;
};

/// A batch, and a model off the special values 0 and 1, at which a missing factor would not show.
template <class Network, class T>
struct NaiveCase {
  static constexpr RandomPosition random{.seed = 7, .step = 3};

  Model<Network, T> model{5};
  Tensor<T> images;
  Tensor<T> output_gradient;

  explicit NaiveCase(Index batch)
      : images(random_images<T>(batch, Network::input_shape)),
        output_gradient(random_images<T>(batch, Network::output_shape, 1)) {
    RandomStream stream(3, RandomPurpose::test);
    for (T& parameter : model.parameters()) parameter += static_cast<T>(0.1 * stream.normal());
    for (T& statistic : model.statistics()) statistic += static_cast<T>(0.1 * stream.uniform(0, 1));
  }

  [[nodiscard]] Results<T> naive() const {
    NaiveNetwork<T> network(model.parameters(), model.statistics());
    Results<T> results;
    results.output = values_of<T>(network.template forward<Network>(images.view(), true, random).view());
    network.backward(output_gradient.view());
    results.gradients = network.gradients();
    results.statistics = network.statistics();
    results.input_gradient = values_of<T>(network.input_gradient().view());
    results.inference = values_of<T>(network.template forward<Network>(images.view(), false).view());
    return results;
  }

  /// By the engine, in memory that holds NaN before.
  /// @param room  samples that the workspaces are made for
  [[nodiscard]] Results<T> engine(Fusion fusion, Index room, int threads, bool input_wanted = true) const {
    Model<Network, T> used = model;
    TrainingWorkspace<Network, T> training(room, Team(threads), fusion);
    InferenceWorkspace<Network, T> inference(room, Team(threads), fusion);
    std::fill_n(training.memory(), training.layout().size, std::numeric_limits<T>::quiet_NaN());
    std::fill_n(inference.memory(), inference.layout().size, std::numeric_limits<T>::quiet_NaN());
    Tensor<T> input_gradient(images.batch(), Network::input_shape);
    Results<T> results;
    results.output = values_of<T>(used.forward(training, images.view(), random));
    used.backward(training, images.view(), output_gradient.view(), random,
                  input_wanted ? input_gradient.view() : TensorView<T>{});
    results.gradients.assign(used.gradients().begin(), used.gradients().end());
    results.statistics.assign(used.statistics().begin(), used.statistics().end());
    if (input_wanted) results.input_gradient = values_of<T>(std::as_const(input_gradient).view());
    results.inference = values_of<T>(used.infer(inference, images.view()));
    return results;
  }

  /// Inference of the frozen model, with the statistics that a training step leaves.
  [[nodiscard]] std::vector<T> frozen(const std::vector<T>& statistics, Index room, int threads) const {
    Model<Network, T> used = model;
    std::copy(statistics.begin(), statistics.end(), used.statistics().begin());
    const FrozenModel<Network, T> frozen(used);
    FrozenWorkspace<Network, T> workspace(room, Team(threads));
    return values_of<T>(frozen.infer(workspace, images.view()));
  }
};

/// Largest difference, relative to the largest of the expected values. Infinite where anything is no number.
template <class T>
[[nodiscard]] double relative_difference(const std::vector<T>& values, const std::vector<T>& expected) {
  if (values.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  double difference = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    largest = std::max<double>(largest, std::abs(expected[i]));
    const double each = std::abs(static_cast<double>(values[i]) - static_cast<double>(expected[i]));
    difference = std::isfinite(each) ? std::max(difference, each) : std::numeric_limits<double>::infinity();
  }
  return difference == 0 ? 0 : difference / largest;
}

/// How far apart two right computations may be. A sum of n terms is off by about the root of n units of rounding, of n
/// at most, and every operation adds its error to what it is given; n is some hundreds here. Batch norm over few pixels
/// divides by a small deviation, which makes them larger: the factor leaves room for that.
template <class T>
[[nodiscard]] double naive_tolerance(std::size_t operations) {
  return std::numeric_limits<T>::epsilon() * 64 * static_cast<double>(operations);
}

/// The engine, fused and not, agrees with the layers' own definitions; any team gives the same bits, whatever the
/// workspace has room for.
template <class Network, class T = double>
void check_against_naive(std::vector<Index> batches = {1, 3}) {
  for (const Index batch : batches) {
    const NaiveCase<Network, T> batch_case(batch);
    const Results<T> expected = batch_case.naive();
    const double tolerance = naive_tolerance<T>(engine::graph<Network>.size);
    for (const Fusion fusion : {Fusion::full, Fusion::none}) {
      INFO((fusion == Fusion::full ? "fused" : "unfused") << ", batch of " << batch);
      const Results<T> results = batch_case.engine(fusion, batch, 1);
      CHECK(relative_difference(results.output, expected.output) < tolerance);
      CHECK(relative_difference(results.gradients, expected.gradients) < tolerance);
      CHECK(relative_difference(results.statistics, expected.statistics) < tolerance);
      CHECK(relative_difference(results.input_gradient, expected.input_gradient) < tolerance);
      CHECK(relative_difference(results.inference, expected.inference) < tolerance);
      CHECK(batch_case.engine(fusion, batch + 2, 2) == results);
      CHECK(batch_case.engine(fusion, batch, 3, false).gradients == results.gradients);
    }
    INFO("frozen, batch of " << batch);
    const std::vector<T> frozen = batch_case.frozen(expected.statistics, batch, 1);
    CHECK(relative_difference(frozen, expected.inference) < tolerance);
    CHECK(batch_case.frozen(expected.statistics, batch + 2, 2) == frozen);
  }
}

}  // namespace lamina::test
