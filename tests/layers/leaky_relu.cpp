#include <lamina/layers/leaky_relu.hpp>

#include "layer_checks.hpp"

using namespace lamina;

TEST_CASE("leaky relu: keeps the shape and has no parameters") {
  using Net = Sequential<Image<4, 5, 3>, LeakyReLU>;
  STATIC_REQUIRE(Net::output_shape == Shape{4, 5, 3});
  STATIC_REQUIRE(Net::parameter_count == 0);
  CHECK(Net::kinds.front() == "leaky_relu");
  CHECK(ReLU::kind == "relu");
}

TEST_CASE("leaky relu: values are max(x, slope x), in training and inference") {
  const auto x = test::random_images<float>(3, {4, 5, 3});
  const auto check = [&]<class Layer>(Layer, float slope) {
    using Net = Sequential<Image<4, 5, 3>, Layer>;
    const auto trained = test::train_output<Net>(x);
    for (Index i = 0; i < x.size(); ++i)
      REQUIRE(trained[static_cast<std::size_t>(i)] == (x[i] > 0 ? x[i] : slope * x[i]));
    CHECK(test::infer_output<Net>(x) == trained);
  };
  check(LeakyReLU{}, 0.01F);
  check(ReLU{}, 0.0F);
  check(BasicLeakyReLU<Slope{0.25}>{}, 0.25F);
}

TEST_CASE("leaky relu: gradients are right") {
  test::check_gradients_of<Sequential<Image<4, 5, 3>, LeakyReLU>>();
  test::check_gradients_of<Sequential<Image<4, 5, 3>, ReLU>>();
  test::check_gradients_of<Sequential<Image<4, 5, 3>, BasicLeakyReLU<Slope{0.25}>>>();
}
