// The engine against the layers' own definitions, run one after the other: concatenations, in which values and
// gradients are slices of one tensor.

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

#include "naive_checks.hpp"
#include "own_layers.hpp"

using namespace lamina;
using test::check_against_naive;
using test::Exponential;
using test::Gain;

namespace {

template <class... Layers>
using On = Sequential<Image<8, 8, 4>, Layers...>;

using Conv = Conv2d<4, 3, ConvOptions{.bias = false}>;
using Depthwise = Conv2d<4, 3, ConvOptions{.groups = 4, .bias = false}>;
using Halved = Conv2d<4, 3, ConvOptions{.stride = 2, .groups = 4}>;

/// As in a DenseNet: what was there, and four channels more.
using Dense = Concat<Identity, Sequential<BatchNorm, ReLU, Conv>>;

}  // namespace

TEST_CASE("naive: dense blocks, with a transition between them") {
  check_against_naive<
      On<Conv, Dense, Dense, BatchNorm, ReLU, Conv, AvgPool<2>, Dense, BatchNorm, ReLU, GlobalAvgPool, Linear<3>>>();
  check_against_naive<On<Dense, Dense>>();
  check_against_naive<On<Conv, Concat<Identity, Sequential<BatchNorm, ReLU, Conv2d<8, 1>, BatchNorm, ReLU, Conv>>,
                         MaxPool<2>, BatchNorm, Tanh, AvgPool<2>>>();
}

TEST_CASE("naive: branches that end in a convolution, a batch norm, an activation or a pooling") {
  check_against_naive<On<Conv, Concat<Sequential<Conv, ReLU>, Sequential<Conv, BatchNorm, ReLU>, Conv>, Conv>>();
  check_against_naive<On<Concat<Sequential<Conv, Tanh>, Sequential<Depthwise, SiLU>, Sequential<Conv, GELU>>, Conv>>();
  check_against_naive<On<Conv, Concat<BatchNorm, Sigmoid, ReLU, Sequential<BatchNorm, Tanh>>, BatchNorm, ReLU, Conv>>();
  check_against_naive<On<Conv, ReLU, Concat<MaxPool<2>, Halved, Sequential<AvgPool<2>, BatchNorm>>, ReLU, Conv>>();
}

TEST_CASE("naive: the same value in several concatenations, or twice in one") {
  check_against_naive<On<Conv, Concat<Identity, Concat<Identity, Conv>>, Conv>>();
  check_against_naive<On<Conv, BatchNorm, ReLU, Concat<Identity, Concat<Conv, Identity>, Identity>, BatchNorm>>();
  check_against_naive<On<Concat<Identity, Identity>, Conv, Concat<Identity, Identity>>>();
  check_against_naive<On<Conv, Concat<Concat<Identity>, Sequential<BatchNorm, Concat<ReLU, Conv>>>, BatchNorm, Conv>>();
}

TEST_CASE("naive: residual blocks and concatenations within each other") {
  check_against_naive<On<Conv, Concat<Residual<Conv, BatchNorm>, Residual<BatchNorm, ReLU, Conv>>, BatchNorm, Conv>>();
  check_against_naive<
      On<Conv, ReLU, Residual<Concat<Conv, Sequential<BatchNorm, ReLU, Conv>>, Conv, BatchNorm>, ReLU, Conv>>();
  check_against_naive<
      On<Residual<Projection<Concat<Identity, Conv>>, Concat<Conv, Identity>>, BatchNorm, ReLU, Conv>>();
  check_against_naive<On<Conv, Dense, Residual<Concat<Conv, Conv>, BatchNorm>, Residual<Dropout>, BatchNorm, Conv>>();
  check_against_naive<On<Conv, Dense, Residual<Projection<Conv, ReLU>, Conv>, Concat<Residual<Conv>, Identity>>>();
}

TEST_CASE("naive: layers without a kernel, and reshaped values, in and around concatenations") {
  check_against_naive<On<Conv, Concat<Gain, Identity, Exponential>, Gain, BatchNorm, ReLU, Conv>>();
  check_against_naive<On<Gain, Concat<Sequential<Conv, Gain>, Residual<Exponential>>, Residual<Gain>, Conv>>();
  check_against_naive<On<Conv, Concat<Dropout, Sequential<Conv, Dropout>>, Dropout, BatchNorm>>();
  check_against_naive<On<Conv, Concat<Flatten, GlobalAvgPool, Sequential<Conv, Flatten>>, Linear<3>>>();
  check_against_naive<On<Conv, Dense, Flatten, BatchNorm, ReLU, Linear<3>>>({3});
}

TEST_CASE("naive: float agrees within its own rounding where branches meet") {
  using Smooth = Concat<Identity, Sequential<BatchNorm, SiLU, Conv>>;
  check_against_naive<
      On<Conv, Smooth, Smooth, BatchNorm, Tanh, Conv, AvgPool<2>, Smooth, BatchNorm, Sigmoid, Flatten, Linear<3>>,
      float>();
}
