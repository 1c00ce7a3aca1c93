#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/layers/smooth_activation.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/residual.hpp>
#include <lamina/network/squeeze_excitation.hpp>

#include "../catch.hpp"
#include "../reference/layer_case.hpp"

using namespace lamina;
using test::LayerCase;

namespace {

template <Index Filters, Index Kernel, Index Stride = 1>
using Convolution = Conv2d<Filters, Kernel, ConvOptions{.stride = Stride, .bias = false}>;

template <Index Filters>
using IdentityBlock = Residual<Convolution<Filters, 3>, BatchNorm, LeakyReLU, Convolution<Filters, 3>, BatchNorm>;

using ProjectionBlock = Residual<Projection<Convolution<16, 1, 2>, BatchNorm>,  //
                                 Convolution<16, 3, 2>, BatchNorm, LeakyReLU, Convolution<16, 3>, BatchNorm>;

/// Eight channels more, by way of a bottleneck of sixteen.
using DenseUnit = Concat<Identity, Sequential<BatchNorm, ReLU, Convolution<16, 1>, BatchNorm, ReLU, Convolution<8, 3>>>;

constexpr auto kFile = "layers.json";

constexpr LayerCase<Sequential<Image<8, 8, 3>, Convolution<8, 3>, BatchNorm, LeakyReLU, IdentityBlock<8>, LeakyReLU,
                               ProjectionBlock, ReLU, MaxPool<2>, GlobalAvgPool, Linear<10>>>
    kSmallNetwork{"small network"};

constexpr LayerCase<Sequential<Image<8, 6, 3>, Convolution<8, 3>, DenseUnit, DenseUnit, BatchNorm, ReLU,
                               Convolution<12, 1>, AvgPool<2>, DenseUnit, BatchNorm, ReLU>>
    kDenseBlock{"dense block with transition"};

}  // namespace

TEST_CASE("residual: output, gradients and statistics are PyTorch's") {
  test::check_layer_cases<double>(
      kFile,  //
      LayerCase<Sequential<Image<6, 5, 3>, Conv2d<16, 3>, LeakyReLU, IdentityBlock<16>, LeakyReLU>>{
          "residual behind layers"},
      LayerCase<Sequential<Image<6, 8, 8>, ProjectionBlock>>{"residual with projection"});
}

TEST_CASE("concatenation: output, gradients and statistics are PyTorch's") {
  using Branches = Concat<Sequential<Conv2d<4, 1>, ReLU>, Sequential<Convolution<4, 3>, BatchNorm, SiLU>, Tanh>;
  test::check_layer_cases<double>(
      kFile, kDenseBlock,
      LayerCase<Sequential<Image<6, 6, 4>, Conv2d<8, 3>, Branches, Conv2d<5, 3>>>{"branches that end in activations"});
  test::check_layer_cases<float>(kFile, kDenseBlock);
}

TEST_CASE("squeeze and excitation: output and gradients are PyTorch's") {
  using Block = Residual<Convolution<8, 3>, BatchNorm, ReLU, Convolution<8, 3>, BatchNorm, SqueezeExcitation<2>>;
  constexpr LayerCase<Sequential<Image<5, 4, 8>, SqueezeExcitation<4>>> alone{"squeeze and excitation"};
  constexpr LayerCase<Sequential<Image<6, 5, 3>, Convolution<8, 3>, BatchNorm, ReLU, Block, ReLU, Block, ReLU>> blocks{
      "residual block with squeeze and excitation"};
  test::check_layer_cases<double>(kFile, alone, blocks);
  test::check_layer_cases<float>(kFile, alone, blocks);
}

TEST_CASE("network: a depthwise separable block is PyTorch's") {
  using Depthwise = Conv2d<6, 3, ConvOptions{.stride = 2, .groups = 6, .bias = false}>;
  test::check_layer_cases<double>(
      kFile, LayerCase<Sequential<Image<7, 8, 6>, Depthwise, BatchNorm, ReLU, Convolution<12, 1>, BatchNorm, GELU>>{
                 "depthwise separable block"});
}

TEST_CASE("network: the entry of a ResNet for large images is PyTorch's") {
  test::check_layer_cases<double>(
      kFile, LayerCase<Sequential<Image<13, 15, 3>, Convolution<8, 3, 2>, BatchNorm, ReLU, MaxPool<3, 2, 1>,
                                  Residual<Convolution<8, 3>, BatchNorm, LeakyReLU, Convolution<8, 3>, BatchNorm>, ReLU,
                                  GlobalMaxPool>>{"residual stem"});
}

TEST_CASE("network: a small one with many kinds of layers is PyTorch's, in double and in float") {
  test::check_layer_cases<double>(kFile, kSmallNetwork);
  test::check_layer_cases<float>(kFile, kSmallNetwork);
}
