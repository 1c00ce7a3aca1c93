#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/channel_layer_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/group_norm.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/layers/smooth_activation.hpp>
#include <lamina/layers/softmax.hpp>
#include <lamina/network/residual.hpp>

#include "../catch.hpp"
#include "../reference/layer_case.hpp"

using namespace lamina;
using test::LayerCase;

namespace {

constexpr auto kFile = "layers.json";

/// Every value times a number, as an activation of one line.
template <Index Factor>
struct Product {
  static constexpr std::string_view kind = "times";
  template <class Array>
  static auto apply(const Array& x) {
    return x * static_cast<typename Array::Scalar>(Factor);
  }
  template <class Array>
  static auto derivative(const Array& x) {
    using T = typename Array::Scalar;
    return x * T(0) + static_cast<T>(Factor);
  }
};
template <Index Factor>
using Times = SmoothActivation<Product<Factor>>;

using FixedBatchNorm = BasicBatchNorm<BatchNormOptions{.affine = false}>;

constexpr LayerCase<Sequential<Image<3, 5, 6>, GroupNorm<2>>> kGroups{"group norm of 2 groups"};
constexpr LayerCase<Sequential<Image<3, 5, 7>, ChannelLayerNorm>> kChannels{"channel layer norm"};
constexpr LayerCase<Sequential<Image<3, 4, 7>, Times<3>, Softmax>> kSoftmax{"softmax"};
constexpr LayerCase<Sequential<Image<3, 3, 7>, BatchNorm>> kBatchNorm7{"batch norm of 7 channels"};
constexpr LayerCase<Sequential<Image<8, 8, 32>, BatchNorm>> kBatchNorm32{"batch norm of 32 channels"};
constexpr LayerCase<Sequential<Image<6, 9, 5>, MaxPool<3>>> kEqualValues{"maximum pooling of equal values"};
constexpr LayerCase<Sequential<Image<7, 8, 5>, MaxPool<3, 2, 1>>> kStem{"maximum pooling 3x3/2, padding 1"};
constexpr LayerCase<Sequential<Image<5, 4, 7>, GlobalAvgPool>> kGlobal{"global average pooling"};
constexpr LayerCase<Sequential<Image<1, 1, 32>, Flatten, Linear<100>>> kLinear{"linear"};

}  // namespace

TEST_CASE("batch norm: output, gradients, statistics and inference are PyTorch's") {
  test::check_layer_cases<double>(
      kFile, kBatchNorm7, kBatchNorm32,  //
      LayerCase<Sequential<Image<1, 1, 5>, BatchNorm>>{"batch norm of one pixel"},
      LayerCase<Sequential<Image<4, 4, 3>, BasicBatchNorm<BatchNormOptions{.epsilon = 1e-2, .momentum = 0.3}>>>{
          "batch norm, own epsilon and momentum"},
      LayerCase<Sequential<Image<5, 6, 4>, Conv2d<9, 3, ConvOptions{.bias = false}>, FixedBatchNorm, ReLU,
                           Conv2d<5, 1, ConvOptions{.bias = false}>, FixedBatchNorm>>{
          "batch norm without gamma and beta"});
}

TEST_CASE("group norm and channel layer norm: output, gradients and inference are PyTorch's") {
  test::check_layer_cases<double>(
      kFile, kGroups, kChannels,  //
      LayerCase<Sequential<Image<3, 5, 7>, GroupNorm<1>>>{"group norm of 1 group"},
      LayerCase<Sequential<Image<3, 5, 4>, GroupNorm<4, NormEpsilon{1e-2}>>>{
          "group norm of as many groups as channels"},
      LayerCase<
          Sequential<Image<6, 5, 3>, Conv2d<8, 3, ConvOptions{.bias = false}>, GroupNorm<4>, ReLU,
                     Residual<Conv2d<8, 3, ConvOptions{.bias = false}>, GroupNorm<2>, SiLU, ChannelLayerNorm>, ReLU>>{
          "group norms in a residual block"});
  test::check_layer_cases<float>(kFile, kGroups, kChannels);
}

TEST_CASE("leaky ReLU and ReLU: output and gradient are PyTorch's, at zero too") {
  test::check_layer_cases<double>(kFile,  //
                                  LayerCase<Sequential<Image<4, 4, 5>, LeakyReLU>>{"leaky ReLU"},
                                  LayerCase<Sequential<Image<4, 4, 5>, ReLU>>{"ReLU"});
}

TEST_CASE("smooth activations: output and gradient are PyTorch's") {
  test::check_layer_cases<double>(
      kFile,  //
      LayerCase<Sequential<Image<4, 4, 5>, Tanh>>{"tanh"}, LayerCase<Sequential<Image<4, 4, 5>, Sigmoid>>{"sigmoid"},
      LayerCase<Sequential<Image<4, 4, 5>, SiLU>>{"SiLU"}, LayerCase<Sequential<Image<4, 4, 5>, GELU>>{"GELU"});
}

TEST_CASE("activations of several parts: output and gradient are PyTorch's in each of them") {
  test::check_layer_cases<double>(kFile, LayerCase<Sequential<Image<4, 4, 5>, ELU>>{"ELU"},
                                  LayerCase<Sequential<Image<4, 4, 5>, Times<8>, ReLU6>>{"ReLU6"},
                                  LayerCase<Sequential<Image<4, 4, 5>, Times<6>, ReLU6>>{"ReLU6 at its corners"},
                                  LayerCase<Sequential<Image<4, 4, 5>, Times<6>, HardSigmoid>>{"hard sigmoid"},
                                  LayerCase<Sequential<Image<4, 4, 5>, Times<6>, HardSwish>>{"hard swish"});
}

TEST_CASE("softmax: output and gradient are PyTorch's") {
  test::check_layer_cases<double>(kFile, kSoftmax);
  test::check_layer_cases<float>(kFile, kSoftmax);
}

TEST_CASE("pooling: output and gradient are PyTorch's, for equal values too") {
  test::check_layer_cases<double>(kFile, kEqualValues, kGlobal,
                                  LayerCase<Sequential<Image<6, 4, 8>, AvgPool<2>>>{"average pooling"},
                                  LayerCase<Sequential<Image<6, 4, 8>, MaxPool<2>>>{"maximum pooling"});
}

TEST_CASE("pooling: output and gradient are PyTorch's with stride and padding") {
  test::check_layer_cases<double>(
      kFile, kStem, LayerCase<Sequential<Image<7, 8, 5>, MaxPool<2, 3>>>{"maximum pooling that leaves a rest"},
      LayerCase<Sequential<Image<7, 8, 5>, AvgPool<3, 2, 1>>>{"average pooling 3x3/2, padding 1"},
      LayerCase<Sequential<Image<7, 9, 5>, AvgPool<2, 2>>>{"average pooling that leaves a rest"},
      LayerCase<Sequential<Image<5, 4, 7>, GlobalMaxPool>>{"global maximum pooling"});
}

TEST_CASE("linear: output and gradients are PyTorch's") {
  test::check_layer_cases<double>(
      kFile, kLinear,
      LayerCase<Sequential<Image<1, 1, 7>, Flatten, Linear<5, LinearOptions{.bias = false}>>>{"linear without bias"});
}

TEST_CASE("batch norm, pooling and linear: output and gradients are PyTorch's in float") {
  test::check_layer_cases<float>(kFile, kBatchNorm7, kBatchNorm32, kEqualValues, kStem, kGlobal, kLinear);
}
