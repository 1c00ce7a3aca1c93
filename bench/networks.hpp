#pragma once

#include <string>
#include <tuple>

#include <lamina/lamina.hpp>
#include <lamina/models/cifar_precompiled.hpp>

/// @file
/// The networks that the benchmarks time: those of models/, and beside them others that users bring, each by the name
/// that bench_step, peers.py and compare know it by. bench/peer_networks.py has the same in PyTorch.

namespace lamina::bench {

namespace detail {

/// `Count` convolutions of VGG-11 and the pooling behind them. They keep their biases, as torchvision's do.
template <Index Filters, Index Count>
inline constexpr auto kVgg11Stage =
    repeat<Count>(LayerList<Conv2d<Filters, 3>, BatchNorm, ReLU>{}) + LayerList<MaxPool<2>>{};

[[nodiscard]] constexpr auto vgg11_layers() {
  return kVgg11Stage<64, 1> + kVgg11Stage<128, 1> + kVgg11Stage<256, 2> + kVgg11Stage<512, 2> + kVgg11Stage<512, 2> +
         LayerList<Flatten, Linear<100>>{};
}

}  // namespace detail

/// VGG-11 with batch norm (Simonyan and Zisserman 2015, column A) for CIFAR, with one linear layer as its head.
using Vgg11Bn = NetworkOf<Image<32, 32, 3>, decltype(detail::vgg11_layers())>::type;

/// A perceptron with two hidden layers for 28 x 28 images.
using Mlp = Sequential<Image<1, 1, 784>, Linear<512>, ReLU, Linear<512>, ReLU, Linear<10>>;

/// The networks that users bring, as a table. LeNet-5 is that for MNIST.
inline constexpr std::tuple kUserNetworks{NamedNetwork<ResNet20>{"resnet20"},
                                          NamedNetwork<ResNet32>{"resnet32"},
                                          NamedNetwork<ResNet56>{"resnet56"},
                                          NamedNetwork<ResNet110>{"resnet110"},
                                          NamedNetwork<SEResNet20>{"se-resnet20"},
                                          NamedNetwork<WideResNet16x4>{"wide-resnet-16-4"},
                                          NamedNetwork<Vgg11Bn>{"vgg11-bn"},
                                          NamedNetwork<LeNet5<>>{"lenet5"},
                                          NamedNetwork<Mlp>{"mlp"},
                                          NamedNetwork<DenseNetBC40x12>{"densenet-bc-40-12"},
                                          NamedNetwork<CifarSeparableNet>{"separable"}};

/// The names of all networks, with commas between them.
[[nodiscard]] inline std::string network_names() { return vgg_names() + ", " + names_of(kUserNetworks); }

}  // namespace lamina::bench
