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

TEST_CASE("pooling: with a stride of its own a side is rounded down, as in PyTorch") {
  STATIC_REQUIRE(MaxPool<3, 2, 1>::output({32, 33, 5}) == Shape{16, 17, 5});
  STATIC_REQUIRE(MaxPool<3, 2, 1>::output({112, 112, 64}) == Shape{56, 56, 64});
  STATIC_REQUIRE(AvgPool<2, 2>::output({7, 8, 5}) == Shape{3, 4, 5});
  STATIC_REQUIRE(AvgPool<3, 1, 1>::output({7, 8, 5}) == Shape{7, 8, 5});
  STATIC_REQUIRE(MaxPool<2, 3>::output({7, 8, 5}) == Shape{2, 3, 5});
  STATIC_REQUIRE(GlobalMaxPool::output({9, 3, 5}) == Shape{1, 1, 5});
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
  check(GlobalMaxPool{}, {9});
  check(MaxPool<2, 1>{}, {4, 7, 9});
  check(MaxPool<1, 2>{}, {1, 5});
  check(AvgPool<2, 2, 1>{}, {0.25, 1.75, 1.5, 0.75, 2.75, 2.25});
}

TEST_CASE("average pool: gradients are right") {
  check_gradients_of<Sequential<Image<4, 6, 3>, AvgPool<2>>>();
  check_gradients_of<Sequential<Image<6, 3, 9>, AvgPool<3>>>();
  check_gradients_of<Sequential<Image<5, 6, 3>, AvgPool<3, 2, 1>>>();
  check_gradients_of<Sequential<Image<5, 6, 9>, AvgPool<3, 1, 1>, AvgPool<2, 2>>>();
}

TEST_CASE("max pool: gradients are right") {
  check_gradients_of<Sequential<Image<4, 6, 3>, MaxPool<2>>>();
  check_gradients_of<Sequential<Image<6, 3, 9>, MaxPool<3>>>();
  check_gradients_of<Sequential<Image<5, 6, 3>, MaxPool<3, 2, 1>>>();
  check_gradients_of<Sequential<Image<5, 6, 9>, MaxPool<2, 1, 1>, MaxPool<2, 3>>>();
}

TEST_CASE("global average pool: gradients are right") {
  check_gradients_of<Sequential<Image<4, 6, 3>, GlobalAvgPool>>();
  check_gradients_of<Sequential<Image<3, 3, 9>, GlobalAvgPool>>();
}

TEST_CASE("global max pool: gradients are right") {
  check_gradients_of<Sequential<Image<4, 6, 3>, GlobalMaxPool>>();
  check_gradients_of<Sequential<Image<3, 3, 9>, GlobalMaxPool>>();
}
