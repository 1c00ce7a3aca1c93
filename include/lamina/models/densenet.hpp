#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/global_avg_pool.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/models/normed_conv.hpp>
#include <lamina/network/dense_block.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

template <Index Depth, Index Growth, class Input, Index Classes>
struct DenseNetBCLayers {
  static_assert(Depth >= 10 && (Depth - 4) % 6 == 0, "Lamina: the depth of a DenseNet-BC is 6 n + 4: 40, 100, 190");
  using Block = DenseBlock<(Depth - 4) / 6, Growth>;
  using type = Sequential<Input, NormedConv<2 * Growth, 3>, Block, DenseTransition<>, Block, DenseTransition<>, Block,
                          BatchNorm, ReLU, GlobalAvgPool, Linear<Classes>>;
};

}  // namespace detail

/// DenseNet-BC for CIFAR (Huang, Liu, van der Maaten and Weinberger 2017): three dense blocks with bottlenecks, and
/// transitions between them that halve channels and image; Depth = 6 n + 4 layers with weights.
template <Index Depth, Index Growth, class Input = Image<32, 32, 3>, Index Classes = 100>
using DenseNetBC = typename detail::DenseNetBCLayers<Depth, Growth, Input, Classes>::type;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
