#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/residual.hpp>

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

constexpr auto kFile = "layers.json";

constexpr LayerCase<Sequential<Image<8, 8, 3>, Convolution<8, 3>, BatchNorm, LeakyReLU, IdentityBlock<8>, LeakyReLU,
                               ProjectionBlock, ReLU, MaxPool<2>, GlobalAvgPool, Linear<10>>>
    kSmallNetwork{"small network"};

}  // namespace

TEST_CASE("residual: output, gradients and statistics are PyTorch's") {
  test::check_layer_cases<double>(
      kFile,  //
      LayerCase<Sequential<Image<6, 5, 3>, Conv2d<16, 3>, LeakyReLU, IdentityBlock<16>, LeakyReLU>>{
          "residual behind layers"},
      LayerCase<Sequential<Image<6, 8, 8>, ProjectionBlock>>{"residual with projection"});
}

TEST_CASE("network: a small one with many kinds of layers is PyTorch's, in double and in float") {
  test::check_layer_cases<double>(kFile, kSmallNetwork);
  test::check_layer_cases<float>(kFile, kSmallNetwork);
}
