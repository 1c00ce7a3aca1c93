#include <lamina/layers/linear.hpp>

#include "layer_checks.hpp"

using namespace lamina;
using test::check_gradients_of;

TEST_CASE("linear: has a weight of inputs, outputs and a bias unless it is told not to") {
  using Net = Sequential<Image<1, 1, 7>, Linear<5>>;
  using Unbiased = Sequential<Image<1, 1, 7>, Linear<5, LinearOptions{.bias = false}>>;
  STATIC_REQUIRE(Net::output_shape == Shape{1, 1, 5});
  CHECK(test::names_of(Net::parameters) == std::vector<std::string_view>{"0.weight", "0.bias"});
  CHECK(test::shapes_of(Net::parameters) == std::vector<std::vector<Index>>{{7, 5}, {5}});
  CHECK(test::names_of(Unbiased::parameters) == std::vector<std::string_view>{"0.weight"});
  STATIC_REQUIRE(Net::multiply_adds == 35);
}

TEST_CASE("linear: the output is input times weight plus bias, in training and inference") {
  using Net = Sequential<Image<1, 1, 3>, Linear<2>>;
  Model<Net, double> model;
  const double parameters[] = {1, 10, 2, 20, 3, 30, 0.5, -0.5};  // weight row by row, then bias
  std::copy(std::begin(parameters), std::end(parameters), model.parameters().begin());
  Tensor<double> x(2, Net::input_shape);
  const double values[] = {1, 1, 1, 3, -1, 2};
  std::copy(std::begin(values), std::end(values), x.data());
  TrainingWorkspace<Net, double> training(2, Team(2));
  InferenceWorkspace<Net, double> inference(2, Team(2));
  const std::vector<double> expected{6.5, 59.5, 7.5, 69.5};
  CHECK(test::values_of(model.forward(training, x.view())) == expected);
  CHECK(test::values_of(model.infer(inference, x.view())) == expected);
}

TEST_CASE("linear: gradients are right for outputs that fill vectors and outputs that do not") {
  check_gradients_of<Sequential<Image<1, 1, 7>, Linear<5>>>();
  check_gradients_of<Sequential<Image<1, 1, 16>, Linear<8, LinearOptions{.bias = false}>>>();
  check_gradients_of<Sequential<Image<1, 1, 1>, Linear<1>>>();
  check_gradients_of<Sequential<Image<1, 1, 32>, Linear<100>>>({.batch = 40, .threads = 3});
}
