#pragma once

#include <string>
#include <string_view>
#include <tuple>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/layers/pooling.hpp>
#include <lamina/models/named_network.hpp>
#include <lamina/network/layer_list.hpp>

/// @file
/// VGG networks (Simonyan and Zisserman 2015) for CIFAR images, with or without batch normalisation and residual
/// connections: an entry convolution, stages of processing blocks that each end in a reduction block, and a head.

namespace lamina::inline LAMINA_INSTRUCTION_SET {

struct VggOptions {
  Index stages = 3;
  Index blocks = 0;  ///< processing blocks a stage, of two convolutions each
  Index filters = 32;
  Index classes = 100;
  bool batch_norm = false;     ///< after every convolution; the entry's is always there
  bool residual = false;       ///< around each processing block
  bool preactivation = false;  ///< batch norm and activation before a block's convolutions; needs residual
};

namespace detail {

/// Batch norm, where it is asked for.
template <VggOptions Options>
[[nodiscard]] constexpr auto vgg_norm() {
  if constexpr (Options.batch_norm) {
    return LayerList<BatchNorm>{};
  } else {
    return LayerList<>{};
  }
}

/// The processing blocks of a stage.
template <VggOptions Options>
[[nodiscard]] constexpr auto vgg_blocks() {
  constexpr LayerList<Conv2d<Options.filters, 3, ConvOptions{.bias = false}>> convolution;
  constexpr LayerList<LeakyReLU> activation;
  constexpr auto norm = vgg_norm<Options>();
  constexpr auto inner = convolution + norm + activation + convolution;
  if constexpr (Options.blocks == 0) {
    return LayerList<>{};
  } else if constexpr (Options.preactivation) {
    return residual(inner) + repeat<Options.blocks - 1>(residual(norm + activation + inner)) + norm + activation;
  } else if constexpr (Options.residual) {
    return repeat<Options.blocks>(residual(inner + norm) + activation);
  } else {
    return repeat<Options.blocks>(inner + norm + activation);
  }
}

}  // namespace detail

/// The layers of a VGG network, input first.
///
/// With pre-activation (He, Zhang, Ren and Sun, "Identity mappings in deep residual networks", ECCV 2016) a block is
/// Residual<BatchNorm, LeakyReLU, convolution, BatchNorm, LeakyReLU, convolution>, and nothing stands behind its sum,
/// so that the sum reaches every later block of the stage unchanged. As in the paper, the first block begins with its
/// convolution, because it reads what the entry or a reduction block has normalised and activated before the paths
/// part; and the last block's sum is normalised and activated before the reduction block reads it. Entry, reduction
/// blocks and head are those of the other networks. The layers are those of the network without pre-activation in
/// another order, so there are as many parameters.
template <VggOptions Options>
[[nodiscard]] constexpr auto vgg_layers() {
  static_assert(Options.residual || !Options.preactivation, "Lamina: pre-activation needs residual blocks");
  constexpr auto half_reduction =
      LayerList<Conv2d<Options.filters, 3>>{} + detail::vgg_norm<Options>() + LayerList<LeakyReLU>{};
  constexpr auto reduction = half_reduction + LayerList<AvgPool<2>>{} + half_reduction;
  constexpr auto entry = LayerList<Conv2d<Options.filters, 3, ConvOptions{.bias = false}>, BatchNorm, LeakyReLU>{};
  constexpr auto head = LayerList<GlobalAvgPool, Linear<Options.classes>>{};
  return entry + repeat<Options.stages>(detail::vgg_blocks<Options>() + reduction) + head;
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

/// Beyond the study: pre-activation, and 8 and 17 blocks a stage.
using Vgg38BnRcPreact = Vgg<VggOptions{.blocks = 5, .batch_norm = true, .residual = true, .preactivation = true}>;
using Vgg56BnRc = Vgg<VggOptions{.blocks = 8, .batch_norm = true, .residual = true}>;
using Vgg110BnRc = Vgg<VggOptions{.blocks = 17, .batch_norm = true, .residual = true}>;

/// The five networks of the study, then those beyond it, as a table.
inline constexpr std::tuple kVggNetworks{
    NamedNetwork<Vgg08>{"vgg08"},           NamedNetwork<Vgg38>{"vgg38"},
    NamedNetwork<Vgg38Bn>{"vgg38-bn"},      NamedNetwork<Vgg38Rc>{"vgg38-rc"},
    NamedNetwork<Vgg38BnRc>{"vgg38-bn-rc"}, NamedNetwork<Vgg38BnRcPreact>{"vgg38-bn-rc-preact"},
    NamedNetwork<Vgg56BnRc>{"vgg56-bn-rc"}, NamedNetwork<Vgg110BnRc>{"vgg110-bn-rc"}};

// Calls with the table are qualified: for others, whose arguments' namespaces are looked through, g++ instantiates
// every network in the table, which takes a second in each file that includes this one.

/// Their names, with commas between them.
[[nodiscard]] inline std::string vgg_names() { return lamina::names_of(kVggNetworks); }

/// Calls visitor(NamedNetwork<Network>) for the network of that name.
/// @throws ArgumentError that lists the names when there is none
template <class Visitor>
void visit_vgg(std::string_view name, const Visitor& visitor) {
  lamina::visit_network(kVggNetworks, name, visitor);
}

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
