#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/kernels/matrix_weights.hpp>
#include <lamina/kernels/moments.hpp>
#include <lamina/kernels/window_positions.hpp>
#include <lamina/kernels/window_product.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::matrix {

/// Whether the products of forward go position by position of the window, each over many images: no tap that lies in
/// the padding is multiplied then. There must be many products for each tap.
[[nodiscard, gnu::noinline]] constexpr bool forward_by_position(const ConvolutionShape& shape, Index batch) {
  return batch >= 48 && group_inputs(shape) >= 128 && WindowPositions{shape.geometry}.sparse();
}

/// How forward is shared out: units of rows, in inference bands of an image's rows where there are fewer images than
/// threads, and shares of the columns where there are still too few.
struct ForwardTasks {
  Units units;
  Index parts = 1;  ///< runs of units with moments of their own
  Index bands = 1;  ///< of a unit
  Index shares = 1;

  [[nodiscard]] constexpr Partition partition() const { return {units.count(), parts}; }
  [[nodiscard]] constexpr Index tasks() const { return partition().parts() * bands * shares; }
};

/// @param divisible  whether an image may be cut into bands
/// @param moments    whether moments are summed
template <class T>
[[nodiscard]] constexpr ForwardTasks forward_tasks(const ConvolutionShape& shape, Index batch, Index threads,
                                                   bool moments, bool divisible) {
  ForwardTasks tasks{.units = Units::of(shape, batch)};
  if (forward_by_position(shape, batch)) {
    tasks.units.images = RowBlocks{batch}.size();
    divisible = false;
  }
  tasks.parts = moments ? Partition::kMostParts : tasks.units.count();
  const Shape& output = shape.geometry.output;
  const auto balanced = [threads](Index count) {
    const Index rounds = (count + threads - 1) / threads;
    return 10 * count >= 9 * rounds * threads;
  };
  const Index parts = tasks.partition().parts();
  if (divisible && tasks.units.images != 0 && !balanced(parts)) {
    const Index most = std::clamp<Index>(tasks.units.size(output.pixels()) / 32, 1, output.height);
    while (tasks.bands < most && !balanced(parts * tasks.bands)) ++tasks.bands;
  }
  const Index panels = shape.groups > 1 ? 1 : (group_outputs(shape) + Panels<T>::widest - 1) / Panels<T>::widest;
  while (tasks.shares < panels && !balanced(parts * tasks.bands * tasks.shares)) ++tasks.shares;
  return tasks;
}

/// Forward of MatrixConvolution.
template <class T>
class Forward {
 public:
  Forward(const ConvolutionShape& shape, const ConvolutionForward<T>& pass) : shape_(shape), pass_(pass) {}

  /// Values of the prepared weights, and of the bias behind them.
  [[nodiscard]] static constexpr Index weights_size(const ConvolutionShape& shape) {
    return whole_lines<T>(shape.groups * shape.depth() * Panels<T>::padded(group_outputs(shape)));
  }
  [[nodiscard]] static constexpr Index prepared_size(const ConvolutionShape& shape) {
    return weights_size(shape) + whole_lines<T>(shape.groups * bias_size(shape));
  }
  [[nodiscard]] static constexpr Index scratch(const ConvolutionShape& shape, Index batch, Index threads) {
    return prepared_size(shape) + moments_size<T>(shape.outputs()) * Partition::kMostParts +
           (forward_by_position(shape, batch) ? whole_lines<T>(batch * shape.geometry.input.size()) : 0) +
           threads * thread_size(shape, Units::of(shape, batch));
  }

  [[gnu::noinline]] static void prepare(const Team* team, const ConvolutionShape& shape, const T* weights,
                                        const T* bias, T* prepared) {
    pack_weights(team, shape, weights, prepared);
    T* const to = prepared + weights_size(shape);
    std::fill_n(to, shape.groups * bias_size(shape), T{0});
    const Index outputs = group_outputs(shape);
    for (Index g = 0; g < shape.groups && bias != nullptr; ++g) {
      std::copy_n(bias + g * outputs, outputs, to + g * bias_size(shape));
    }
  }

  [[gnu::cold]] void run() {
    T* const moments = pass_.scratch + prepared_size(shape_);
    T* const values = moments + moments_size<T>(shape_.outputs()) * Partition::kMostParts;
    const Index batch = pass_.output.batch;
    by_position_ = forward_by_position(shape_, batch);
    reads_ahead_ = reads_ahead(shape_, batch);
    T* const threads = values + (by_position_ ? whole_lines<T>(batch * shape_.geometry.input.size()) : 0);
    if (pass_.prepared == nullptr) prepare(&pass_.team, shape_, pass_.weights, pass_.bias, pass_.scratch);
    prepared_ = pass_.prepared == nullptr ? pass_.scratch : pass_.prepared;
    input_ = pass_.input;
    tasks_ = forward_tasks<T>(shape_, batch, pass_.team.threads(), pass_.mean != nullptr,
                              pass_.mean == nullptr && pass_.kept_input.empty());
    keep_ = !pass_.kept_input.empty();
    slope_ = by_position_ ? T{1} : pass_.epilogue.rectifier_slope();
    if (keep_ && (by_position_ || tasks_.shares > 1)) {
      write_input(pass_.kept_input);
    } else if (by_position_ && !input_.identity()) {
      write_input({values, batch, shape_.geometry.input});
    }
    const Index thread_values = thread_size(shape_, Units::of(shape_, batch));
    pass_.team.for_each(tasks_.tasks(),
                        [&](Index task, Index thread) { run_task(task, moments, threads + thread * thread_values); });
    if (pass_.mean != nullptr) finish_moments(moments);
  }

 private:
  /// What a task works with.
  struct Task {
    Range columns;  ///< of its share
    MomentAccumulator<T>& moments;
    T* tile;                     ///< memory for a block of copied rows, and behind it for copied images
    ReadAhead* ahead = nullptr;  ///< to be asked for in the products
  };
  /// Some channels under a tap of the window.
  struct TapChannels {
    Index group;
    Index tap;
    Range channels;  ///< of the group
  };

  [[nodiscard]] static constexpr Index bias_size(const ConvolutionShape& shape) {
    return Panels<T>::padded(group_outputs(shape));
  }
  [[nodiscard]] static constexpr Index thread_size(const ConvolutionShape& shape, const Units& units) {
    return kBlockRows * kBlockStride + input_size<T>(shape, units);
  }

  /// The columns of a share.
  [[nodiscard]] Range columns_of(Index share) const {
    if (shape_.groups > 1) return {0, shape_.outputs()};
    const Index panels = (shape_.outputs() + Panels<T>::widest - 1) / Panels<T>::widest;
    const Range range = Share{share, tasks_.shares}.of(panels);
    return {range.begin * Panels<T>::widest, std::min(range.end * Panels<T>::widest, shape_.outputs())};
  }

  /// Writes the input's values before anything else, for many tasks to read.
  void write_input(TensorView<T> to) {
    pass_.team.for_parts(input_.raw.pixels(), [&](Range pixels, Index) {
      read_pixels(pass_.input, pixels.begin, pixels.size(), to.data + pixels.begin * to.stride, to.stride);
    });
    input_ = {.raw = to};
    keep_ = false;
  }

  void keep(Range pixels) const {
    const TensorView<T>& kept = pass_.kept_input;
    read_pixels(pass_.input, pixels.begin, pixels.size(), kept.data + pixels.begin * kept.stride, kept.stride);
  }

  [[gnu::noinline]] void run_task(Index task, T* moments, T* scratch) const {
    const Index part = task / (tasks_.bands * tasks_.shares);
    const Share band{task / tasks_.shares % tasks_.bands, tasks_.bands};
    const Range columns = columns_of(task % tasks_.shares);
    const Range units = tasks_.partition()[part];
    MomentAccumulator<T> part_moments(shape_.outputs(), pass_.mean == nullptr ? Range{} : columns,
                                      moments + part * moments_size<T>(shape_.outputs()));
    const Task work{.columns = columns, .moments = part_moments, .tile = scratch};
    for (Index unit = units.begin; unit < units.end; ++unit) {
      if (by_position_) {
        run_positions(tasks_.units.samples(unit), work);
      } else {
        run_unit(unit, band, work);
      }
    }
  }

  [[gnu::noinline]] void run_unit(Index unit, Share band, Task work) const {
    const Shape& output = shape_.geometry.output;
    const Range rows = band.of(output.height);
    Expression<T> input = input_;
    if (keep_) {
      keep(tasks_.units.of_pixels(unit, shape_.geometry.input.pixels()));
      input = {.raw = pass_.kept_input};
    }
    T* const buffer = work.tile + kBlockRows * kBlockStride;
    const Range pixels = tasks_.units.of_pixels(unit, output.pixels());
    ReadAhead ahead = ahead_of(unit + 1);
    work.ahead = &ahead;
    if (tasks_.units.images == 0) {
      return run_rows(run_of(input, pixels, group_inputs(shape_), buffer), {0, pixels.size()}, pixels.begin, work);
    }
    const Range samples = tasks_.units.samples(unit);
    const auto patches = image_patches(shape_, input, {.samples = samples, .rows = rows, .copy = windows()}, buffer);
    // Bands of several images are not one run of pixels of the output.
    const Index together = band.count == 1 ? samples.size() : 1;
    for (Index n = 0; n < samples.size(); n += together) {
      const Range positions{n * patches.positions(), (n + together) * patches.positions()};
      const Index first = pixels.begin + n * output.pixels() + rows.begin * output.width;
      run_rows(patches, positions, first, work);
    }
  }

  /// What a unit will read and write, to be asked for in the products of the one before.
  [[nodiscard, gnu::noinline]] ReadAhead ahead_of(Index unit) const {
    ReadAhead ahead;
    if (!reads_ahead_ || tasks_.shares > 1 || unit >= tasks_.units.count()) return ahead;
    const Range inputs = tasks_.units.of_pixels(unit, shape_.geometry.input.pixels());
    const Range outputs = tasks_.units.of_pixels(unit, shape_.geometry.output.pixels());
    ahead.add(input_.raw, inputs);
    ahead.add(input_.addend, inputs);
    if (keep_) ahead.add(pass_.kept_input, inputs);
    ahead.add(pass_.output, outputs);
    ahead.divide(factors().blocks.count() * shape_.groups * detail::tiles_of<T>(outputs.size(), group_outputs(shape_)));
    return ahead;
  }

  /// The output's pixels from `first` on, for a range of positions.
  void run_rows(const Patches<const T>& patches, Range positions, Index first, const Task& work) const {
    const RowBlocks blocks{positions.size()};
    for (Index b = 0; b < blocks.count(); ++b) {
      const Range block{positions.begin + blocks[b].begin, positions.begin + blocks[b].end};
      const Index pixel = first + blocks[b].begin;
      const MatrixRows<T> output{pass_.output.data + pixel * pass_.output.stride, pass_.output.stride};
      for (Index g = 0; g < shape_.groups; ++g) multiply_block(patches, g, block, output, work);
      finish_block(pixel, block.size(), work);
    }
  }

  /// The output of some samples, one block of the weights after the other.
  void run_positions(Range samples, const Task& work) const {
    const Index channels = group_inputs(shape_);
    for (Index g = 0; g < shape_.groups; ++g) {
      for (Index tap = 0; tap * channels < shape_.depth(); ++tap) {
        factors().for_blocks(g, {tap * channels, (tap + 1) * channels}, [&](Range depth, const PanelMatrix<T>& block) {
          const Range of_tap{depth.begin - tap * channels, depth.end - tap * channels};
          multiply_positions(samples, {.group = g, .tap = tap, .channels = of_tap}, block, work);
        });
      }
    }
    const Index pixels = shape_.geometry.output.pixels();
    finish_block(samples.begin * pixels, samples.size() * pixels, work);
  }

  /// Adds the products of some channels' weights of a tap to all positions.
  void multiply_positions(Range samples, const TapChannels& of, const PanelMatrix<T>& weights, const Task& work) const {
    const auto& [group, tap, channels] = of;
    const WindowPositions positions{shape_.geometry};
    const Index outputs = group_outputs(shape_);
    for (Index position = 0; position < positions.outputs(); ++position) {
      const Index input = positions.input(position, tap);
      if (input < 0) continue;
      const bool first = channels.begin == 0 && tap == first_tap(positions, position);
      const T* const from = input_.raw.sample(samples.begin) + input * input_.raw.stride + group * group_inputs(shape_);
      const auto images = run_patches<const T>(from, input_.raw.sample_stride(), samples.size(), group_inputs(shape_));
      const auto rows = patch_rows(images, {0, samples.size()}, channels, work.tile, kBlockStride);
      T* const to = pass_.output.sample(samples.begin) + position * pass_.output.stride + group * outputs;
      multiply<T>(samples.size(), rows,
                  {.b = weights,
                   .columns = columns_of_group(work),
                   .ends = {.bias = first ? bias_of(group) : nullptr, .accumulate = !first},
                   .c = {to, pass_.output.sample_stride()}});
    }
  }

  /// The first tap of a position that is not in the padding.
  [[nodiscard]] static Index first_tap(const WindowPositions& positions, Index position) {
    Index tap = 0;
    while (tap < positions.taps() && positions.input(position, tap) < 0) ++tap;
    return tap;
  }

  /// The weights.
  [[nodiscard]] Factors<T> factors() const {
    const Index outputs = group_outputs(shape_);
    return {prepared_, factor_blocks(shape_, shape_.depth(), outputs), outputs};
  }
  [[nodiscard]] bool windows() const { return reads_windows(shape_, shape_.depth(), group_outputs(shape_)); }
  [[nodiscard]] const T* bias_of(Index group) const {
    return prepared_ + weights_size(shape_) + group * bias_size(shape_);
  }

  /// The columns of a group's factor that a task computes.
  [[nodiscard]] Range columns_of_group(const Task& work) const {
    return shape_.groups == 1 ? work.columns : Range{0, group_outputs(shape_)};
  }

  [[gnu::noinline]] void multiply_block(const Patches<const T>& patches, Index group, Range positions,
                                        MatrixRows<T> output, const Task& work) const {
    factors().for_blocks(group, {0, shape_.depth()}, [&](Range depth, const PanelMatrix<T>& weights) {
      const bool first = depth.begin == 0;
      const MatrixProduct<T> product{.b = weights,
                                     .columns = columns_of_group(work),
                                     .ends = {.bias = first ? bias_of(group) : nullptr,
                                              .accumulate = !first,
                                              .slope = depth.end == shape_.depth() ? slope_ : T{1}},
                                     .c = output.from(0, group * group_outputs(shape_)),
                                     .ahead = work.ahead};
      if (windows()) return multiply_windows(patches, positions, product);
      const auto rows = patch_rows(patches.group(group), positions, depth, work.tile, kBlockStride);
      multiply(positions.size(), rows, product);
    });
  }

  [[gnu::noinline]] void finish_block(Index pixel, Index count, const Task& work) const {
    const Range columns = work.columns;
    const Index stride = pass_.output.stride;
    T* const values = pass_.output.data + pixel * stride + columns.begin;
    if (!pass_.epilogue.identity() && slope_ == T{1}) {
      Expression<T> epilogue = pass_.epilogue;
      epilogue.raw = pass_.output;
      materialize(epilogue.channels(columns.begin, columns.size()), pixel, count, values, stride);
    }
    if (pass_.mean != nullptr) work.moments.add(count, values, stride);
  }

  [[gnu::noinline]] void finish_moments(const T* moments) const {
    const Partition partition = tasks_.partition();
    const Index pixels = shape_.geometry.output.pixels();
    PartSizes sizes{.parts = partition.parts()};
    for (Index part = 0; part < sizes.parts; ++part) {
      const Range units = partition[part];
      sizes.sizes[static_cast<std::size_t>(part)] =
          tasks_.units.of_pixels(units.end - 1, pixels).end - tasks_.units.of_pixels(units.begin, pixels).begin;
    }
    merge_moments<T>(sizes, shape_.outputs(), moments, {pass_.mean, pass_.variance});
  }

  const ConvolutionShape& shape_;
  const ConvolutionForward<T>& pass_;
  Expression<T> input_{};
  ForwardTasks tasks_{};
  const T* prepared_ = nullptr;
  bool reads_ahead_ = false;
  bool by_position_ = false;  ///< see forward_by_position
  bool keep_ = false;         ///< whether tasks write the kept input
  T slope_ = 1;               ///< of an epilogue that products apply; 1 for any other
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::matrix
