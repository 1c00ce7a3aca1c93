#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/kernels/moments.hpp>
#include <lamina/kernels/winograd/pass.hpp>
#include <lamina/kernels/winograd/product.hpp>
#include <lamina/kernels/winograd/tiles.hpp>
#include <lamina/kernels/winograd/weights.hpp>

/// @file
/// Winograd's convolution for narrow layers: each task takes some images, and a block of tiles goes through all stages
/// while it is in the second-level cache, beside the transformed weights.

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd {

/// Sizes of a convolution and of its memory.
template <class T>
struct ImagesPlan {
  /// Tiles a block: with 32 channels, both transformed blocks take 150 KiB and the weights as much.
  static constexpr Index block = 16;
  using Layout = BlockLayout<T, block>;

  const ConvolutionShape& shape;

  [[nodiscard]] Index inputs() const { return shape.inputs(); }
  [[nodiscard]] Index outputs() const { return shape.outputs(); }
  [[nodiscard]] TileGrid grid() const { return TileGrid::of(shape.geometry.output); }
  [[nodiscard]] Layout in() const { return {inputs()}; }
  [[nodiscard]] Layout out() const { return {outputs()}; }
  [[nodiscard]] PanelLayout<T> weights() const { return {inputs(), outputs()}; }
  [[nodiscard]] PanelLayout<T> weights_back() const { return {outputs(), inputs()}; }
  [[nodiscard]] Frame frame() const { return gradient_frame(shape.geometry); }

  /// Images that go through together: enough for small ones to fill the blocks, few enough for the second-level cache.
  [[nodiscard]] Index group() const { return std::clamp<Index>(1024 / shape.geometry.output.pixels(), 1, 16); }

  /// Parts of 512 pixels or more, as the sums of weight gradients cost each part as much as the products of 64 pixels;
  /// but eight parts at least, to keep that many threads busy. A smaller batch has no more parts.
  [[nodiscard]] Partition split(Index batch) const {
    return {.total = batch,
            .most_parts = std::clamp<Index>(batch * shape.geometry.output.pixels() / 512, 8, Partition::kMostParts)};
  }

  /// Parts of a group or less for a number of threads, where nothing is summed over a part.
  [[nodiscard]] Partition groups(Index batch, Index threads) const {
    return {.total = batch, .most_parts = round_up((batch + group() - 1) / group(), threads)};
  }

  [[nodiscard]] Index bias_size() const { return whole_lines<T>(outputs()); }
  [[nodiscard]] Index part_moments() const { return moments_size<T>(outputs()); }
  [[nodiscard]] Index inputs_size() const { return group() * whole_lines<T>(shape.geometry.input.size()); }
  [[nodiscard]] Index outputs_size() const { return group() * whole_lines<T>(shape.geometry.output.size()); }
  [[nodiscard]] Index frames_size() const { return group() * whole_lines<T>(frame().size()); }

  /// What a thread needs in forward: two blocks, and the values of the input.
  [[nodiscard]] Index forward_thread() const { return in().size() + out().size() + inputs_size(); }
  /// What a thread needs in backward: sums of the points, two blocks, values, gradients and gradient frames.
  [[nodiscard]] Index backward_thread() const {
    return weights().size() + in().size() + out().size() + inputs_size() + outputs_size() + frames_size();
  }
  /// Sums of one part of the batch: weight gradients, bias gradients, and those of the gradient epilogue.
  [[nodiscard]] Index weight_sums() const { return whole_lines<T>(shape.weight_size()); }
  [[nodiscard]] Index part_size() const { return weight_sums() + bias_size() + whole_lines<T>(3 * inputs()); }
};

/// Forward and backward of narrow layers.
template <class T, Index InputLanes, Index OutputLanes>
class ByImages {
  using Plan = ImagesPlan<T>;

 public:
  static Index prepared_size(const ConvolutionShape& shape) {
    const Plan plan{shape};
    return plan.weights().size() + plan.bias_size();
  }

  static Index forward_scratch(const ConvolutionShape& shape, Index batch, Index threads) {
    const Plan plan{shape};
    return prepared_size(shape) + plan.split(batch).parts() * plan.part_moments() + threads * plan.forward_thread();
  }

  static Index backward_scratch(const ConvolutionShape& shape, Index batch, Index threads) {
    const Plan plan{shape};
    return plan.weights_back().size() + plan.split(batch).parts() * plan.part_size() + threads * plan.backward_thread();
  }

  static void prepare(const ConvolutionShape& shape, const T* weights, const T* bias, T* prepared) {
    const Plan plan{shape};
    clear_padding(plan.weights(), prepared);
    transform_weights<T, OutputLanes>(WeightsPlace<T>::of(shape, weights), plan.weights(), {0, plan.inputs()},
                                      {0, plan.outputs()}, prepared);
    T* const padded_bias = prepared + plan.weights().size();
    std::fill_n(padded_bias, plan.bias_size(), T{0});
    if (bias != nullptr) std::copy_n(bias, plan.outputs(), padded_bias);
  }

  static void forward(const ConvolutionShape& shape, const ConvolutionForward<T>& pass) {
    const Plan plan{shape};
    if (pass.prepared == nullptr) prepare(shape, pass.weights, pass.bias, pass.scratch);
    const Partition partition =
        pass.mean == nullptr ? plan.groups(pass.output.batch, pass.team.threads()) : plan.split(pass.output.batch);
    T* const moments = pass.scratch + prepared_size(shape);
    T* const threads = moments + plan.split(pass.output.batch).parts() * plan.part_moments();
    const Index shares = shares_of_sample(pass);
    pass.team.for_each(partition.parts() * shares, [&](Index task, Index thread) {
      const ForwardTask run{.plan = plan,
                            .pass = pass,
                            .prepared = pass.prepared == nullptr ? pass.scratch : pass.prepared,
                            .share = {task % shares, shares},
                            .scratch = threads + thread * plan.forward_thread()};
      run(partition[task / shares], moments + task / shares * plan.part_moments());
    });
    if (pass.mean != nullptr) {
      merge_moments<T>(partition, pass.output.shape.pixels(), plan.outputs(), moments, {pass.mean, pass.variance});
    }
  }

  static void backward(const ConvolutionShape& shape, const ConvolutionBackward<T>& pass) {
    const Plan plan{shape};
    T* const prepared = pass.scratch;
    T* const parts = prepared + plan.weights_back().size();
    const Partition partition = plan.split(pass.output_gradient.gradient.batch);
    T* const threads = parts + partition.parts() * plan.part_size();
    if (pass.input_gradient.wanted()) {
      clear_padding(plan.weights_back(), prepared);
      transform_weights_back<T, InputLanes, OutputLanes>(WeightsPlace<T>::of(shape, pass.weights), plan.weights_back(),
                                                         prepared);
    }
    pass.team.for_each(partition.parts(), [&](Index part, Index thread) {
      const BackwardTask run{.plan = plan,
                             .pass = pass,
                             .prepared = prepared,
                             .scratch = threads + thread * plan.backward_thread(),
                             .sums = parts + part * plan.part_size()};
      run(partition[part]);
    });
    sum_parts_of(plan, pass, partition.parts(), parts);
    if (pass.weight_parts == nullptr) return;
    const PartSums<T> sums{parts, partition.parts(), plan.part_size()};
    *pass.weight_parts = measure_parts(pass.team, sums, shape.weight_size(), partition);
  }

 private:
  /// Forward of the images of a task, or of a share of their tiles.
  struct ForwardTask {
    const Plan& plan;
    const ConvolutionForward<T>& pass;
    const T* prepared;
    Share share;
    T* scratch;

    void operator()(Range images, T* moments) const {
      if (plan.in().padded()) std::fill_n(scratch, plan.in().size(), T{0});
      if (pass.mean == nullptr) {
        for_each_block(images, plan.group(), [&](Range samples) { group(samples); });
        return;
      }
      MomentAccumulator<T> sums(plan.outputs(), moments);
      for_each_block(images, plan.group(), [&](Range samples) {
        group(samples);
        sums.add(samples.size() * pass.output.shape.pixels(), pass.output.sample(samples.begin), pass.output.stride);
      });
    }

   private:
    void group(Range samples) const {
      T* const in = scratch;
      T* const out = in + plan.in().size();
      T* const buffer = out + plan.out().size();
      const bool keep = keeps_input(pass);
      const TensorView<T> values = keep ? pass.kept_input.samples(samples.begin, samples.size())
                                        : TensorView<T>{buffer, samples.size(), pass.input.raw.shape};
      const Expression<T> input = readable(pass.input, samples, keep, values);
      const Expression<T> epilogue = epilogue_of(pass);
      const TensorView<T> output = pass.output.samples(samples.begin, samples.size());
      const Range tiles = share.of(samples.size() * plan.grid().tiles());
      ReadAhead ahead = read_ahead(samples, tiles.size());
      for_each_block(tiles, Plan::block, [&](Range block) {
        const Index padding = plan.shape.geometry.window.padding;
        transform_input<T, InputLanes>(TileBlock<typename Plan::Layout>{plan.grid(), block, plan.in(), padding}, input,
                                       in);
        multiply_points(block.size(), in, out, ahead);
        transform_output<T, OutputLanes>(TileBlock<typename Plan::Layout>{plan.grid(), block, plan.out()}, out,
                                         prepared + plan.weights().size(),
                                         epilogue.direct() ? epilogue.from(samples.begin) : Expression<T>{}, output);
      });
      if (!epilogue.direct()) finish(epilogue, samples, pass.output);
    }

    void multiply_points(Index tiles, const T* in, T* out, ReadAhead& ahead) const {
      const PanelLayout<T> weights = plan.weights();
      for (Index point = 0; point < kPoints; ++point) {
        multiply(tiles,
                 Product<T>{.depth = plan.inputs(),
                            .a = in + point * plan.in().point_stride(),
                            .a_group = plan.in().group_stride(),
                            .b = prepared + point * weights.point_stride(),
                            .b_rows = weights.padded_rows(),
                            .c = out + point * plan.out().point_stride(),
                            .c_group = plan.out().group_stride(),
                            .c_columns = weights.padded_columns()},
                 [&] { ahead.fetch(); });
      }
    }

    [[nodiscard]] ReadAhead read_ahead(Range samples, Index tiles) const {
      const Range next{samples.end, std::min(samples.end + plan.group(), pass.output.batch)};
      SamplesAhead<T> ahead;
      ahead.add(pass.input.raw, next);
      ahead.add(pass.input.addend, next);
      ahead.add(pass.kept_input, next);
      ahead.add(pass.output, next);
      return ahead.divided(
          tiles * kPoints * product_steps<T>(Plan::block, plan.weights().padded_columns()) / Plan::block + 1);
    }
  };

  /// Backward of the images of a part.
  struct BackwardTask {
    const Plan& plan;
    const ConvolutionBackward<T>& pass;
    const T* prepared;
    T* scratch;  ///< its sums of points come first, then the blocks
    T* sums;     ///< of the part

    void operator()(Range images) const {
      std::fill_n(scratch, plan.weights().size(), T{0});
      T* const in = scratch + plan.weights().size();
      if (plan.in().padded() || plan.out().padded()) std::fill_n(in, plan.in().size() + plan.out().size(), T{0});
      std::fill_n(sums + plan.weight_sums(), plan.part_size() - plan.weight_sums(), T{0});
      for_each_block(images, plan.group(), [&](Range samples) { group(samples); });
      transform_weight_gradient<T, OutputLanes>(
          plan.weights(), scratch,
          {.data = sums, .tap_stride = plan.inputs() * plan.outputs(), .row_stride = plan.outputs()});
    }

   private:
    [[nodiscard]] bool wanted() const { return pass.input_gradient.wanted(); }

    void group(Range samples) const {
      T* const in = scratch + plan.weights().size();
      T* const out = in + plan.in().size();
      T* const values = out + plan.out().size();
      T* const gradients = values + plan.inputs_size();
      T* const frames = gradients + plan.outputs_size();
      const WindowGeometry& geometry = plan.shape.geometry;
      const Expression<T> input =
          readable(pass.input, samples, false, TensorView<T>{values, samples.size(), geometry.input});
      const GradientExpression<T> gradient =
          readable(pass.output_gradient, samples, TensorView<T>{gradients, samples.size(), geometry.output});
      const Range tiles{0, samples.size() * plan.grid().tiles()};
      ReadAhead ahead = read_ahead(samples, tiles.size());
      for_each_block(tiles, Plan::block, [&](Range block) {
        const TileBlock<typename Plan::Layout> in_block{plan.grid(), block, plan.in(), geometry.window.padding};
        transform_input<T, InputLanes>(in_block, input, in);
        transform_output_gradient<T, OutputLanes>(TileBlock<typename Plan::Layout>{plan.grid(), block, plan.out()},
                                                  gradient, out);
        if (pass.bias_gradient != nullptr) {
          add_bias_gradients(plan.out(), block.size(), out + kOnes * plan.out().point_stride(),
                             sums + plan.weight_sums());
        }
        multiply_points(block.size(), in, out, ahead);
        if (wanted()) transform_input_gradient<T, InputLanes>(in_block, in, plan.frame(), frames);
      });
      if (wanted()) write_input_gradients(samples, frames);
    }

    void multiply_points(Index tiles, T* in, const T* out, ReadAhead& ahead) const {
      const PanelLayout<T> weights = plan.weights();
      const PanelLayout<T> back = plan.weights_back();
      const auto fetch = [&] { ahead.fetch(); };
      for (Index point = 0; point < kPoints; ++point) {
        T* const in_point = in + point * plan.in().point_stride();
        const T* const out_point = out + point * plan.out().point_stride();
        multiply(OuterProduct<T>{.tiles = tiles,
                                 .a = in_point,
                                 .a_group = plan.in().group_stride(),
                                 .a_rows = weights.padded_rows(),
                                 .b = out_point,
                                 .b_group = plan.out().group_stride(),
                                 .b_columns = weights.padded_columns(),
                                 .c = scratch + point * weights.point_stride(),
                                 .add = true},
                 fetch);
        if (!wanted()) continue;
        multiply(tiles,
                 Product<T>{.depth = plan.outputs(),
                            .a = out_point,
                            .a_group = plan.out().group_stride(),
                            .b = prepared + point * back.point_stride(),
                            .b_rows = back.padded_rows(),
                            .c = in_point,
                            .c_group = plan.in().group_stride(),
                            .c_columns = back.padded_columns()},
                 fetch);
      }
    }

    void write_input_gradients(Range samples, T* frames) const {
      const Frame frame = plan.frame();
      for (Index n = samples.begin; n < samples.end; ++n) {
        apply_epilogue_to_frame(pass.input_gradient, n, frame, frames + (n - samples.begin) * frame.size(),
                                sums + plan.weight_sums() + plan.bias_size());
      }
    }

    [[nodiscard]] ReadAhead read_ahead(Range samples, Index tiles) const {
      const Range next{samples.end, std::min(samples.end + plan.group(), pass.output_gradient.gradient.batch)};
      SamplesAhead<T> ahead;
      ahead.add(pass.input.raw, next);
      ahead.add(pass.input.addend, next);
      ahead.add(pass.output_gradient.gradient, next);
      ahead.add(pass.output_gradient.raw, next);
      // What the samples' own gradients go through, but for what the input has brought already.
      const GradientEpilogue<T>& epilogue = pass.input_gradient;
      for (const TensorView<const T>& tensor :
           {epilogue.added, epilogue.norms[0].raw, epilogue.norms[1].raw, TensorView<const T>(epilogue.target)}) {
        if (tensor.data != pass.input.raw.data && tensor.data != pass.input.addend.data) ahead.add(tensor, samples);
      }
      const Index products = wanted() ? product_steps<T>(Plan::block, plan.weights_back().padded_columns()) : 0;
      const Index outer = outer_product_steps<T>(plan.weights().padded_rows(), plan.weights().padded_columns());
      return ahead.divided(tiles * kPoints * (products + outer) / Plan::block + 1);
    }
  };

  /// In inference a batch smaller than the team is shared out within its images.
  static Index shares_of_sample(const ConvolutionForward<T>& pass) {
    const bool divisible =
        pass.mean == nullptr && !keeps_input(pass) && pass.input.direct() && epilogue_of(pass).direct();
    return divisible && pass.output.batch < pass.team.threads() ? pass.team.threads() : 1;
  }

  static void sum_parts_of(const Plan& plan, const ConvolutionBackward<T>& pass, Index parts, const T* sums) {
    const PartSums<T> all{sums, parts, plan.part_size()};
    sum_parts(pass.team, all, plan.shape.weight_size(), pass.weight_gradient);
    const PartSums<T> rest = all.from(plan.weight_sums());
    if (pass.bias_gradient != nullptr) sum_parts(pass.team, rest, plan.outputs(), pass.bias_gradient);
    if (pass.input_gradient.wanted()) {
      write_norm_gradients(pass.team, pass.input_gradient, rest.from(plan.bias_size()));
    }
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::winograd
