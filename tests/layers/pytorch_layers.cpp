#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/flatten.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/layers/smooth_activation.hpp>

#include "../catch.hpp"
#include "../reference/layer_case.hpp"

using namespace lamina;
using test::LayerCase;

namespace {

constexpr auto kFile = "layers.json";

constexpr LayerCase<Sequential<Image<3, 3, 7>, BatchNorm>> kBatchNorm7{"batch norm of 7 channels"};
constexpr LayerCase<Sequential<Image<8, 8, 32>, BatchNorm>> kBatchNorm32{"batch norm of 32 channels"};
constexpr LayerCase<Sequential<Image<6, 9, 5>, MaxPool<3>>> kEqualValues{"maximum pooling of equal values"};
constexpr LayerCase<Sequential<Image<5, 4, 7>, GlobalAvgPool>> kGlobal{"global average pooling"};
constexpr LayerCase<Sequential<Image<1, 1, 32>, Flatten, Linear<100>>> kLinear{"linear"};

}  // namespace

TEST_CASE("batch norm: output, gradients, statistics and inference are PyTorch's") {
  test::check_layer_cases<double>(
      kFile, kBatchNorm7, kBatchNorm32,  //
      LayerCase<Sequential<Image<1, 1, 5>, BatchNorm>>{"batch norm of one pixel"},
      LayerCase<Sequential<Image<4, 4, 3>, BasicBatchNorm<BatchNormOptions{.epsilon = 1e-2, .momentum = 0.3}>>>{
          "batch norm, own epsilon and momentum"});
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

TEST_CASE("pooling: output and gradient are PyTorch's, for equal values too") {
  test::check_layer_cases<double>(kFile, kEqualValues, kGlobal,
                                  LayerCase<Sequential<Image<6, 4, 8>, AvgPool<2>>>{"average pooling"},
                                  LayerCase<Sequential<Image<6, 4, 8>, MaxPool<2>>>{"maximum pooling"});
}

TEST_CASE("linear: output and gradients are PyTorch's") {
  test::check_layer_cases<double>(
      kFile, kLinear,
      LayerCase<Sequential<Image<1, 1, 7>, Flatten, Linear<5, LinearOptions{.bias = false}>>>{"linear without bias"});
}

TEST_CASE("batch norm, pooling and linear: output and gradients are PyTorch's in float") {
  test::check_layer_cases<float>(kFile, kBatchNorm7, kBatchNorm32, kEqualValues, kGlobal, kLinear);
}
