#include <lamina/layers/flatten.hpp>
#include <lamina/layers/linear.hpp>

#include "layer_checks.hpp"

using namespace lamina;

TEST_CASE("flatten: lays out row, column, channel and changes no value") {
  using Net = Sequential<Image<2, 3, 4>, Flatten>;
  STATIC_REQUIRE(Net::output_shape == Shape{1, 1, 24});
  STATIC_REQUIRE(Net::parameter_count == 0);
  const auto x = test::random_images<float>(3, Net::input_shape);
  const auto values = test::values_of<float>(x.view());
  CHECK(test::train_output<Net>(x) == values);
  CHECK(test::infer_output<Net>(x) == values);
}

TEST_CASE("flatten: gradients are right") {
  test::check_gradients_of<Sequential<Image<2, 3, 4>, Flatten>>();
  test::check_gradients_of<Sequential<Image<2, 3, 4>, Flatten, Linear<5>>>();
}
