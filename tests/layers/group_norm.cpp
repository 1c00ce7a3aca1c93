#include <lamina/layers/channel_layer_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/group_norm.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/smooth_activation.hpp>
#include <lamina/layers/softmax.hpp>
#include <lamina/network/channel_scale.hpp>
#include <lamina/network/residual.hpp>

#include "layer_checks.hpp"

using namespace lamina;

TEST_CASE("group norm and channel layer norm: have gamma and beta from 1 and 0, and no statistics") {
  using Net = Sequential<Image<3, 4, 6>, GroupNorm<2>, ChannelLayerNorm>;
  CHECK(test::names_of(Net::parameters) == std::vector<std::string_view>{"0.weight", "0.bias", "1.weight", "1.bias"});
  STATIC_REQUIRE(Net::output_shape == Net::input_shape);
  STATIC_REQUIRE(Net::statistics_count == 0);
  const Model<Net> model;
  for (std::size_t c = 0; c < 24; ++c) CHECK(model.parameters()[c] == (c / 6 % 2 == 0 ? 1 : 0));
}

TEST_CASE("group norm and channel layer norm: training and inference are the same") {
  using Net = Sequential<Image<3, 4, 6>, GroupNorm<2>, ChannelLayerNorm>;
  const auto images = test::random_images<float>(5, Net::input_shape);
  CHECK(test::train_output<Net>(images) == test::infer_output<Net>(images));
}

TEST_CASE("group norm: gradients are right") {
  test::check_gradients_of<Sequential<Image<3, 4, 6>, GroupNorm<1>>>();
  test::check_gradients_of<Sequential<Image<3, 4, 6>, GroupNorm<3>>>({.batch = 7, .threads = 2});
  test::check_gradients_of<Sequential<Image<1, 1, 6>, GroupNorm<2>>>();
  test::check_gradients_of<Sequential<Image<4, 4, 3>, Conv2d<8, 3>, GroupNorm<4>, LeakyReLU,
                                      Residual<Conv2d<8, 3>, GroupNorm<2>>, LeakyReLU, Conv2d<3, 1>>>();
}

TEST_CASE("channel layer norm: gradients are right") {
  test::check_gradients_of<Sequential<Image<3, 4, 6>, ChannelLayerNorm>>();
  test::check_gradients_of<
      Sequential<Image<4, 4, 3>, Conv2d<8, 3>, ChannelLayerNorm, LeakyReLU, Flatten, ChannelLayerNorm, Linear<3>>>();
}

TEST_CASE("group norm and channel layer norm: behind Flatten files have their parameters in PyTorch's order") {
  using Net =
      Sequential<Image<2, 3, 4>, Flatten, ChannelLayerNorm, GroupNorm<1>, Softmax, ChannelScale<Sigmoid>, Linear<5>>;
  for (std::size_t i = 0; i < 5; ++i) {
    CAPTURE(Net::parameters[i].name.view());
    CHECK(Net::parameters[i].input_order == ChannelOrder::flattened({2, 3, 4}));
  }
}
