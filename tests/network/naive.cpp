// The engine against the layers' own definitions, run one after the other: chains and residual blocks. Concatenations
// are in naive_concat.cpp.

#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/dropout.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/layers/smooth_activation.hpp>
#include <lamina/network/residual.hpp>

#include "naive_checks.hpp"
#include "own_layers.hpp"

using namespace lamina;
using test::check_against_naive;
using test::Exponential;
using test::Gain;

namespace {

template <class... Layers>
using On = Sequential<Image<8, 8, 4>, Layers...>;

/// Keeps the four channels, so that it may stand in a residual block.
using Conv = Conv2d<4, 3, ConvOptions{.bias = false}>;
using Strided = Conv2d<4, 3, ConvOptions{.stride = 2, .bias = false}>;
using Depthwise = Conv2d<4, 3, ConvOptions{.groups = 4, .bias = false}>;

}  // namespace

TEST_CASE("naive: every layer agrees with its definition where it stands alone") {
  check_against_naive<On<Conv2d<5, 3>>>();
  check_against_naive<On<BatchNorm>>();
  check_against_naive<On<LeakyReLU>>();
  check_against_naive<On<GELU>>();
  check_against_naive<On<AvgPool<2>>>();
  check_against_naive<On<MaxPool<2>>>();
  check_against_naive<On<GlobalAvgPool>>();
  check_against_naive<On<Dropout>>();
  check_against_naive<On<Flatten>>();
  check_against_naive<On<Flatten, Linear<3>>>();
  check_against_naive<On<Gain>>();
  check_against_naive<On<Exponential>>();
}

TEST_CASE("naive: batch norm and activations between all kinds of kernels") {
  check_against_naive<On<Conv, BatchNorm, ReLU, Conv, BatchNorm, Tanh, AvgPool<2>, BatchNorm, SiLU, MaxPool<2>>>();
  check_against_naive<On<BatchNorm, ReLU, Conv, ReLU, MaxPool<2>, Sigmoid, GlobalAvgPool, GELU, Linear<3>>>();
  check_against_naive<On<BatchNorm, BatchNorm, ReLU, ReLU, Tanh, Conv>>();
  check_against_naive<On<AvgPool<2>, BatchNorm, ReLU, Conv, Flatten, BatchNorm, ReLU, Linear<3>, BatchNorm>>({3});
  check_against_naive<On<MaxPool<2>, Conv, Dropout, BatchNorm, ReLU, Dropout, Flatten, Dropout, Linear<3>>>();
}

TEST_CASE("naive: convolutions of every kind behind each other") {
  check_against_naive<On<Depthwise, BatchNorm, ReLU, Conv2d<8, 1>, BatchNorm, ReLU,
                         Conv2d<8, 3, ConvOptions{.stride = 2, .groups = 8}>, BatchNorm, ReLU, Conv2d<6, 1>>>();
  check_against_naive<On<Conv2d<8, 3>, ReLU, Conv2d<6, 3, ConvOptions{.groups = 2}>, BatchNorm, ReLU,
                         Conv2d<6, 3, ConvOptions{.stride = 2, .groups = 3}>, ReLU, Conv2d<8, 5>>>();
  check_against_naive<On<Conv2d<8, 3>, BatchNorm, ReLU, Conv2d<8, 3>, BatchNorm, ReLU, Conv2d<16, 3>>>();
}

TEST_CASE("naive: residual blocks with an identity shortcut") {
  check_against_naive<On<Conv, BatchNorm, ReLU, Residual<Conv, BatchNorm, ReLU, Conv, BatchNorm>, ReLU, Conv>>();
  check_against_naive<On<Residual<Conv, ReLU, Conv>, ReLU, Residual<Conv>, Residual<Conv>>>();
  check_against_naive<On<Conv, Residual<BatchNorm, ReLU, Conv, BatchNorm, ReLU, Conv>,
                         Residual<BatchNorm, ReLU, Conv, BatchNorm, ReLU, Conv>, BatchNorm, ReLU, GlobalAvgPool>>();
  check_against_naive<On<Conv, Tanh, Residual<Residual<Conv, SiLU>, Conv>, GELU, Conv>>();
  check_against_naive<On<Conv, Residual<Depthwise, BatchNorm, SiLU>, BatchNorm>>();
}

TEST_CASE("naive: residual blocks without a convolution, or of the input alone") {
  check_against_naive<On<Residual<Identity>, Conv>>();
  check_against_naive<On<Conv, Residual<Identity>, ReLU, Residual<BatchNorm>, BatchNorm>>();
  check_against_naive<On<Conv, ReLU, Residual<Tanh>, Residual<Dropout>, Residual<ReLU, BatchNorm>>>();
  check_against_naive<On<Residual<BatchNorm, Tanh>, Residual<MaxPool<1>>, Residual<AvgPool<1>>>>();
  check_against_naive<On<Conv, GlobalAvgPool, Residual<Flatten, Linear<4>, ReLU, Linear<4>>, ReLU>>();
}

TEST_CASE("naive: residual blocks with a projection") {
  check_against_naive<On<Conv, BatchNorm, ReLU, Residual<Projection<Strided, BatchNorm>, Strided, BatchNorm>, ReLU>>();
  check_against_naive<
      On<Conv, ReLU, Residual<Projection<Conv, BatchNorm>, Conv, BatchNorm, ReLU, Conv, BatchNorm>, ReLU, Conv>>();
  check_against_naive<On<Residual<Projection<Conv, ReLU>, Conv, Tanh>, BatchNorm, Conv>>();
  check_against_naive<On<Conv, Residual<Projection<AvgPool<2>, Conv>, MaxPool<2>, BatchNorm, ReLU, Conv>, Conv>>();
  check_against_naive<On<Conv, Residual<Projection<BatchNorm>, Conv>, Residual<Projection<ReLU>, Conv, ReLU>, Conv>>();
  check_against_naive<On<Conv, ReLU, Residual<Projection<Residual<Conv>>, Residual<Conv, BatchNorm>, ReLU>, Conv>>();
}

TEST_CASE("naive: a layer that the engine has no kernel for, before, between and behind the others") {
  check_against_naive<On<Gain, Conv, BatchNorm, ReLU, Gain, BatchNorm, Tanh, Exponential, Conv>>();
  check_against_naive<On<Conv, ReLU, Residual<Gain>, ReLU, Residual<Conv, BatchNorm, Gain>, Conv>>();
  check_against_naive<On<Conv, Residual<Projection<Gain>, Tanh, Exponential>, Residual<Gain, Gain>, BatchNorm>>();
  check_against_naive<On<Residual<Gain>, Residual<Exponential, Conv>, Conv, Flatten, Gain>>();
}

TEST_CASE("naive: float agrees within its own rounding") {
  check_against_naive<On<Conv, BatchNorm, Tanh, Residual<Conv, BatchNorm, SiLU, Conv, BatchNorm>, GELU, Depthwise,
                         AvgPool<2>, Sigmoid, Dropout, Flatten, Linear<3>>,
                      float>();
  check_against_naive<On<Conv2d<8, 3>, BatchNorm, SiLU, Conv2d<8, 3>, BatchNorm, SiLU,
                         Residual<Projection<Conv2d<8, 1, ConvOptions{.stride = 2}>, BatchNorm>,
                                  Conv2d<8, 3, ConvOptions{.stride = 2, .groups = 2}>, BatchNorm>,
                         Tanh, GlobalAvgPool>,
                      float>();
}
