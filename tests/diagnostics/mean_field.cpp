#include <cmath>
#include <numbers>

#include <lamina/diagnostics/layer_probe.hpp>
#include <lamina/diagnostics/mean_field.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/losses/softmax_cross_entropy.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

#include "../catch.hpp"

using namespace lamina;

namespace {

using Vector = Image<1, 1, 512>;

/// The promises of a network for inputs of mean square 1 that have nothing in common.
template <class Network>
std::vector<ValuePromise> promises() {
  const Model<Network> model(3);
  const LayerProbe<Network> probe(2, Team(1));
  return mean_field<float>(probe.program(), list_operations<Network>(), model.parameters(), ValuePromise{});
}

}  // namespace

TEST_CASE("mean field: the default uniform weights with a rectifier multiply activations by 1 / sqrt(6)") {
  using Network = Sequential<Vector, Linear<512, LinearOptions{.bias = false}>, ReLU>;
  // 512^2 weights tell their mean square to 1/400 (one deviation of it is 0.0017), and its root to half of that.
  CHECK(promises<Network>().back().rms() == Approx(1 / std::sqrt(6)).epsilon(0.004));
}

TEST_CASE("mean field: batch norm and a rectifier multiply errors by sqrt(pi / (pi - 1)) a layer") {
  // Yang et al. 2019, for large batches: the layer in the middle, whose input is a rectified norm.
  using Network = Sequential<Vector, BatchNorm, ReLU, Linear<512, LinearOptions{.bias = false}>, BatchNorm, ReLU>;
  const auto values = promises<Network>();
  const double growth = values[2].error() / values[5].error();
  CHECK(growth == Approx(std::sqrt(std::numbers::pi / (std::numbers::pi - 1))).epsilon(0.004));
}

TEST_CASE("mean field: a shortcut adds the error of the sum to that of the branch") {
  using Branch = Linear<512, LinearOptions{.bias = false}>;
  const auto values = promises<Sequential<Vector, Residual<Branch>>>();
  CHECK(values[0].error_square == Approx(1 + 1.0 / 3).epsilon(0.004));
  CHECK(values[2].mean_square == Approx(1 + 1.0 / 3).epsilon(0.004));
  const auto nested = promises<Sequential<Vector, Residual<Residual<Branch>>>>();
  CHECK(nested[0].error_square == Approx(2 + 1.0 / 3).epsilon(0.004));
}

TEST_CASE("activation moments: those of a rectifier are the closed forms") {
  const kernels::Activation<float> relu{.slope = 0};
  const ActivationMoments moments = activation_moments(relu, {.mean = 0, .variance = 2, .covariance = 1});
  const double angle = std::acos(0.5);
  const double shared = 2 * (std::sin(angle) + (std::numbers::pi - angle) * 0.5) / (2 * std::numbers::pi);
  CHECK(moments.mean_square == Approx(1).epsilon(1e-3));
  CHECK(moments.squared_derivative == Approx(0.5).epsilon(1e-6));
  CHECK(moments.mean == Approx(std::sqrt(2 / (2 * std::numbers::pi))).epsilon(2e-3));
  CHECK(moments.shared_square == Approx(shared).epsilon(2e-3));  // Cho and Saul 2009, n = 1
}
