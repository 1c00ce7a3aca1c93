#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/kernels/panel_product.hpp>
#include <lamina/kernels/winograd/pass.hpp>
#include <lamina/kernels/winograd/weights.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd {

/// Forward of a wide layer by direct products, for inference of so few pixels that to transform the weights would take
/// longer than Winograd's method saves: the weights go from memory through the products once.
template <class T>
struct DirectForward {
  const ConvolutionShape& shape;
  const ConvolutionForward<T>& pass;
  const T* bias;  ///< in whole lines

  /// Whether it can compute a pass, and does it with fewer operations: 9 a pixel and weight against 36 a tile and 200
  /// to transform the weights.
  [[nodiscard]] static bool pays(const ConvolutionShape& shape, const ConvolutionForward<T>& pass) {
    const bool inference = pass.prepared != nullptr && pass.mean == nullptr && !keeps_input(pass);
    return inference && shape.outputs() % kWidestLanes<T> == 0 &&
           few_pixels(shape, std::max(pass.whole_batch, pass.output.batch));
  }
  /// Enough for any batch with which it pays.
  [[nodiscard]] static Index scratch(const ConvolutionShape& shape) {
    Index batch = 0;
    while (few_pixels(shape, batch + 1)) ++batch;
    return batch * (shape.geometry.input.size() + shape.geometry.output.pixels() * stride(shape));
  }

  void run() const {
    T* const patches = pass.scratch;
    Expression<T> input = pass.input;
    if (!input.identity()) {
      const Index pixels = input.raw.shape.pixels();
      T* const values = patches + pass.output.pixels() * stride(shape);
      materialize(input, 0, pass.output.batch * pixels, values, shape.inputs());
      input = {.raw = {values, pass.output.batch, shape.geometry.input}};
    }
    const Index blocks = (shape.inputs() + Gathered::block - 1) / Gathered::block;
    pass.team.for_each(blocks, [&](Index block, Index) { copy_patches(input.raw, block_of(block), patches); });
    const Index panels = (shape.outputs() + Gathered::panel - 1) / Gathered::panel;
    pass.team.for_each(panels, [&](Index panel, Index) { multiply_panel(patches, panel); });
  }

 private:
  using Gathered = GatheredWeights<T>;
  static constexpr Index kMostPixels = 32;

  [[nodiscard]] static bool few_pixels(const ConvolutionShape& shape, Index batch) {
    const Shape& output = shape.geometry.output;
    return batch * output.pixels() <= kMostPixels &&
           batch * (9 * output.pixels() - kPoints * TileGrid::of(output).tiles()) <= 200;
  }
  /// From patch to patch: an odd number of cache lines.
  [[nodiscard]] static Index stride(const ConvolutionShape& shape) { return odd_lines<T>(9 * shape.inputs()); }
  [[nodiscard]] Range block_of(Index block) const {
    return {block * Gathered::block, std::min((block + 1) * Gathered::block, shape.inputs())};
  }

  /// Copies some inputs of all patches, in the order of the weights: (block of inputs, kernel position, input).
  void copy_patches(const TensorView<const T>& input, Range channels, T* patches) const {
    const auto& [window, image, output] = shape.geometry;
    T* row = patches + 9 * channels.begin;
    for (Index pixel = 0; pixel < pass.output.pixels(); ++pixel, row += stride(shape)) {
      const Index y = pixel % output.pixels() / output.width - window.padding;
      const Index x = pixel % output.width - window.padding;
      const T* const from = input.sample(pixel / output.pixels()) + channels.begin;
      for (Index tap = 0; tap < 9; ++tap) {
        const Index i = y + tap / 3;
        const Index j = x + tap % 3;
        const bool inside = i >= 0 && i < image.height && j >= 0 && j < image.width;
        T* const to = row + tap * channels.size();
        if (inside) {
          std::copy_n(from + (i * image.width + j) * input.stride, channels.size(), to);
        } else {
          std::fill_n(to, channels.size(), T{0});
        }
      }
    }
  }

  /// Computes a panel of the output.
  void multiply_panel(const T* patches, Index panel) const {
    const Range columns{panel * Gathered::panel, std::min((panel + 1) * Gathered::panel, shape.outputs())};
    const TensorView<T> output = pass.output.channels(columns.begin, columns.size());
    const T slope = pass.epilogue.rectifier_slope();
    for_each_block({0, shape.inputs()}, Gathered::block, [&](Range inputs) {
      const T* const weights = pass.prepared + Gathered{shape.inputs()}.offset(inputs, columns);
      const bool first = inputs.begin == 0;
      multiply<T>(output.pixels(), MatrixRows<const T>{patches + 9 * inputs.begin, stride(shape)},
                  {.b = {weights, 9 * inputs.size(), columns.size()},
                   .columns = {0, columns.size()},
                   .ends = {.bias = first ? bias + columns.begin : nullptr,
                            .accumulate = !first,
                            .slope = inputs.end == shape.inputs() ? slope : T{1}},
                   .c = {output.data, output.stride}});
    });
    if (slope == T{1} && !pass.epilogue.identity())
      finish(epilogue_of(pass).channels(columns.begin, columns.size()), {0, output.batch}, output);
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd
