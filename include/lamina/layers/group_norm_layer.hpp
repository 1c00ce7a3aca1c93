#pragma once

#include <array>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/group_normalization.hpp>
#include <lamina/layers/layer.hpp>
#include <lamina/layers/requirement.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::detail {

/// A bound layer that normalises within samples: what GroupNorm and ChannelLayerNorm have in common.
template <Shape Input, kernels::NormalizedBlocks Blocks>
struct GroupNormLayer : LayerDefaults<Input> {
  static constexpr kernels::NormalizedBlocks blocks = Blocks;
  static constexpr Index channels = Input.channels;
  static constexpr bool keeps_channels = true;
  /// Several groups are cut from channels in our order, which must be the files' as well: behind Flatten it is not.
  static constexpr std::size_t input_axis = Blocks.groups == 1 ? 0 : Segment::kUnsaidAxis;
  static constexpr std::array parameters{
      Segment{.name = "weight", .dims = {channels}, .initialization = Initialization::one, .input_axis = input_axis},
      Segment{.name = "bias", .dims = {channels}, .input_axis = input_axis}};

  template <class T>
  static constexpr Index saved(Index batch) {
    return kernels::GroupNormalization<T>::saved(Blocks, count(batch));
  }
  template <class T>
  static constexpr Index scratch(Index batch, Index threads) {
    return kernels::GroupNormalization<T>::scratch(Blocks, count(batch), threads);
  }

  template <class T>
  static void forward(const Forward<T>& pass) {
    kernels::GroupNormalization<T>::forward(Blocks, {.team = pass.team,
                                                     .scratch = pass.scratch,
                                                     .gamma = pass.parameters,
                                                     .beta = pass.parameters + channels,
                                                     .input = pass.input,
                                                     .output = pass.output,
                                                     .saved = pass.saved});
  }

  template <class T>
  static void backward(const Backward<T>& pass) {
    kernels::GroupNormalization<T>::backward(Blocks, {.team = pass.team,
                                                      .scratch = pass.scratch,
                                                      .gamma = pass.parameters,
                                                      .saved = pass.saved,
                                                      .input = pass.input,
                                                      .output_gradient = pass.output_gradient,
                                                      .gamma_gradient = pass.gradients,
                                                      .beta_gradient = pass.gradients + channels,
                                                      .input_gradient = pass.input_gradient});
  }

 private:
  /// Blocks in a batch.
  static constexpr Index count(Index batch) { return batch * Input.pixels() / Blocks.pixels; }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::detail
