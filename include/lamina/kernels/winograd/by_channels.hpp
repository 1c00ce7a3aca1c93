#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/kernels/moments.hpp>
#include <lamina/kernels/winograd/direct_forward.hpp>
#include <lamina/kernels/winograd/pass.hpp>
#include <lamina/kernels/winograd/product.hpp>
#include <lamina/kernels/winograd/tiles.hpp>
#include <lamina/kernels/winograd/weights.hpp>

/// @file
/// Winograd's convolution for wide layers, whose transformed weights (four times the weights) fit no cache. A block of
/// a hundred tiles or more is transformed by all threads; then each task takes a slice of the channels: it transforms
/// their weights for some of the channels that they read at a time, multiplies all tiles with them, point by point, and
/// at the end transforms the sums back. Transformed weights never leave the second-level cache, weights are read once a
/// block, and there are no partial sums of weight gradients.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd {

/// Sizes of a convolution and of its memory.
template <class T>
struct ChannelsPlan {
  /// Channels of a slice, and how many of the others are multiplied with it at a time: their transformed weights take
  /// 288 KiB.
  static constexpr Index slice = 2 * kGroup<T>;
  static constexpr Index depth = 4 * kGroup<T>;
  /// Inputs of a task that sums weight gradients.
  static constexpr Index rows = 8 * kGroup<T>;
  /// Weights that are gathered at a time.
  static constexpr Index gathered_size = 9 * GatheredWeights<T>::block * GatheredWeights<T>::panel;
  /// Tiles of a block: enough to make the transforms of the weights cheap beside the products.
  static constexpr Index most_tiles = 128;

  const ConvolutionShape& shape;
  Index batch;

  [[nodiscard]] Index inputs() const { return shape.inputs(); }
  [[nodiscard]] Index outputs() const { return shape.outputs(); }
  [[nodiscard]] Index padding() const { return shape.geometry.window.padding; }
  [[nodiscard]] TileGrid grid() const { return TileGrid::of(shape.geometry.output); }

  [[nodiscard]] Index most_images() const { return std::clamp<Index>(most_tiles / grid().tiles(), 1, batch); }
  /// The blocks, as parts of the batch.
  [[nodiscard]] Partition blocks() const {
    return {.total = batch, .most_parts = (batch + most_images() - 1) / most_images()};
  }
  [[nodiscard]] Index block_tiles() const { return most_images() * grid().tiles(); }
  [[nodiscard]] BlockLayout<T> in() const { return {inputs(), block_tiles()}; }
  [[nodiscard]] BlockLayout<T> out() const { return {outputs(), block_tiles()}; }
  [[nodiscard]] BlockLayout<T> out_slice(Index channels) const { return {channels, block_tiles()}; }

  [[nodiscard]] static constexpr Index slices(Index channels) { return (channels + slice - 1) / slice; }
  [[nodiscard]] static constexpr Range slice_of(Index channels, Index number) {
    return {number * slice, std::min(channels, (number + 1) * slice)};
  }
  [[nodiscard]] Index row_blocks() const { return (inputs() + rows - 1) / rows; }
  [[nodiscard]] Range row_block(Index number) const { return {number * rows, std::min(inputs(), (number + 1) * rows)}; }

  /// A slice of the frame of one image.
  [[nodiscard]] Frame frame(Index channels) const {
    Frame frame = gradient_frame(shape.geometry);
    frame.image.channels = channels;
    return frame;
  }

  [[nodiscard]] Index bias_size() const { return whole_lines<T>(outputs()); }
  [[nodiscard]] Index image_values() const { return whole_lines<T>(shape.geometry.input.size()); }
  [[nodiscard]] Index image_gradients() const { return whole_lines<T>(shape.geometry.output.size()); }
  [[nodiscard]] Index slice_moments() const { return whole_lines<T>(moments_size<T>(slice)); }
  [[nodiscard]] Index slice_sums() const { return 3 * slice; }

  /// Transformed weights of a slice for the largest part of `channels` others.
  [[nodiscard]] static constexpr Index weights(Index channels) {
    return PanelLayout<T>{std::min(channels, depth), slice}.size();
  }
  [[nodiscard]] Index forward_thread() const {
    return std::max(image_values(), weights(inputs()) + out_slice(slice).size()) + gathered_size;
  }
  [[nodiscard]] Index backward_thread() const {
    const Index gradients = weights(outputs()) + out_slice(slice).size() + frame(slice).size();
    const Index sums = PanelLayout<T>{std::min(rows, inputs()), slice}.size();
    return whole_lines<T>(std::max({image_values(), image_gradients(), gradients, sums}));
  }
};

namespace detail {

/// A slice of the channels of a gradient epilogue.
template <class T>
[[nodiscard]] GradientEpilogue<T> channels_of(const GradientEpilogue<T>& epilogue, Range channels) {
  GradientEpilogue<T> part = epilogue;
  part.target = epilogue.target.channels(channels.begin, channels.size());
  if (!epilogue.added.empty()) part.added = epilogue.added.channels(channels.begin, channels.size());
  if (!epilogue.value.raw.empty()) part.value = epilogue.value.channels(channels.begin, channels.size());
  if (epilogue.scale != nullptr) part.scale += channels.begin;
  for (NormSums<T>& norm : part.norms) {
    if (norm.raw.empty()) continue;
    norm.raw = norm.raw.channels(channels.begin, channels.size());
    norm.mean += channels.begin;
    norm.inverse_deviation += channels.begin;
    norm.gamma_gradient += channels.begin;
    norm.beta_gradient += channels.begin;
  }
  return part;
}

}  // namespace detail

/// Forward and backward of wide layers.
template <class T, Index InputLanes, Index OutputLanes>
class ByChannels {
  using Plan = ChannelsPlan<T>;
  using Block = TileBlock<BlockLayout<T>>;

 public:
  /// The weights, slice by slice, and the bias: to transform them each time costs less than to read four times as many.
  static Index prepared_size(const ConvolutionShape& shape) {
    const Plan plan{shape, 1};
    return whole_lines<T>(shape.weight_size()) + plan.bias_size();
  }

  static Index forward_scratch(const ConvolutionShape& shape, Index batch, Index threads) {
    const Plan plan{shape, batch};
    const Index tiled = plan.bias_size() + plan.in().size() +
                        plan.slices(plan.outputs()) * plan.blocks().parts() * plan.slice_moments() +
                        threads * plan.forward_thread();
    return std::max(tiled, DirectForward<T>::scratch(shape));
  }

  static Index backward_scratch(const ConvolutionShape& shape, Index batch, Index threads) {
    const Plan plan{shape, batch};
    return plan.in().size() + plan.out().size() + plan.slices(plan.inputs()) * plan.slice_sums() +
           threads * plan.backward_thread();
  }

  static void prepare(const ConvolutionShape& shape, const T* weights, const T* bias, T* prepared) {
    using Gathered = GatheredWeights<T>;
    for_each_block({0, shape.outputs()}, Gathered::panel, [&](Range outputs) {
      for_each_block({0, shape.inputs()}, Gathered::block, [&](Range inputs) {
        gather_weights(shape, weights, inputs, outputs, prepared + Gathered{shape.inputs()}.offset(inputs, outputs));
      });
    });
    pad_bias(shape, bias, prepared + whole_lines<T>(shape.weight_size()));
  }

  static void forward(const ConvolutionShape& shape, const ConvolutionForward<T>& pass) {
    const Plan plan{shape, pass.output.batch};
    if (DirectForward<T>::pays(shape, pass)) {
      return DirectForward<T>{shape, pass, pass.prepared + whole_lines<T>(shape.weight_size())}.run();
    }
    T* const in = pass.scratch + plan.bias_size();
    T* const moments = in + plan.in().size();
    T* const threads = moments + plan.slices(plan.outputs()) * plan.blocks().parts() * plan.slice_moments();
    if (pass.prepared == nullptr) pad_bias(shape, pass.bias, pass.scratch);
    const ForwardPass run{
        .plan = plan,
        .pass = pass,
        .bias = pass.prepared == nullptr ? pass.scratch : pass.prepared + whole_lines<T>(shape.weight_size()),
        .in = in,
        .moments = moments};
    const Index slices = plan.slices(plan.outputs());
    for (Index block = 0; block < plan.blocks().parts(); ++block) {
      const Range images = plan.blocks()[block];
      pass.team.for_each(images.size(), [&](Index image, Index thread) {
        run.transform(images, images.begin + image, threads + thread * plan.forward_thread());
      });
      pass.team.for_each(slices, [&](Index slice, Index thread) {
        run.slice(block, plan.slice_of(plan.outputs(), slice), threads + thread * plan.forward_thread());
      });
    }
    if (pass.mean != nullptr) run.merge();
  }

  static void backward(const ConvolutionShape& shape, const ConvolutionBackward<T>& pass) {
    const Plan plan{shape, pass.output_gradient.gradient.batch};
    T* const in = pass.scratch;
    T* const out = in + plan.in().size();
    T* const sums = out + plan.out().size();
    T* const threads = sums + plan.slices(plan.inputs()) * plan.slice_sums();
    const BackwardPass run{.plan = plan, .pass = pass, .in = in, .out = out, .sums = sums};
    const Index weight_tasks = plan.slices(plan.outputs()) * plan.row_blocks();
    const Index input_tasks = pass.input_gradient.wanted() ? plan.slices(plan.inputs()) : 0;
    std::fill_n(sums, plan.slices(plan.inputs()) * plan.slice_sums(), T{0});
    for (Index block = 0; block < plan.blocks().parts(); ++block) {
      const Range images = plan.blocks()[block];
      pass.team.for_each(2 * images.size(), [&](Index task, Index thread) {
        T* const scratch = threads + thread * plan.backward_thread();
        const Index image = images.begin + task / 2;
        task % 2 == 0 ? run.transform(images, image, scratch) : run.transform_gradient(images, image, scratch);
      });
      pass.team.for_each(weight_tasks, [&](Index task, Index thread) {
        run.weight_slice(block, task, threads + thread * plan.backward_thread());
      });
      pass.team.for_each(input_tasks, [&](Index task, Index thread) {
        run.input_slice(block, task, threads + thread * plan.backward_thread());
      });
    }
  }

 private:
  static void pad_bias(const ConvolutionShape& shape, const T* bias, T* padded) {
    std::fill_n(padded, whole_lines<T>(shape.outputs()), T{0});
    if (bias != nullptr) std::copy_n(bias, shape.outputs(), padded);
  }

  /// c = a b (+ c), point by point: transformed tiles times a slice of transformed weights.
  static void multiply_slice(Index tiles, const PanelLayout<T>& matrix, const T* b, const BlockLayout<T>& a_layout,
                             const T* a, const BlockLayout<T>& c_layout, T* c, bool add) {
    for (Index point = 0; point < kPoints; ++point) {
      multiply(tiles,
               Product<T>{.depth = matrix.rows,
                          .a = a + point * a_layout.point_stride(),
                          .a_group = a_layout.group_stride(),
                          .b = b + point * matrix.point_stride(),
                          .b_rows = matrix.padded_rows(),
                          .c = c + point * c_layout.point_stride(),
                          .c_group = c_layout.group_stride(),
                          .c_columns = matrix.padded_columns(),
                          .add = add},
               [] {});
    }
  }

  struct ForwardPass {
    const Plan& plan;
    const ConvolutionForward<T>& pass;
    const T* bias;
    T* in;
    T* moments;

    /// Transforms the input of an image of a block.
    void transform(Range block, Index image, T* scratch) const {
      const bool keep = keeps_input(pass);
      const Range sample{image, image + 1};
      const TensorView<T> values =
          keep ? pass.kept_input.samples(image, 1) : TensorView<T>{scratch, 1, plan.shape.geometry.input};
      const Index tiles = plan.grid().tiles();
      transform_input<T, InputLanes>(Block{plan.grid(), {0, tiles}, plan.in(), plan.padding()},
                                     readable(pass.input, sample, keep, values),
                                     in + (image - block.begin) * tiles * kGroup<T>);
    }

    /// Computes a slice of the output of a block.
    void slice(Index block, Range channels, T* scratch) const {
      const Range images = plan.blocks()[block];
      const Range tiles{0, images.size() * plan.grid().tiles()};
      const Index first = channels.begin;
      const Index count = channels.size();
      const BlockLayout<T> layout = plan.out_slice(count);
      T* const out = scratch + plan.weights(plan.inputs());
      for_each_block({0, plan.inputs()}, Plan::depth, [&](Range inputs) {
        transform_slice(channels, inputs, scratch);
        multiply_slice(tiles.size(), PanelLayout<T>{inputs.size(), count}, scratch, plan.in(),
                       in + plan.in().offset(inputs.begin), layout, out, inputs.begin > 0);
      });
      const TensorView<T> output = pass.output.channels(first, count);
      const Expression<T> epilogue = epilogue_of(pass).channels(first, count);
      transform_output<T, OutputLanes>(Block{plan.grid(), tiles, layout}, out, bias + first,
                                       epilogue.direct() ? epilogue.from(images.begin) : Expression<T>{},
                                       output.samples(images.begin, images.size()));
      if (!epilogue.direct()) finish(epilogue, images, output);
      if (pass.mean != nullptr) {
        MomentAccumulator<T> sums(count, moments_of(first) + block * moments_size<T>(count));
        sums.add(images.size() * output.shape.pixels(), output.sample(images.begin), output.stride);
      }
    }

    /// Merges the moments of the blocks.
    void merge() const {
      for (Index slice = 0; slice < plan.slices(plan.outputs()); ++slice) {
        const Range channels = plan.slice_of(plan.outputs(), slice);
        merge_moments<T>(plan.blocks(), pass.output.shape.pixels(), channels.size(), moments_of(channels.begin),
                         {pass.mean + channels.begin, pass.variance + channels.begin});
      }
    }

   private:
    /// Transforms the weights of some inputs and a slice of the outputs to the begin of a thread's scratch.
    void transform_slice(Range outputs, Range inputs, T* scratch) const {
      using Gathered = GatheredWeights<T>;
      const PanelLayout<T> matrix{inputs.size(), outputs.size()};
      clear_padding(matrix, scratch);
      for_each_block(outputs, Gathered::panel, [&](Range columns) {
        for_each_block(inputs, Gathered::block, [&](Range rows) {
          const T* const weights = gathered(rows, columns, scratch + plan.forward_thread() - Plan::gathered_size);
          transform_weights<T, OutputLanes>(Gathered::place(weights, rows, columns), matrix,
                                            {rows.begin - inputs.begin, rows.end - inputs.begin},
                                            {columns.begin - outputs.begin, columns.end - outputs.begin}, scratch);
        });
      });
    }

    /// Weights as GatheredWeights has them: the prepared ones, or such as are gathered to a buffer.
    [[nodiscard]] const T* gathered(Range inputs, Range outputs, T* buffer) const {
      if (pass.prepared != nullptr) return pass.prepared + GatheredWeights<T>{plan.inputs()}.offset(inputs, outputs);
      gather_weights(plan.shape, pass.weights, inputs, outputs, buffer);
      return buffer;
    }

    [[nodiscard]] T* moments_of(Index first_channel) const {
      return moments + first_channel / Plan::slice * plan.blocks().parts() * plan.slice_moments();
    }
  };

  struct BackwardPass {
    const Plan& plan;
    const ConvolutionBackward<T>& pass;
    T* in;
    T* out;
    T* sums;  ///< of the gradient epilogue, slice by slice

    /// Transforms the input of an image of a block.
    void transform(Range block, Index image, T* scratch) const {
      const TensorView<T> values{scratch, 1, plan.shape.geometry.input};
      const Index tiles = plan.grid().tiles();
      transform_input<T, InputLanes>(Block{plan.grid(), {0, tiles}, plan.in(), plan.padding()},
                                     readable(pass.input, {image, image + 1}, false, values),
                                     in + (image - block.begin) * tiles * kGroup<T>);
    }

    /// Transforms the output's gradient of an image of a block.
    void transform_gradient(Range block, Index image, T* scratch) const {
      const TensorView<T> values{scratch, 1, plan.shape.geometry.output};
      const Index tiles = plan.grid().tiles();
      transform_output_gradient<T, OutputLanes>(Block{plan.grid(), {0, tiles}, plan.out()},
                                                readable(pass.output_gradient, {image, image + 1}, values),
                                                out + (image - block.begin) * tiles * kGroup<T>);
    }

    /// Adds a block's gradients of the weights between some inputs and a slice of the outputs, and of its bias.
    void weight_slice(Index block, Index task, T* scratch) const {
      const Range outputs = plan.slice_of(plan.outputs(), task / plan.row_blocks());
      const Range inputs = plan.row_block(task % plan.row_blocks());
      const Index tiles = plan.blocks()[block].size() * plan.grid().tiles();
      const PanelLayout<T> matrix{inputs.size(), outputs.size()};
      for (Index point = 0; point < kPoints; ++point) {
        multiply(OuterProduct<T>{.tiles = tiles,
                                 .a = in + point * plan.in().point_stride() + plan.in().offset(inputs.begin),
                                 .a_group = plan.in().group_stride(),
                                 .a_rows = matrix.padded_rows(),
                                 .b = out + point * plan.out().point_stride() + plan.out().offset(outputs.begin),
                                 .b_group = plan.out().group_stride(),
                                 .b_columns = matrix.padded_columns(),
                                 .c = scratch + point * matrix.point_stride()},
                 [] {});
      }
      transform_weight_gradient<T, OutputLanes>(
          matrix, scratch,
          {.data = pass.weight_gradient + inputs.begin * plan.outputs() + outputs.begin,
           .tap_stride = plan.inputs() * plan.outputs(),
           .row_stride = plan.outputs(),
           .add = block > 0});
      if (pass.bias_gradient != nullptr && inputs.begin == 0) bias_slice(block, outputs, tiles);
    }

    /// Computes a slice of a block's input gradient.
    void input_slice(Index block, Index slice, T* scratch) const {
      const Range channels = plan.slice_of(plan.inputs(), slice);
      const Range images = plan.blocks()[block];
      const Index tiles = plan.grid().tiles();
      const BlockLayout<T> layout = plan.out_slice(channels.size());
      T* const gradient = scratch + plan.weights(plan.outputs());
      for_each_block({0, plan.outputs()}, Plan::depth, [&](Range outputs) {
        const PanelLayout<T> matrix{outputs.size(), channels.size()};
        clear_padding(matrix, scratch);
        transform_weights_back<T, InputLanes, OutputLanes>(
            WeightsPlace<T>::of(plan.shape, pass.weights, channels.begin, outputs.begin), matrix, scratch);
        multiply_slice(images.size() * tiles, matrix, scratch, plan.out(), out + plan.out().offset(outputs.begin),
                       layout, gradient, outputs.begin > 0);
      });
      write_input_gradients(images, channels, gradient, gradient + layout.size());
      if (images.end == plan.batch) write_norms(channels);
    }

   private:
    [[nodiscard]] T* sums_of(Range channels) const { return sums + channels.begin / Plan::slice * plan.slice_sums(); }

    void bias_slice(Index block, Range outputs, Index tiles) const {
      std::array<T, Plan::slice> bias{};
      add_bias_gradients(plan.out_slice(outputs.size()), tiles,
                         out + kOnes * plan.out().point_stride() + plan.out().offset(outputs.begin), bias.data());
      T* const to = pass.bias_gradient + outputs.begin;
      for (Index c = 0; c < outputs.size(); ++c) {
        const T sum = bias[static_cast<std::size_t>(c)];
        to[c] = block == 0 ? sum : to[c] + sum;
      }
    }

    void write_input_gradients(Range images, Range channels, const T* gradient, T* frame_values) const {
      const Frame frame = plan.frame(channels.size());
      const Index tiles = plan.grid().tiles();
      const Block block{plan.grid(), {0, tiles}, plan.out_slice(channels.size()), plan.padding()};
      const GradientEpilogue<T> epilogue = detail::channels_of(pass.input_gradient, channels);
      for (Index n = images.begin; n < images.end; ++n) {
        transform_input_gradient<T, InputLanes>(block, gradient + (n - images.begin) * tiles * kGroup<T>, frame,
                                                frame_values);
        apply_epilogue_to_frame(epilogue, n, frame, frame_values, sums_of(channels));
      }
    }

    /// Writes the gradients of the batch norms' parameters for a slice of the channels.
    void write_norms(Range channels) const {
      const GradientEpilogue<T> epilogue = detail::channels_of(pass.input_gradient, channels);
      const T* const beta = sums_of(channels);
      for (Index k = 0; k < epilogue.norm_count(); ++k) {
        const NormSums<T>& norm = epilogue.norms[static_cast<std::size_t>(k)];
        std::copy_n(beta, channels.size(), norm.beta_gradient);
        std::copy_n(beta + (1 + k) * channels.size(), channels.size(), norm.gamma_gradient);
      }
    }
  };
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd
