#pragma once

#include <tuple>

#include <lamina/core/instruction_set.hpp>
#include <lamina/models/densenet.hpp>
#include <lamina/models/lenet5.hpp>
#include <lamina/models/named_network.hpp>
#include <lamina/models/resnet.hpp>
#include <lamina/models/separable.hpp>
#include <lamina/models/vgg.hpp>
#include <lamina/models/wide_resnet.hpp>

/// @file
/// The library's networks for 32 x 32 colour images of 100 classes, each under its name.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

using ResNet20 = ResNet<20>;
using ResNet32 = ResNet<32>;
using ResNet56 = ResNet<56>;
using ResNet110 = ResNet<110>;
using SEResNet20 = SEResNet<20>;
using WideResNet16x4 = WideResNet<16, 4>;
using DenseNetBC40x12 = DenseNetBC<40, 12>;
using CifarLeNet5 = LeNet5<Image<32, 32, 3>, 100>;
using CifarSeparableNet = SeparableNet<>;

/// Those beside the VGG networks.
inline constexpr std::tuple kOtherCifarNetworks{NamedNetwork<ResNet20>{"resnet20"},
                                                NamedNetwork<ResNet32>{"resnet32"},
                                                NamedNetwork<ResNet56>{"resnet56"},
                                                NamedNetwork<ResNet110>{"resnet110"},
                                                NamedNetwork<SEResNet20>{"se-resnet20"},
                                                NamedNetwork<WideResNet16x4>{"wide-resnet-16-4"},
                                                NamedNetwork<DenseNetBC40x12>{"densenet-bc-40-12"},
                                                NamedNetwork<CifarLeNet5>{"lenet5"},
                                                NamedNetwork<CifarSeparableNet>{"separable"}};

/// All of them, as a table.
inline constexpr auto kCifarNetworks = std::tuple_cat(kVggNetworks, kOtherCifarNetworks);

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
