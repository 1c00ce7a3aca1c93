#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/kernels/matrix_weights.hpp>
#include <lamina/kernels/window_positions.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::matrix {

/// A tensor as WideBackward reads it: for each pixel a matrix whose rows are the samples. The pixels of a pointwise
/// convolution are samples of one pixel.
template <class T>
struct SampleRows {
  T* data = nullptr;
  Index sample_stride = 0;
  Index pixel_stride = 0;

  [[nodiscard]] static SampleRows of(const TensorView<T>& view, bool pointwise) {
    return {view.data, pointwise ? view.stride : view.sample_stride(), view.stride};
  }
  [[nodiscard]] T* at(Index sample, Index pixel) const { return data + sample * sample_stride + pixel * pixel_stride; }
};

/// Whether the weights are so many that sums of their gradients for each part of the batch would cost more traffic than
/// the operands.
[[nodiscard]] constexpr bool wide(const ConvolutionShape& shape, Index batch) {
  const Index rows = batch * shape.geometry.output.pixels();
  const Index parts = std::min(batch, std::clamp<Index>(rows / 512, 8, Partition::kMostParts));
  return parts * shape.weight_size() > rows * (shape.inputs() + shape.outputs());
}

/// Backward of MatrixConvolution where the weights are many beside the activations. Tasks share the weights' gradient
/// out among them and each sums over the whole batch: there are no partial sums. The products go position by position
/// of the window, each over all images, so that no tap that lies in the padding is multiplied.
template <class T>
class WideBackward {
 public:
  WideBackward(const ConvolutionShape& shape, const ConvolutionBackward<T>& pass)
      : shape_(shape),
        pass_(pass),
        pointwise_(pointwise(shape)),
        wanted_(pass.input_gradient.wanted()),
        positions_{pointwise_ ? WindowGeometry{{}, {1, 1, shape.inputs()}, {1, 1, shape.outputs()}} : shape.geometry},
        batch_(pass.output_gradient.gradient.batch),
        samples_(pointwise_ ? batch_ * shape.geometry.output.pixels() : batch_) {}

  [[nodiscard]] static constexpr Index scratch(const ConvolutionShape& shape, Index batch, Index threads) {
    const Index inputs = batch * shape.geometry.input.size();
    const Index outputs = batch * shape.geometry.output.size();
    return weights_size(shape) + 2 * whole_lines<T>(inputs) + whole_lines<T>(outputs) + panels_size(shape, batch) +
           Partition::kMostParts * whole_lines<T>(3 * shape.inputs()) + threads * kBlockRows * kBlockStride;
  }

  [[gnu::cold]] void run() {
    T* const inputs = pass_.scratch + weights_size(shape_);
    T* const gradients = inputs + whole_lines<T>(batch_ * shape_.geometry.input.size());
    T* const products = gradients + whole_lines<T>(batch_ * shape_.geometry.output.size());
    panels_ = products + whole_lines<T>(batch_ * shape_.geometry.input.size());
    sums_ = panels_ + panels_size(shape_, batch_);
    threads_ = sums_ + Partition::kMostParts * whole_lines<T>(3 * shape_.inputs());
    read_operands(inputs, gradients);
    pack_gradients();
    write_weight_gradient();
    if (pass_.bias_gradient != nullptr) write_bias_gradient();
    if (wanted_) write_input_gradient(products);
  }

 private:
  [[nodiscard]] static constexpr Index weights_size(const ConvolutionShape& shape) {
    const Index taps = shape.geometry.window.kernel * shape.geometry.window.kernel;
    return whole_lines<T>(shape.groups * taps * group_outputs(shape) * Panels<T>::padded(group_inputs(shape)));
  }
  [[nodiscard]] static constexpr Index panels_size(const ConvolutionShape& shape, Index batch) {
    return whole_lines<T>(batch * shape.geometry.output.pixels() * shape.groups *
                          Panels<T>::padded(group_outputs(shape)));
  }

  /// A thread's block of copied rows.
  [[nodiscard]] T* block_of(Index thread) const { return threads_ + thread * kBlockRows * kBlockStride; }

  /// Finds input and output gradient in memory, or writes them there.
  void read_operands(T* inputs, T* gradients) {
    TensorView<const T> input = pass_.input.raw;
    if (!pass_.input.identity()) {
      const Index channels = shape_.inputs();
      pass_.team.for_parts(input.pixels(), [&](Range pixels, Index) {
        materialize(pass_.input, pixels.begin, pixels.size(), inputs + pixels.begin * channels, channels);
      });
      input = {inputs, batch_, shape_.geometry.input};
    }
    TensorView<const T> gradient = pass_.output_gradient.gradient;
    if (!pass_.output_gradient.identity()) {
      const Index channels = shape_.outputs();
      pass_.team.for_parts(gradient.pixels(), [&](Range pixels, Index) {
        materialize(pass_.output_gradient, pixels.begin, pixels.size(), gradients + pixels.begin * channels, channels);
      });
      gradient = {gradients, batch_, shape_.geometry.output};
    }
    inputs_ = SampleRows<const T>::of(input, pointwise_);
    gradients_ = SampleRows<const T>::of(gradient, pointwise_);
  }

  /// The panels of a block of samples at an output pixel.
  [[nodiscard]] T* panels(Index group, Index pixel, Index first_sample) const {
    const Index padded = Panels<T>::padded(group_outputs(shape_));
    return panels_ + ((group * positions_.outputs() + pixel) * samples_ + first_sample) * padded;
  }

  void pack_gradients() const {
    const RowBlocks blocks{samples_};
    const Index pixels = positions_.outputs();
    const Index channels = group_outputs(shape_);
    pass_.team.for_each(shape_.groups * pixels * blocks.count(), [&](Index task, Index) {
      const Range block = blocks[task % blocks.count()];
      const Index pixel = task / blocks.count() % pixels;
      const Index group = task / blocks.count() / pixels;
      const T* const from = gradients_.at(block.begin, pixel) + group * channels;
      pack_rows<T>(block.size(), channels, {0, block.size()}, {from, gradients_.sample_stride},
                   panels(group, pixel, block.begin));
    });
  }

  /// Rows of the weights that a tile has, and the number of tiles of a tap.
  static constexpr Index kTile = detail::kTileRows<2>;
  [[nodiscard]] Index tiles() const { return (group_inputs(shape_) + kTile - 1) / kTile; }

  void write_weight_gradient() const {
    const Index all = shape_.groups * positions_.taps() * tiles();
    const Index tasks = std::min<Index>(all, 4 * pass_.team.threads());
    pass_.team.for_each(tasks, [&](Index task, Index thread) {
      write_weight_gradient(Share{task, tasks}.of(all), block_of(thread));
    });
  }

  /// The weights' gradient for a range of tiles, tap after tap.
  [[gnu::noinline]] void write_weight_gradient(Range range, T* block) const {
    for (Index tile = range.begin; tile < range.end;) {
      const Index matrix = tile / tiles();
      const Index first = tile % tiles();
      const Index count = std::min({tiles() - first, range.end - tile, DepthBlocks::kMost / kTile});
      const Range channels{first * kTile, std::min((first + count) * kTile, group_inputs(shape_))};
      write_weight_gradient(matrix / positions_.taps(), matrix % positions_.taps(), channels, block);
      tile += count;
    }
  }

  /// The weights' gradient for some input channels of a tap.
  void write_weight_gradient(Index group, Index tap, Range channels, T* block) const {
    const Index outputs = group_outputs(shape_);
    const MatrixRows<T> to{
        pass_.weight_gradient + (tap * group_inputs(shape_) + channels.begin) * shape_.outputs() + group * outputs,
        shape_.outputs()};
    const RowBlocks blocks{samples_};
    bool written = false;
    for (Index pixel = 0; pixel < positions_.outputs(); ++pixel) {
      const Index input = positions_.input(pixel, tap);
      for (Index b = 0; b < blocks.count() && input >= 0; ++b) {
        const T* const from = inputs_.at(0, input) + group * group_inputs(shape_);
        const auto images = run_patches(from, inputs_.sample_stride, samples_, group_inputs(shape_));
        copy_patches(images, blocks[b], channels, block, kBlockStride);
        multiply_transposed<T>(channels.size(), {block, kBlockStride},
                               {.b = {panels(group, pixel, blocks[b].begin), blocks[b].size(), outputs},
                                .columns = {0, outputs},
                                .ends = {.accumulate = written},
                                .c = to});
        written = true;
      }
    }
    for (Index row = 0; row < channels.size() && !written; ++row) std::fill_n(to.from(row).data, outputs, T{0});
  }

  void write_bias_gradient() const {
    const Index outputs = group_outputs(shape_);
    const Index panels_of_group = (outputs + Panels<T>::widest - 1) / Panels<T>::widest;
    pass_.team.for_each(shape_.groups * panels_of_group, [&](Index task, Index) {
      write_bias_gradient(task / panels_of_group, task % panels_of_group * Panels<T>::widest);
    });
  }

  /// The bias' gradient for the panel of a group that begins with a column.
  [[gnu::noinline]] void write_bias_gradient(Index group, Index first) const {
    const Index outputs = group_outputs(shape_);
    const RowBlocks blocks{samples_};
    const Range columns{first, std::min(first + Panels<T>::widest, outputs)};
    T* const to = pass_.bias_gradient + group * outputs;
    std::fill(to + columns.begin, to + columns.end, T{0});
    for (Index pixel = 0; pixel < positions_.outputs(); ++pixel) {
      for (Index b = 0; b < blocks.count(); ++b) {
        add_column_sums<T>({panels(group, pixel, blocks[b].begin), blocks[b].size(), outputs}, columns, to);
      }
    }
  }

  void write_input_gradient(T* products) const {
    pack_gradient_weights(pass_.team, shape_, pass_.weights, pass_.scratch);
    const GradientEpilogue<T>& epilogue = pass_.input_gradient;
    const bool direct = epilogue.identity();
    const TensorView<T> to = direct ? epilogue.target : TensorView<T>{products, batch_, shape_.geometry.input};
    multiply_gradients(SampleRows<T>::of(to, pointwise_));
    if (direct) return;
    const Partition partition{batch_ * shape_.geometry.input.pixels()};
    const Index stride = whole_lines<T>(3 * shape_.inputs());
    pass_.team.for_each(partition.parts(), [&](Index part, Index) {
      const Range pixels = partition[part];
      std::fill_n(sums_ + part * stride, stride, T{0});
      apply_epilogue<T>(epilogue, pixels, {products + pixels.begin * shape_.inputs(), shape_.inputs()},
                        sums_ + part * stride);
    });
    write_norm_gradients<T>(pass_.team, epilogue, {sums_, partition.parts(), stride});
  }

  /// Input gradients, a task a block of samples at a pixel and a share of the channels.
  void multiply_gradients(const SampleRows<T>& to) const {
    const RowBlocks blocks{samples_};
    const Index panels = (group_inputs(shape_) + Panels<T>::widest - 1) / Panels<T>::widest;
    const Index units = shape_.groups * positions_.inputs() * blocks.count();
    const Index shares = std::clamp<Index>(4 * pass_.team.threads() / units, 1, panels);
    pass_.team.for_each(units * shares, [&](Index task, Index thread) {
      const Index unit = task / shares;
      const Range share = Share{task % shares, shares}.of(panels);
      const Range columns{share.begin * Panels<T>::widest,
                          std::min(share.end * Panels<T>::widest, group_inputs(shape_))};
      const Index pixel = unit / blocks.count() % positions_.inputs();
      multiply_gradients(unit / blocks.count() / positions_.inputs(), pixel, blocks[unit % blocks.count()], columns, to,
                         block_of(thread));
    });
  }

  void multiply_gradients(Index group, Index pixel, Range samples, Range columns, const SampleRows<T>& to,
                          T* block) const {
    const Index outputs = group_outputs(shape_);
    const Index inputs = group_inputs(shape_);
    const Factors<T> factors{pass_.scratch, factor_blocks(shape_, positions_.taps() * outputs, inputs), inputs};
    const MatrixRows<T> rows{to.at(samples.begin, pixel) + group * group_inputs(shape_), to.sample_stride};
    bool written = false;
    for (Index tap = 0; tap < positions_.taps(); ++tap) {
      const Index output = positions_.output(pixel, positions_.taps() - 1 - tap);
      if (output < 0) continue;
      const auto images =
          run_patches(gradients_.at(0, output) + group * outputs, gradients_.sample_stride, samples_, outputs);
      factors.for_blocks(group, {tap * outputs, (tap + 1) * outputs}, [&](Range depth, const PanelMatrix<T>& weights) {
        const Range channels{depth.begin - tap * outputs, depth.end - tap * outputs};
        const auto from = patch_rows(images, samples, channels, block, kBlockStride);
        multiply<T>(samples.size(), from,
                    {.b = weights, .columns = columns, .ends = {.accumulate = written}, .c = rows});
        written = true;
      });
    }
    for (Index n = 0; n < samples.size() && !written; ++n) {
      std::fill(rows.from(n).data + columns.begin, rows.from(n).data + columns.end, T{0});
    }
  }

  const ConvolutionShape& shape_;
  const ConvolutionBackward<T>& pass_;
  bool pointwise_;
  bool wanted_;
  WindowPositions positions_;
  Index batch_;
  Index samples_;  ///< rows of the matrices
  SampleRows<const T> inputs_{};
  SampleRows<const T> gradients_{};
  T* panels_ = nullptr;
  T* sums_ = nullptr;
  T* threads_ = nullptr;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::matrix
