#pragma once

#include <string_view>

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/avg_pool.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/conv2d.hpp>
#include <lamina/layers/identity.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/network/concat.hpp>
#include <lamina/network/layer_list.hpp>
#include <lamina/network/sequential.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

/// A layer of a dense block (Huang, Liu, van der Maaten and Weinberger 2017): what it reads, and beside it Growth
/// channels more, made by way of Bottleneck x Growth. Nothing is copied: both lie in one tensor.
template <Index Growth, Index Bottleneck = 4>
using DenseLayer =
    Concat<Identity, Sequential<BatchNorm, ReLU, Conv2d<Bottleneck * Growth, 1, ConvOptions{.bias = false}>,  //
                                BatchNorm, ReLU, Conv2d<Growth, 3, ConvOptions{.bias = false}>>>;

/// Layers of a dense block one behind the other, each of which reads what all before it have made: h x w x c to h x w x
/// (c + Layers x Growth). All write into one tensor.
template <Index Layers, Index Growth, Index Bottleneck = 4>
struct DenseBlock : SequentialOf<decltype(repeat<Layers>(LayerList<DenseLayer<Growth, Bottleneck>>{}))>::type {
  static_assert(Layers > 0 && Growth > 0 && Bottleneck > 0);
  static constexpr std::string_view kind = "dense_block";
};

/// What stands between dense blocks: it divides the channels by Divisor (rounded down; the paper's compression of one
/// half is 2) and halves the image.
template <Index Divisor = 2>
struct DenseTransition {
  static_assert(Divisor > 0);
  static constexpr std::string_view kind = "dense_transition";

  /// The layers on so many channels.
  template <Index Channels>
  using Layers = Sequential<BatchNorm, ReLU, Conv2d<Channels / Divisor, 1, ConvOptions{.bias = false}>, AvgPool<2>>;

  [[nodiscard]] static constexpr Shape output(const Shape& input) {
    return {input.height / 2, input.width / 2, input.channels / Divisor};
  }

  template <class At, Shape Input>
  struct Requires : Layers<Input.channels>::template Requires<At, Input> {};

  template <Shape Input, class Visitor>
  static constexpr int visit(Visitor& visitor, int value, const Name& prefix) {
    return Layers<Input.channels>::template visit<Input>(visitor, value, prefix);
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
