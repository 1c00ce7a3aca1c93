#include <lamina/layers/conv2d.hpp>

#include "../catch.hpp"
#include "../reference/layer_case.hpp"

using namespace lamina;
using test::LayerCase;

namespace {

constexpr auto kFile = "convolutions.json";

constexpr LayerCase<Sequential<Image<8, 8, 3>, Conv2d<32, 3, ConvOptions{.bias = false}>>> kEntry{"3x3 of 3 channels"};
constexpr LayerCase<Sequential<Image<7, 9, 32>, Conv2d<32, 3>>> kOddImage{"3x3 of 32 channels, biased, odd image"};
constexpr LayerCase<Sequential<Image<6, 5, 5>, Conv2d<7, 3>>> kOddChannels{"3x3 from 5 to 7 channels"};
constexpr LayerCase<Sequential<Image<7, 8, 8>, Conv2d<5, 5, ConvOptions{.stride = 3, .padding = 4, .bias = false}>>>
    kStride3{"5x5 from 8 to 5 channels, stride 3, padding 4"};

constexpr LayerCase<Sequential<Image<6, 5, 6>, Conv2d<8, 3, ConvOptions{.groups = 2}>>> kGrouped{
    "3x3 from 6 to 8 channels in 2 groups"};
constexpr LayerCase<Sequential<Image<7, 8, 5>, Conv2d<5, 3, ConvOptions{.stride = 2, .groups = 5, .bias = false}>>>
    kDepthwise{"depthwise 3x3 of 5 channels, stride 2"};

}  // namespace

TEST_CASE("convolution: output and gradients are PyTorch's at stride 1") {
  test::check_layer_cases<double>(
      kFile, kEntry, kOddImage, kOddChannels,
      LayerCase<Sequential<Image<9, 6, 16>, Conv2d<8, 3, ConvOptions{.padding = 0}>>>{"3x3 of 16 channels, no padding"},
      LayerCase<Sequential<Image<8, 7, 7>, Conv2d<5, 3, ConvOptions{.dilation = 2}>>>{"3x3 of 7 channels, dilation 2"},
      LayerCase<Sequential<Image<7, 6, 3>, Conv2d<7, 5>>>{"5x5 from 3 to 7 channels, padding 2"},
      LayerCase<Sequential<Image<4, 4, 5>, Conv2d<8, 4, ConvOptions{.padding = 0}>>>{"kernel as large as the image"});
}

TEST_CASE("convolution: output and gradients are PyTorch's at stride 2 and 3") {
  test::check_layer_cases<double>(
      kFile, kStride3,
      LayerCase<Sequential<Image<8, 8, 8>, Conv2d<16, 3, ConvOptions{.stride = 2}>>>{
          "3x3 from 8 to 16 channels, stride 2"},
      LayerCase<Sequential<Image<11, 12, 3>,
                           Conv2d<8, 3, ConvOptions{.stride = 2, .padding = 1, .dilation = 3, .bias = false}>>>{
          "3x3, stride 2, dilation 3, padding 1"},
      LayerCase<Sequential<Image<6, 6, 32>, Conv2d<16, 1, ConvOptions{.stride = 2, .bias = false}>>>{
          "1x1 from 32 to 16 channels, stride 2"},
      LayerCase<Sequential<Image<6, 8, 5>, Conv2d<8, 2, ConvOptions{.stride = 2, .padding = 0}>>>{
          "2x2 from 5 to 8 channels, stride 2"});
}

TEST_CASE("convolution: output and gradients are PyTorch's in groups and by depth") {
  test::check_layer_cases<double>(
      kFile, kGrouped, kDepthwise,
      LayerCase<Sequential<Image<7, 6, 9>, Conv2d<6, 3, ConvOptions{.stride = 2, .groups = 3, .bias = false}>>>{
          "3x3 from 9 to 6 channels in 3 groups, stride 2"},
      LayerCase<Sequential<Image<7, 6, 8>, Conv2d<8, 3, ConvOptions{.groups = 8}>>>{"depthwise 3x3 of 8 channels"},
      LayerCase<Sequential<Image<9, 8, 4>, Conv2d<8, 5, ConvOptions{.dilation = 2, .groups = 4}>>>{
          "depthwise 5x5 from 4 to 8 channels, dilation 2"});
}

TEST_CASE("convolution: output and gradients are PyTorch's in float") {
  test::check_layer_cases<float>(kFile, kEntry, kOddImage, kOddChannels, kStride3, kGrouped, kDepthwise);
}
