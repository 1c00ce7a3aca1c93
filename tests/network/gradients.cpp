// Gradient checks of networks whose layers meet in ways that have to be told apart: what is computed in place, what is
// fused with its neighbours, where shortcuts begin and end.

#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/dropout.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
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
