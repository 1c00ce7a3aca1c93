#include <vector>

#include <lamina/core/random.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/smooth_activation.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/frozen_model.hpp>
#include <lamina/network/residual.hpp>

#include "layer_checks.hpp"

using namespace lamina;

namespace {

using Net = Sequential<Image<3, 4, 5>, BatchNorm>;
constexpr Index kCount = 7 * 12;  // values of a channel in a batch of seven

/// Mean, biased variance of channel c.
struct Moments {
  double mean = 0;
  double variance = 0;
  Moments(const Tensor<double>& x, Index c) {
    for (Index i = c; i < x.size(); i += 5) mean += x[i] / kCount;
    for (Index i = c; i < x.size(); i += 5) variance += (x[i] - mean) * (x[i] - mean) / kCount;
  }
};

/// Images whose channels have different means and deviations.
Tensor<double> images() {
  auto x = test::random_images<double>(7, Net::input_shape);
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i % 5 + 1) * x[i] + static_cast<double>(i % 5);
  return x;
}

Model<Net, double> model_with_gamma_and_beta() {
  Model<Net, double> model;
  for (Index c = 0; c < 5; ++c) {
    model.parameters()[static_cast<std::size_t>(c)] = 0.5 + static_cast<double>(c);
    model.parameters()[static_cast<std::size_t>(5 + c)] = static_cast<double>(c) - 2;
  }
  return model;
}

}  // namespace

TEST_CASE("batch norm: has gamma, beta and running statistics that start at 1, 0, 0 and 1") {
  CHECK(test::names_of(Net::parameters) == std::vector<std::string_view>{"0.weight", "0.bias"});
  CHECK(test::names_of(Net::statistics) == std::vector<std::string_view>{"0.running_mean", "0.running_var"});
  STATIC_REQUIRE(Net::output_shape == Net::input_shape);
  const Model<Net> model;
  for (std::size_t c = 0; c < 5; ++c) {
    CHECK(model.parameters()[c] == 1);
    CHECK(model.parameters()[5 + c] == 0);
    CHECK(model.statistics()[c] == 0);
    CHECK(model.statistics()[5 + c] == 1);
  }
}

TEST_CASE("batch norm: training normalises by the batch's mean and biased variance") {
  const auto x = images();
  auto model = model_with_gamma_and_beta();
  TrainingWorkspace<Net, double> workspace(7, Team(2));
  const auto y = test::values_of(model.forward(workspace, x.view()));
  for (Index i = 0; i < x.size(); ++i) {
    const Index c = i % 5;
    const Moments moments(x, c);
    const double normalized = (x[i] - moments.mean) / std::sqrt(moments.variance + 1e-5);
    const double expected = (0.5 + static_cast<double>(c)) * normalized + static_cast<double>(c) - 2;
    REQUIRE(y[static_cast<std::size_t>(i)] == Approx(expected).margin(1e-12));
  }
}

TEST_CASE("batch norm: running variance is unbiased") {
  const auto x = images();
  Model<Net, double> model;
  TrainingWorkspace<Net, double> workspace(7, Team(2));
  model.forward(workspace, x.view());
  model.forward(workspace, x.view());
  for (Index c = 0; c < 5; ++c) {
    const Moments moments(x, c);
    const double unbiased = moments.variance * kCount / (kCount - 1);
    // Two steps of momentum 0.1 leave 0.81 of the start. Biased and unbiased differ by 1.2 %.
    const auto channel = static_cast<std::size_t>(c);
    CHECK(model.statistics()[channel] == Approx(0.19 * moments.mean).margin(1e-12));
    CHECK(model.statistics()[5 + channel] == Approx(0.81 + 0.19 * unbiased).epsilon(1e-12));
  }
}

TEST_CASE("batch norm: inference normalises by the running statistics and leaves them alone") {
  const auto x = images();
  auto model = model_with_gamma_and_beta();
  for (std::size_t c = 0; c < 5; ++c) {
    model.statistics()[c] = static_cast<double>(c);
    model.statistics()[5 + c] = 2 + static_cast<double>(c);
  }
  const std::vector<double> before(model.statistics().begin(), model.statistics().end());
  InferenceWorkspace<Net, double> workspace(7, Team(2));
  const auto y = test::values_of(model.infer(workspace, x.view()));
  for (Index i = 0; i < x.size(); ++i) {
    const auto c = static_cast<double>(i % 5);
    const double expected = (0.5 + c) * (x[i] - c) / std::sqrt(2 + c + 1e-5) + c - 2;
    REQUIRE(y[static_cast<std::size_t>(i)] == Approx(expected).margin(1e-12));
  }
  CHECK(std::equal(before.begin(), before.end(), model.statistics().begin()));
}

TEST_CASE("batch norm: epsilon and momentum are the layer's options") {
  using Other = Sequential<Image<1, 1, 1>, BasicBatchNorm<BatchNormOptions{.epsilon = 3, .momentum = 0.5}>>;
  Tensor<double> x(2, {1, 1, 1});
  x[0] = -1;
  x[1] = 1;  // biased variance 1, unbiased 2
  Model<Other, double> model;
  TrainingWorkspace<Other, double> workspace(2, Team(1));
  const auto y = model.forward(workspace, x.view());
  CHECK(y.data[1] == Approx(0.5));
  CHECK(model.statistics()[1] == Approx(1.5));
}

TEST_CASE("batch norm: gradients are right") {
  test::check_gradients_of<Net>({.batch = 7});
  test::check_gradients_of<Sequential<Image<2, 3, 16>, BatchNorm>>({.batch = 40, .values = 30, .threads = 3});
  test::check_gradients_of<Sequential<Image<1, 1, 3>, BatchNorm>>({.batch = 5});
}

namespace {

using Fixed = BasicBatchNorm<BatchNormOptions{.affine = false}>;
using Convolution = Conv2d<4, 3, ConvOptions{.bias = false}>;
/// Where a batch norm stands in all the ways that the engine tells apart.
template <class Norm>
using Places = Sequential<Image<4, 6, 4>, Convolution, Norm, LeakyReLU, Residual<Convolution, Norm>, LeakyReLU,
                          Residual<Projection<Convolution, Norm>, Convolution, Norm>,
                          Concat<Identity, Sequential<Norm, Tanh, Convolution>>, Norm, GELU, Norm>;

/// A model whose convolutions have the same weights whatever other tensors lie between them.
template <class Net>
Model<Net> with_weights() {
  Model<Net> model;
  RandomStream random(1, RandomPurpose::test);
  for (const Segment& tensor : Net::parameters) {
    if (tensor.rank < 4) continue;
    for (Index i = 0; i < tensor.size(); ++i) {
      model.parameters()[static_cast<std::size_t>(tensor.offset + i)] = static_cast<float>(random.normal() / 6);
    }
  }
  return model;
}

/// What a model gives in training, then as it is and frozen.
struct Outputs {
  std::vector<float> training;
  std::vector<float> statistics;
  std::vector<float> inference;
  std::vector<float> frozen;

  template <class Net>
  Outputs(Model<Net> model, const Tensor<float>& x) {
    TrainingWorkspace<Net> workspace(x.batch(), Team(2));
    training = test::values_of(model.forward(workspace, x.view()));
    statistics.assign(model.statistics().begin(), model.statistics().end());
    InferenceWorkspace<Net> plain(x.batch(), Team(2));
    inference = test::values_of(model.infer(plain, x.view()));
    FrozenWorkspace<Net> chunks(x.batch(), Team(2));
    frozen = test::values_of(FrozenModel<Net>(model).infer(chunks, x.view()));
  }
};

}  // namespace

TEST_CASE("batch norm: without gamma and beta it has running statistics and no parameters") {
  using Alone = Sequential<Image<3, 4, 5>, Fixed>;
  STATIC_REQUIRE(Alone::parameter_count == 0);
  CHECK(test::names_of(Alone::statistics) == std::vector<std::string_view>{"0.running_mean", "0.running_var"});
}

TEST_CASE("batch norm: without gamma and beta it is that with gamma 1 and beta 0, bit for bit") {
  const auto x = test::random_images<float>(5, {4, 6, 4});
  const Outputs fixed(with_weights<Places<Fixed>>(), x);
  const Outputs affine(with_weights<Places<BatchNorm>>(), x);
  CHECK(fixed.training == affine.training);
  CHECK(fixed.statistics == affine.statistics);
  CHECK(fixed.inference == affine.inference);
  CHECK(fixed.frozen == affine.frozen);
}

TEST_CASE("batch norm: without gamma and beta gradients are right") {
  test::check_gradients_of<Sequential<Image<3, 4, 5>, Fixed>>({.batch = 7});
  test::check_gradients_of<Places<Fixed>>({.threads = 2});
}
