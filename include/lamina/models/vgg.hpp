#pragma once

#include <string>
#include <string_view>
#include <tuple>

#include <lamina/core/error.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/network/layer_list.hpp>

/// @file
/// VGG networks (Simonyan and Zisserman 2015) for CIFAR images, with or without batch normalisation and residual
/// connections: an entry convolution, stages of processing blocks that each end in a reduction block, and a head.

namespace lamina {

struct VggOptions {
  Index stages = 3;
  Index blocks = 0;  ///< processing blocks a stage, of two convolutions each
  Index filters = 32;
  Index classes = 100;
  bool batch_norm = false;  ///< after every convolution; the entry's is always there
  bool residual = false;    ///< around each processing block
};

/// The layers of a VGG network, input first.
template <VggOptions Options>
[[nodiscard]] constexpr auto vgg_layers() {
  using Convolution = Conv2d<Options.filters, 3, ConvOptions{.bias = false}>;
  using BiasedConvolution = Conv2d<Options.filters, 3>;
  constexpr LayerList<Convolution> convolution;
  constexpr LayerList<LeakyReLU> activation;
  constexpr auto norm = [] {
    if constexpr (Options.batch_norm) {
      return LayerList<BatchNorm>{};
    } else {
      return LayerList<>{};
    }
  }();
  constexpr auto branch = convolution + norm + activation + convolution + norm;
  constexpr auto block = [branch] {
    if constexpr (Options.residual) {
      return residual(branch) + LayerList<LeakyReLU>{};
    } else {
      return branch + LayerList<LeakyReLU>{};
    }
  }();
  constexpr auto half_reduction = LayerList<BiasedConvolution>{} + norm + activation;
  constexpr auto reduction = half_reduction + LayerList<AvgPool<2>>{} + half_reduction;
  constexpr auto entry = LayerList<Convolution, BatchNorm, LeakyReLU>{};
  constexpr auto head = LayerList<GlobalAvgPool, Linear<Options.classes>>{};
  return entry + repeat<Options.stages>(repeat<Options.blocks>(block) + reduction) + head;
}

/// A VGG network for 32 x 32 colour images.
template <VggOptions Options>
using Vgg = typename NetworkOf<Image<32, 32, 3>, decltype(vgg_layers<Options>())>::type;

/// The five networks of the study.
using Vgg08 = Vgg<VggOptions{}>;
using Vgg38 = Vgg<VggOptions{.blocks = 5}>;
using Vgg38Bn = Vgg<VggOptions{.blocks = 5, .batch_norm = true}>;
using Vgg38Rc = Vgg<VggOptions{.blocks = 5, .residual = true}>;
using Vgg38BnRc = Vgg<VggOptions{.blocks = 5, .batch_norm = true, .residual = true}>;

static_assert(Vgg08::parameter_count == 59'716);
static_assert(Vgg38::parameter_count == 336'196);
static_assert(Vgg38Bn::parameter_count == 338'500);
static_assert(Vgg38Rc::parameter_count == 336'196);
static_assert(Vgg38BnRc::parameter_count == 338'500);

/// A network type under the name it has on command lines and in files.
template <class Network>
struct NamedNetwork {
  using type = Network;
  std::string_view name;
};

/// The five networks as a table.
inline constexpr std::tuple kVggNetworks{NamedNetwork<Vgg08>{"vgg08"}, NamedNetwork<Vgg38>{"vgg38"},
                                         NamedNetwork<Vgg38Bn>{"vgg38-bn"}, NamedNetwork<Vgg38Rc>{"vgg38-rc"},
                                         NamedNetwork<Vgg38BnRc>{"vgg38-bn-rc"}};

/// Calls visitor(NamedNetwork<Network>) for the network of that name.
/// @throws ArgumentError that lists the names when there is none
template <class Visitor>
void visit_vgg(std::string_view name, const Visitor& visitor) {
  std::apply(
      [&](const auto&... networks) {
        const bool found = ((networks.name == name && (visitor(networks), true)) || ...);
        std::string known;
        ((known += (known.empty() ? "" : ", ") + std::string(networks.name)), ...);
        require(found, "unknown model '" + std::string(name) + "', expected one of: " + known);
      },
      kVggNetworks);
}

}  // namespace lamina
