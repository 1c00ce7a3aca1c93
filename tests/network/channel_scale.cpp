#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/dropout.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/layers/smooth_activation.hpp>
#include <lamina/network/channel_scale.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/squeeze_excitation.hpp>

#include "naive_checks.hpp"
#include "own_layers.hpp"

using namespace lamina;
using test::check_against_naive;

namespace {

template <class... Layers>
using On = Sequential<Image<6, 5, 4>, Layers...>;

using Conv = Conv2d<4, 3, ConvOptions{.bias = false}>;
using Squeeze = SqueezeExcitation<2>;

}  // namespace

TEST_CASE("channel scale: multiplies each channel of a sample by its factor") {
  using Net = Sequential<Image<1, 2, 2>, ChannelScale<GlobalAvgPool>>;
  Tensor<float> x(2, {1, 2, 2});
  const float values[] = {1, 2, 3, 6, -1, 0, 3, 8};
  std::copy(std::begin(values), std::end(values), x.data());
  const std::vector<float> expected{2, 8, 6, 24, -1, 0, 3, 32};
  CHECK(test::train_output<Net>(x) == expected);
  CHECK(test::infer_output<Net>(x) == expected);
}

TEST_CASE("squeeze and excitation: its tensors are named as in PyTorch") {
  using Net = Sequential<Image<6, 5, 8>, SqueezeExcitation<4>>;
  CHECK(test::names_of(Net::parameters) ==
        std::vector<std::string_view>{"0.branch.1.weight", "0.branch.1.bias", "0.branch.3.weight", "0.branch.3.bias"});
  STATIC_REQUIRE(Net::parameter_count == 8 * 2 + 2 + 2 * 8 + 8);
}

TEST_CASE("channel scale: gradients are right") {
  test::check_gradients_of<On<ChannelScale<GlobalAvgPool>>>();
  test::check_gradients_of<On<Squeeze>>();
  test::check_gradients_of<On<Conv, BatchNorm, Residual<Conv, BatchNorm, Tanh, Squeeze>, Tanh, Conv>>({.threads = 2});
}

TEST_CASE("naive: channel scaling of values of all kinds") {
  check_against_naive<On<Conv, Squeeze, Conv>>();
  check_against_naive<On<Squeeze, BatchNorm, ReLU, Conv>>();
  check_against_naive<On<Conv, BatchNorm, Squeeze, ReLU>>();
  check_against_naive<On<Conv, BatchNorm, ReLU, Squeeze, Squeeze, Tanh, Dropout>>();
  check_against_naive<On<Conv, MaxPool<3, 1, 1>, ChannelScale<GlobalMaxPool, Linear<4>>, BatchNorm, GELU, Conv>>();
}

TEST_CASE("naive: channel scaling in residual blocks, with and without what it absorbs") {
  check_against_naive<
      On<Conv, BatchNorm, ReLU, Residual<Conv, BatchNorm, ReLU, Conv, BatchNorm, Squeeze>, ReLU, Conv>>();
  check_against_naive<On<Conv, Residual<Conv, BatchNorm, Squeeze>, SiLU, Residual<Squeeze>, Residual<Squeeze>, ReLU>>();
  check_against_naive<On<Conv, Residual<Projection<Conv, BatchNorm>, Conv, Squeeze>, ReLU, GlobalAvgPool, Linear<3>>>();
  check_against_naive<On<Residual<Projection<Squeeze>, Conv, ReLU, Squeeze>, BatchNorm>>();
}

TEST_CASE("naive: channel scaling in and around concatenations") {
  check_against_naive<
      On<Conv, Concat<Identity, Sequential<BatchNorm, ReLU, Conv, Squeeze>>, Squeeze, BatchNorm, Conv>>();
  check_against_naive<On<Concat<Squeeze, Sequential<Conv, Squeeze, ReLU>>, BatchNorm, ReLU, Squeeze, Conv>>();
  check_against_naive<On<Conv, ChannelScale<GlobalAvgPool, Concat<Linear<1>, Sequential<Linear<3>, Tanh>>>, Conv>>();
}

TEST_CASE("naive: factors that are no linear layer's, and a value that scales itself") {
  check_against_naive<On<Conv, ChannelScale<test::Exponential, GlobalAvgPool>, Conv>>();
  check_against_naive<On<Conv, ReLU, ChannelScale<Conv, Tanh, GlobalAvgPool, test::Gain>, ReLU, Conv>>();
  check_against_naive<On<GlobalAvgPool, ChannelScale<Identity>, ChannelScale<Linear<4>>, Linear<3>>>();
  check_against_naive<Sequential<Image<1, 1, 5>, ChannelScale<Identity>>>();
  check_against_naive<Sequential<Image<1, 1, 5>, ChannelScale<ReLU>, Flatten, ChannelScale<Sigmoid>>>();
}

TEST_CASE("naive: float agrees within its own rounding where channels are scaled") {
  check_against_naive<On<Conv, BatchNorm, ReLU, Residual<Conv, BatchNorm, SiLU, Conv, BatchNorm, Squeeze>, Tanh,
                         GlobalAvgPool, Linear<3>>,
                      float>();
}
