#pragma once

#include <lamina/core/instruction_set.hpp>
#include <lamina/layers/batch_norm.hpp>
#include <lamina/layers/global_avg_pool.hpp>
#include <lamina/layers/leaky_relu.hpp>
#include <lamina/layers/linear.hpp>
#include <lamina/models/normed_conv.hpp>
#include <lamina/network/layer_list.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET {

namespace detail {

/// A stage of pre-activation blocks. Where the first changes the shape, its shortcut is a convolution that reads what
/// the branch reads: normalised and activated.
template <Index Inputs, Index Filters, Index Stride, Index Blocks>
[[nodiscard]] constexpr auto wide_resnet_stage() {
  using Block = Residual<BatchNorm, ReLU, NormedConv<Filters, 3>, BatchNorm, ReLU, NormedConv<Filters, 3>>;
  if constexpr (Inputs == Filters && Stride == 1) {
    return repeat<Blocks>(LayerList<Block>{});
  } else {
    using First = Residual<Projection<NormedConv<Filters, 1, Stride>>, NormedConv<Filters, 3, Stride>, BatchNorm, ReLU,
                           NormedConv<Filters, 3>>;
    return LayerList<BatchNorm, ReLU, First>{} + repeat<Blocks - 1>(LayerList<Block>{});
  }
}

template <Index Depth, Index Width, Index Classes>
[[nodiscard]] constexpr auto wide_resnet_layers() {
  static_assert(Depth >= 10 && (Depth - 4) % 6 == 0, "Lamina: the depth of a WideResNet is 6 n + 4: 16, 22, 28, 40");
  static_assert(Width > 0, "Lamina: the width of a WideResNet must be positive");
  constexpr Index blocks = (Depth - 4) / 6;
  return LayerList<NormedConv<16, 3>>{} + wide_resnet_stage<16, 16 * Width, 1, blocks>() +
         wide_resnet_stage<16 * Width, 32 * Width, 2, blocks>() +
         wide_resnet_stage<32 * Width, 64 * Width, 2, blocks>() +
         LayerList<BatchNorm, ReLU, GlobalAvgPool, Linear<Classes>>{};
}

}  // namespace detail

/// Wide residual network (Zagoruyko and Komodakis 2016): Depth = 6 n + 4 layers with weights in blocks with
/// pre-activation, of 16, 32 and 64 times Width channels.
template <Index Depth, Index Width, class Input = Image<32, 32, 3>, Index Classes = 100>
using WideResNet = typename NetworkOf<Input, decltype(detail::wide_resnet_layers<Depth, Width, Classes>())>::type;

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET
