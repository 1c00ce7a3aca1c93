// Gradient checks of networks whose layers meet in ways that have to be told apart: what is computed in place, what is
// fused with its neighbours, where shortcuts begin and end.

#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/dropout.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/layers/smooth_activation.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/sequential.hpp>

#include "../layers/layer_checks.hpp"

using namespace lamina;
using test::check_gradients_of;

namespace {

/// Gentle enough that values behind several layers stay of about one.
using Activation = BasicLeakyReLU<Slope{0.3}>;

template <Index Channels, class... Layers>
using On = Sequential<Image<4, 6, Channels>, Layers...>;

template <Index Filters>
using Conv = Conv2d<Filters, 3, ConvOptions{.bias = false}>;

template <Index Filters>
using Strided = Conv2d<Filters, 1, ConvOptions{.stride = 2, .bias = false}>;

}  // namespace

TEST_CASE("residual: gradients are right with an identity shortcut") {
  check_gradients_of<On<3, Residual<Conv<3>>>>();
  check_gradients_of<On<3, Residual<Conv<3>, BatchNorm, Activation, Conv<3>, BatchNorm>, Activation>>();
  check_gradients_of<On<8, Conv<8>, BatchNorm, Activation, Residual<Conv<8>, Activation, Conv<8>>, Activation>>();
}

TEST_CASE("residual: gradients are right with a projection") {
  check_gradients_of<On<3, Residual<Projection<Strided<5>>, Conv2d<5, 3, ConvOptions{.stride = 2}>>>>();
  check_gradients_of<
      On<3, Conv<4>,
         Residual<Projection<Strided<5>, BatchNorm>, Conv2d<5, 3, ConvOptions{.stride = 2, .bias = false}>, BatchNorm>,
         Activation, GlobalAvgPool, Linear<3>>>();
}

TEST_CASE("residual: gradients are right where branch or projection end in an activation") {
  check_gradients_of<On<3, Residual<Conv<3>, Activation>>>();
  check_gradients_of<On<3, Conv<3>, Residual<Conv<3>, BatchNorm, Activation>, Activation, Conv<3>>>();
  check_gradients_of<On<3, Residual<Projection<Conv<5>, Activation>, Conv<5>, Activation>>>();
  check_gradients_of<On<3, Conv<3>, Residual<Projection<Conv<5>, Activation>, Conv<5>, Activation>, Activation>>();
}

TEST_CASE("residual: gradients are right where a branch begins with an activation, a norm or a pool") {
  check_gradients_of<On<3, Residual<Activation, Conv<3>>>>();
  check_gradients_of<On<3, Conv<3>, Residual<Activation, Conv<3>>, Activation>>();
  check_gradients_of<On<3, Conv<3>, Activation, Residual<Activation, Conv<3>>>>();
  check_gradients_of<On<3, Conv<3>, Residual<BatchNorm, Activation, Conv<3>>, Residual<BatchNorm, Conv<3>>>>();
  check_gradients_of<On<3, Residual<Projection<AvgPool<2>>, MaxPool<2>, Conv<3>>>>();
}

TEST_CASE("residual: gradients are right of branches of a single layer without parameters") {
  check_gradients_of<On<3, Conv<3>, Residual<Activation>>>();
  check_gradients_of<On<3, Residual<Dropout>, Conv<3>>>();
  check_gradients_of<On<3, Conv<3>, Activation, Residual<BatchNorm>, Activation>>();
}

TEST_CASE("residual: gradients are right of blocks one after the other") {
  check_gradients_of<On<3, Residual<Conv<3>>, Residual<Conv<3>>, Residual<Conv<3>>>>();
  check_gradients_of<
      On<3, Residual<Conv<3>, BatchNorm>, Activation, Residual<Conv<3>, BatchNorm>, Activation, AvgPool<2>, Conv<4>>>();
}

TEST_CASE("residual: gradients are right of blocks within blocks") {
  check_gradients_of<On<3, Residual<Residual<Conv<3>>>>>();
  check_gradients_of<On<3, Conv<3>, Residual<Residual<Conv<3>>, Activation, Conv<3>>, Activation>>();
  check_gradients_of<On<3, Conv<3>, Residual<Conv<3>, Residual<Conv<3>, Activation, Conv<3>>>, Activation>>();
  check_gradients_of<On<3, Conv<3>, Activation, Residual<Residual<Residual<Conv<3>>, Conv<3>>, Conv<3>>>>();
  check_gradients_of<On<3, Conv<3>, Residual<Projection<Conv<5>>, Residual<Conv<3>, Activation>, Conv<5>>>>();
}

TEST_CASE("sequential: gradients are right of networks within networks") {
  check_gradients_of<On<3, Sequential<Conv<3>, Activation>, Sequential<Sequential<Conv<4>>, BatchNorm>>>();
  check_gradients_of<On<3, Conv<3>, Sequential<BatchNorm, Activation>, Conv<4>>>();
  check_gradients_of<On<3, Residual<Sequential<Conv<3>, BatchNorm>, Sequential<Activation>>, Activation>>();
  check_gradients_of<On<3, Sequential<Residual<Conv<3>>, Activation>, Conv<2>>>();
}

TEST_CASE("network: gradients are right where a layer works in place behind one that needs its output") {
  check_gradients_of<On<3, Conv<3>, Activation, Dropout, Conv<3>>>();
  check_gradients_of<On<3, Conv<3>, MaxPool<2>, Flatten, Linear<4>>>();
  check_gradients_of<On<3, Conv<3>, MaxPool<2>, Activation, Conv<3>>>();
  check_gradients_of<On<3, Conv<3>, Activation, Activation, Dropout, Activation>>();
  check_gradients_of<On<3, Activation, Dropout, Flatten, Dropout, Activation>>();
}

TEST_CASE("network: gradients are right where batch norm stands without a convolution") {
  check_gradients_of<On<3, BatchNorm, Conv<3>>>();
  check_gradients_of<On<3, Conv<3>, BatchNorm, Activation, BatchNorm>>();
  check_gradients_of<
      On<3, Conv<3>, AvgPool<2>, BatchNorm, Activation, Flatten, Linear<4, LinearOptions{.bias = false}>, BatchNorm>>(
      {.batch = 6});
}

TEST_CASE("network: gradients are right of pre-activation blocks") {
  using First = Residual<Conv<3>, BatchNorm, Activation, Conv<3>>;
  using Next = Residual<BatchNorm, Activation, Conv<3>, BatchNorm, Activation, Conv<3>>;
  check_gradients_of<
      On<3, Conv<3>, BatchNorm, Activation, First, Next, Next, BatchNorm, Activation, Conv<4>, GlobalAvgPool>>();
}

TEST_CASE("network: gradients are right where batch norm without a convolution meets a shortcut") {
  check_gradients_of<On<3, Residual<BatchNorm, Conv<3>>>>();
  check_gradients_of<On<3, Residual<BatchNorm>, Activation>>();
  check_gradients_of<On<3, Conv<3>, Residual<Dropout, BatchNorm>, Activation, Conv<3>>>();
  check_gradients_of<On<3, Conv<3>, Residual<Residual<BatchNorm, Conv<3>>, BatchNorm>, Activation, Conv<3>>>();
}

TEST_CASE("network: gradients are right where a smooth activation is computed by its neighbours") {
  check_gradients_of<On<3, Conv<4>, BatchNorm, Tanh, Conv<3>, SiLU, AvgPool<2>, GELU, Conv<4>, Sigmoid>>();
  check_gradients_of<On<3, Conv<3>, Residual<Conv<3>, BatchNorm, SiLU, Conv<3>>, GELU, GlobalAvgPool, Tanh>>();
}

TEST_CASE("concatenation: gradients are right of dense blocks") {
  using Unit = Concat<Identity, Sequential<BatchNorm, Activation, Conv<3>>>;
  check_gradients_of<On<3, Conv<4>, Unit, Unit, BatchNorm, Activation, Conv<4>, AvgPool<2>, Unit, BatchNorm>>();
  check_gradients_of<On<3, Unit, Unit>>();
}

TEST_CASE("concatenation: gradients are right of branches of all kinds") {
  check_gradients_of<
      On<3, Conv<3>,
         Concat<Sequential<Conv<2>, Activation>, Sequential<Conv<3>, BatchNorm, SiLU>, Sequential<MaxPool<1>, Conv<2>>>,
         Conv<3>>>({.threads = 2});
  check_gradients_of<On<3, Conv<3>, Activation, Concat<AvgPool<2>, MaxPool<2>, Strided<4>>, BatchNorm, Conv<3>>>();
  check_gradients_of<On<3, Conv<3>, Concat<Tanh, Dropout, Residual<Conv<3>, BatchNorm>>, Conv<3>>>();
  check_gradients_of<On<3, Conv<3>, Concat<Flatten, Sequential<GlobalAvgPool, Linear<4>>>, Linear<3>>>();
}

TEST_CASE("concatenation: gradients are right where a value is in several") {
  check_gradients_of<On<3, Concat<Identity, Identity>, Conv<3>>>();
  check_gradients_of<On<3, Conv<3>, Concat<Identity, Concat<Identity, Conv<2>>>, Conv<3>>>();
  check_gradients_of<
      On<3, Conv<3>, Residual<Concat<Conv<2>, Sequential<BatchNorm, Activation, Conv<3>>>, Conv<3>>, BatchNorm>>();
}

TEST_CASE("network: gradients are right of grouped and depthwise convolutions between others") {
  check_gradients_of<On<4, Conv2d<4, 3, ConvOptions{.groups = 4, .bias = false}>, BatchNorm, Activation, Conv2d<6, 1>,
                        Activation, Conv2d<6, 3, ConvOptions{.stride = 2, .groups = 6, .bias = false}>, BatchNorm,
                        Conv2d<4, 3, ConvOptions{.groups = 2}>>>();
}

TEST_CASE("network: gradients are right where it ends in any layer") {
  check_gradients_of<On<3, Conv<3>, BatchNorm>>();
  check_gradients_of<On<3, Conv<3>, BatchNorm, Activation>>();
  check_gradients_of<On<3, Conv<3>, Dropout>>();
  check_gradients_of<On<3, Conv<3>, MaxPool<2>>>();
  check_gradients_of<On<3, Conv<3>, Flatten>>();
}

TEST_CASE("network: gradients are right of a small one of all kinds, whatever batch and team") {
  using Net = On<3, Conv<8>, BatchNorm, Activation, Residual<Conv<8>, BatchNorm, Activation, Conv<8>, BatchNorm>,
                 Activation, AvgPool<2>, Conv2d<16, 3>, Activation, Dropout, GlobalAvgPool, Linear<5>>;
  check_gradients_of<Net>({.batch = 2, .values = 20});
  check_gradients_of<Net>({.batch = 37, .values = 10, .threads = 3});
}
