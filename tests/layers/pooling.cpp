#include <lamina/layers/pooling.hpp>

#include "layer_checks.hpp"

using namespace lamina;
using test::check_gradients_of;

TEST_CASE("pooling: divides each side by the window") {
  STATIC_REQUIRE(AvgPool<2>::output({8, 6, 5}) == Shape{4, 3, 5});
  STATIC_REQUIRE(MaxPool<3>::output({9, 3, 5}) == Shape{3, 1, 5});
  STATIC_REQUIRE(GlobalAvgPool::output({9, 3, 5}) == Shape{1, 1, 5});
  STATIC_REQUIRE(Sequential<Image<8, 6, 5>, AvgPool<2>>::parameter_count == 0);
  SUCCEED();
}

TEST_CASE("pooling: values are those of the windows, in training and inference") {
  // 1 2 5 6
  // 3 4 7 9
  Tensor<float> x(1, {2, 4, 1});
  const float values[] = {1, 2, 5, 6, 3, 4, 7, 9};
  std::copy(std::begin(values), std::end(values), x.data());
  const auto check = [&]<class Layer>(Layer, const std::vector<float>& expected) {
    using Net = Sequential<Image<2, 4, 1>, Layer>;
    CHECK(test::train_output<Net>(x) == expected);
    CHECK(test::infer_output<Net>(x) == expected);
  };
  check(AvgPool<2>{}, {2.5, 6.75});
  check(MaxPool<2>{}, {4, 9});
  check(GlobalAvgPool{}, {37.0F / 8});
}

TEST_CASE("average pool: gradients are right") {
  check_gradients_of<Sequential<Image<4, 6, 3>, AvgPool<2>>>();
  check_gradients_of<Sequential<Image<6, 3, 9>, AvgPool<3>>>();
}

TEST_CASE("max pool: gradients are right") {
  check_gradients_of<Sequential<Image<4, 6, 3>, MaxPool<2>>>();
  check_gradients_of<Sequential<Image<6, 3, 9>, MaxPool<3>>>();
}

TEST_CASE("global average pool: gradients are right") {
  check_gradients_of<Sequential<Image<4, 6, 3>, GlobalAvgPool>>();
  check_gradients_of<Sequential<Image<3, 3, 9>, GlobalAvgPool>>();
}
