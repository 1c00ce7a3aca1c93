#include <lamina/layers/batch_norm.hpp>

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
