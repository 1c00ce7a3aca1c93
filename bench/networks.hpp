#pragma once

#include <string>
#include <string_view>
#include <tuple>

#include <lamina/lamina.hpp>

#include "networks_concat.hpp"
#include "networks_grouped.hpp"
#include "normed_conv.hpp"

/// @file
/// The networks that the benchmarks time: those of models/vgg.hpp, and beside them networks that users bring, each by
/// the name that bench_step, peers.py and compare know it by. bench/peer_networks.py has the same in PyTorch.

namespace lamina::bench {

namespace detail {

/// Two convolutions with a shortcut around them.
template <Index Filters>
inline constexpr auto kResNetBlock =
    LayerList<Residual<NormedConv<Filters, 3>, BatchNorm, ReLU, NormedConv<Filters, 3>, BatchNorm>, ReLU>{};

/// The first block of a stage that halves the image, with a projection as its shortcut.
template <Index Filters>
inline constexpr auto kResNetReduction =
    LayerList<Residual<Projection<NormedConv<Filters, 1, 2>, BatchNorm>, NormedConv<Filters, 3, 2>, BatchNorm, ReLU,
                       NormedConv<Filters, 3>, BatchNorm>,
              ReLU>{};

[[nodiscard]] constexpr auto resnet20_layers() {
  return LayerList<NormedConv<16, 3>, BatchNorm, ReLU>{} + repeat<3>(kResNetBlock<16>) +  //
         kResNetReduction<32> + repeat<2>(kResNetBlock<32>) +                             //
         kResNetReduction<64> + repeat<2>(kResNetBlock<64>) +                             //
         LayerList<GlobalAvgPool, Linear<100>>{};
}

/// `Count` convolutions of VGG-11 and the pooling behind them. They keep their biases, as torchvision's do.
template <Index Filters, Index Count>
inline constexpr auto kVgg11Stage =
    repeat<Count>(LayerList<Conv2d<Filters, 3>, BatchNorm, ReLU>{}) + LayerList<MaxPool<2>>{};

[[nodiscard]] constexpr auto vgg11_layers() {
  return kVgg11Stage<64, 1> + kVgg11Stage<128, 1> + kVgg11Stage<256, 2> + kVgg11Stage<512, 2> + kVgg11Stage<512, 2> +
         LayerList<Flatten, Linear<100>>{};
}

}  // namespace detail

/// ResNet-20 for CIFAR (He, Zhang, Ren and Sun 2016, section 4.2), with projections where the shape changes.
using ResNet20 = NetworkOf<Image<32, 32, 3>, decltype(detail::resnet20_layers())>::type;

/// VGG-11 with batch norm (Simonyan and Zisserman 2015, column A) for CIFAR, with one linear layer as its head.
using Vgg11Bn = NetworkOf<Image<32, 32, 3>, decltype(detail::vgg11_layers())>::type;

/// LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998) as it is taught today: rectifiers, and the maximum of each pool.
using LeNet5 = Sequential<Image<28, 28, 1>,                                                     //
                          Conv2d<6, 5>, ReLU, MaxPool<2>,                                       //
                          Conv2d<16, 5, ConvOptions{.padding = 0}>, ReLU, MaxPool<2>, Flatten,  //
                          Linear<120>, ReLU, Linear<84>, ReLU, Linear<10>>;

/// A perceptron with two hidden layers for 28 x 28 images.
using Mlp = Sequential<Image<1, 1, 784>, Linear<512>, ReLU, Linear<512>, ReLU, Linear<10>>;

/// The networks that users bring, as a table.
inline constexpr std::tuple kUserNetworks{NamedNetwork<ResNet20>{"resnet20"}, NamedNetwork<Vgg11Bn>{"vgg11-bn"},
                                          NamedNetwork<LeNet5>{"lenet5"}, NamedNetwork<Mlp>{"mlp"},
                                          NamedNetwork<DenseNetBc40x12>{"densenet-bc-40-12"},
                                          NamedNetwork<Separable>{"separable"}};

/// The names of all networks, with commas between them.
[[nodiscard]] inline std::string network_names() {
  std::string names = vgg_names();
  std::apply([&](const auto&... networks) { ((names += ", " + std::string(networks.name)), ...); }, kUserNetworks);
  return names;
}

/// Calls visitor(NamedNetwork<Network>) for the network of that name in a table.
/// @return whether there is one
template <class... Networks, class Visitor>
bool visit_network(const std::tuple<Networks...>& table, std::string_view name, const Visitor& visitor) {
  const auto visit_if_named = [&](const auto& network) { return network.name == name && (visitor(network), true); };
  return std::apply([&](const auto&... networks) { return (visit_if_named(networks) || ...); }, table);
}

}  // namespace lamina::bench
