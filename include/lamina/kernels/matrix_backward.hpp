#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/kernels/matrix_weights.hpp>
#include <lamina/kernels/window_product.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::matrix {

/// How backward is shared out, and the sizes of its scratch memory in the order in which it lies there.
template <class T>
struct BackwardPlan {
  Units units{};
  Partition partition{};  ///< of the units
  bool strided = false;   ///< the gradients of patches are formed and added up, else those of the input directly
  bool bordered = false;  ///< output gradients lie in frames
  Index weights = 0;      ///< packed weights
  Index sums = 0;         ///< a part's sums of weight gradients
  Index partial = 0;      ///< all sums of a part
  Index inputs = 0;       ///< of a thread: a unit's input
  Index gradients = 0;    ///< a unit's output gradient
  Index panels = 0;       ///< a block's output gradient in panels
  Index tile = 0;         ///< a block of the input gradient, or of the gradients of patches
  Index images = 0;       ///< the input gradient of a unit, where those of patches are added up

  [[nodiscard]] constexpr Index thread() const {
    return kBlockRows * kBlockStride + inputs + gradients + panels + tile + images;
  }
  [[nodiscard]] constexpr Index scratch(Index threads) const {
    return weights + partition.parts() * partial + threads * thread();
  }
};

/// The frame of input images to which gradients of patches are added; all of the image is in it.
[[nodiscard]] constexpr Frame patch_frame(const WindowGeometry& geometry) {
  Frame frame = input_frame(geometry);
  frame.height = std::max(frame.height, frame.border + geometry.input.height);
  frame.width = std::max(frame.width, frame.border + geometry.input.width);
  return frame;
}

/// Rows of a block of gradients of patches, which are long.
[[nodiscard]] constexpr Index patch_rows_of(const ConvolutionShape& shape) {
  return std::clamp<Index>(65536 / shape.depth() / 12 * 12, 12, kBlockRows);
}

/// Whether the input gradient is added up from gradients of patches: always for strides, and where a product of patches
/// of output gradients, with a group's inputs as columns, would take longer.
template <class T>
[[nodiscard]] constexpr bool adds_patches(const ConvolutionShape& shape) {
  const WindowGeometry& geometry = shape.geometry;
  if (geometry.window.stride > 1) return true;
  if (pointwise(shape)) return false;
  // In multiply-adds of vectors, and reads and writes of a sum.
  constexpr Index lanes = kWidestLanes<T>;
  const Index outputs = group_outputs(shape);
  const Index taps = geometry.window.kernel * geometry.window.kernel;
  const Index run = geometry.window.kernel * group_inputs(shape);
  const Index direct = geometry.input.pixels() * taps * outputs * Panels<T>::padded(group_inputs(shape)) / lanes;
  const Index sums = geometry.window.kernel * (3 * (run / lanes + 3) + 10);
  return direct > geometry.output.pixels() * (outputs * Panels<T>::padded(shape.depth()) / lanes + sums);
}

template <class T>
[[nodiscard, gnu::cold]] constexpr BackwardPlan<T> backward_plan(const ConvolutionShape& shape, Index batch) {
  const WindowGeometry& geometry = shape.geometry;
  BackwardPlan<T> plan{.units = Units::of(shape, batch)};
  const Index rows = batch * geometry.output.pixels();
  plan.partition = {plan.units.count(), std::clamp<Index>(rows / 512, 8, Partition::kMostParts)};
  plan.strided = adds_patches<T>(shape);
  plan.bordered = !plan.strided && !pointwise(shape);
  const Index outputs = group_outputs(shape);
  const Index gradient_weights =
      geometry.window.kernel * geometry.window.kernel * outputs * Panels<T>::padded(group_inputs(shape));
  const Index patch_weights = outputs * Panels<T>::padded(shape.depth());
  plan.weights = whole_lines<T>(shape.groups * (plan.strided ? patch_weights : gradient_weights));
  plan.sums = whole_lines<T>(shape.groups * shape.depth() * Panels<T>::padded(outputs));
  plan.partial = whole_lines<T>(plan.sums + shape.outputs() + 3 * shape.inputs());
  plan.inputs = input_size<T>(shape, plan.units);
  if (plan.units.images == 0) {
    plan.gradients = whole_lines<T>(kBlockRows * run_stride(shape.outputs()));
  } else {
    const Frame frame = plan.bordered ? gradient_frame(geometry) : Frame::of(geometry.output);
    plan.gradients = whole_lines<T>(plan.units.images * frame.size() + slack<T>(geometry));
  }
  plan.panels = whole_lines<T>(kBlockRows * shape.groups * Panels<T>::padded(outputs));
  plan.tile = plan.strided ? patch_rows_of(shape) * (shape.depth() + 16) : kBlockRows * shape.inputs();
  plan.tile = whole_lines<T>(plan.tile);
  plan.images = plan.strided ? whole_lines<T>(plan.units.images * patch_frame(geometry).size()) : 0;
  return plan;
}

/// Backward of MatrixConvolution.
template <class T>
class Backward {
 public:
  Backward(const ConvolutionShape& shape, const ConvolutionBackward<T>& pass)
      : shape_(shape),
        pass_(pass),
        wanted_(pass.input_gradient.wanted()),
        reads_ahead_(wanted_ && reads_ahead(shape, pass.output_gradient.gradient.batch)),
        plan_(backward_plan<T>(shape, pass.output_gradient.gradient.batch)),
        weights_(pass.scratch),
        partial_(weights_ + plan_.weights) {}

  [[nodiscard]] static constexpr Index scratch(const ConvolutionShape& shape, Index batch, Index threads) {
    return backward_plan<T>(shape, batch).scratch(threads);
  }

  [[gnu::cold]] void run() {
    if (wanted_) {
      plan_.strided ? pack_patch_weights(pass_.team, shape_, pass_.weights, weights_)
                    : pack_gradient_weights(pass_.team, shape_, pass_.weights, weights_);
    }
    const Index parts = plan_.partition.parts();
    T* const threads = partial_ + parts * plan_.partial;
    pass_.team.for_each(parts, [&](Index part, Index thread) { run_part(part, threads + thread * plan_.thread()); });
    finish(parts);
  }

 private:
  /// Scratch memory of a thread.
  struct Memory {
    T* block;
    T* inputs;
    T* gradients;
    T* panels;
    T* tile;
    T* images;
    ReadAhead* ahead;  ///< to be asked for in the products
  };

  [[nodiscard]] Memory memory(T* scratch) const {
    Memory memory{};
    memory.block = scratch;
    memory.inputs = memory.block + kBlockRows * kBlockStride;
    memory.gradients = memory.inputs + plan_.inputs;
    memory.panels = memory.gradients + plan_.gradients;
    memory.tile = memory.panels + plan_.panels;
    memory.images = memory.tile + plan_.tile;
    return memory;
  }

  [[gnu::noinline]] void run_part(Index part, T* scratch) const {
    T* const sums = partial_ + part * plan_.partial;
    std::fill_n(sums, plan_.partial, T{0});
    const Range units = plan_.partition[part];
    for (Index unit = units.begin; unit < units.end; ++unit) run_unit(unit, sums, scratch);
  }

  void run_unit(Index unit, T* sums, T* scratch) const {
    Memory at = memory(scratch);
    ReadAhead ahead = ahead_of(unit + 1);
    at.ahead = &ahead;
    const Range samples = plan_.units.samples(unit);
    const Range pixels = plan_.units.of_pixels(unit, shape_.geometry.output.pixels());
    const bool run = plan_.units.images == 0;
    const auto inputs =
        run ? run_of(pass_.input, pixels, group_inputs(shape_), at.inputs)
            : image_patches(shape_, pass_.input, {samples, {0, shape_.geometry.output.height}}, at.inputs);
    const auto gradients = run ? gradient_run(pixels, at.gradients) : gradient_images(samples, at.gradients);
    add_weight_gradients(inputs, gradients, pixels.size(), sums, at);
    if (!wanted_) return;
    T* const norm_sums = sums + plan_.sums + shape_.outputs();
    if (plan_.strided) {
      add_patch_gradients(gradients, samples, norm_sums, at);
    } else if (run) {
      write_gradients(gradients, pixels, norm_sums, at);
    } else {
      const Range to = plan_.units.of_pixels(unit, shape_.geometry.input.pixels());
      write_gradients(window_of(gradients), to, norm_sums, at);
    }
  }

  /// What a unit will read and write.
  [[nodiscard, gnu::noinline]] ReadAhead ahead_of(Index unit) const {
    ReadAhead ahead;
    if (!reads_ahead_ || unit >= plan_.units.count()) return ahead;
    const Range inputs = plan_.units.of_pixels(unit, shape_.geometry.input.pixels());
    const Range outputs = plan_.units.of_pixels(unit, shape_.geometry.output.pixels());
    const GradientEpilogue<T>& epilogue = pass_.input_gradient;
    ahead.add(pass_.input.raw, inputs);
    ahead.add(pass_.input.addend, inputs);
    ahead.add(pass_.output_gradient.gradient, outputs);
    ahead.add(pass_.output_gradient.raw, outputs);
    ahead.add(epilogue.target, inputs);
    ahead.add(epilogue.added, inputs);
    if (epilogue.value.raw.data != pass_.input.raw.data) ahead.add(epilogue.value.raw, inputs);
    const Index rows = RowBlocks{outputs.size()}.count() * detail::tiles_of<T>(shape_.depth(), shape_.outputs());
    ahead.divide(rows + detail::tiles_of<T>(inputs.size(), shape_.inputs()));
    return ahead;
  }

  [[nodiscard]] Patches<const T> gradient_run(Range pixels, T* buffer) const {
    const GradientExpression<T>& from = pass_.output_gradient;
    const Index channels = group_outputs(shape_);
    if (from.identity()) {
      return run_patches<const T>(from.gradient.data + pixels.begin * from.gradient.stride, from.gradient.stride,
                                  pixels.size(), channels);
    }
    const Index stride = run_stride(shape_.outputs());
    materialize(from, pixels.begin, pixels.size(), buffer, stride);
    return run_patches<const T>(buffer, stride, pixels.size(), channels);
  }

  /// Output gradients of some samples, one pixel a patch.
  [[nodiscard]] Patches<const T> gradient_images(Range samples, T* buffer) const {
    const Shape& output = shape_.geometry.output;
    const bool framed = plan_.bordered && wanted_;
    const GradientExpression<T>& from = pass_.output_gradient;
    if (from.identity() && !framed) {
      auto patches = run_patches<const T>(from.gradient.sample(samples.begin), from.gradient.stride,
                                          samples.size() * output.pixels(), group_outputs(shape_));
      return patches;
    }
    const Frame frame = framed ? gradient_frame(shape_.geometry) : Frame::of(output);
    fill_frames<T>(from, {frame, Window{}, samples, {0, frame.height}}, buffer);
    auto patches = frame_patches<const T>(buffer, frame, frame.height, Window{}, output, group_outputs(shape_));
    patches.images += frame.row(0);
    return patches;
  }

  /// The patches of gradient_window, given the images from their first pixel on.
  [[nodiscard]] Patches<const T> window_of(const Patches<const T>& gradients) const {
    Patches<const T> patches = gradients;
    patches.window = gradient_window(shape_.geometry.window);
    patches.images -= patches.window.padding * (patches.row_stride + patches.pixel_stride);
    patches.height = shape_.geometry.input.height;
    patches.width = shape_.geometry.input.width;
    return patches;
  }

  /// Adds a unit's weight and bias gradients to the sums.
  void add_weight_gradients(const Patches<const T>& inputs, const Patches<const T>& gradients, Index pixels, T* sums,
                            const Memory& at) const {
    const RowBlocks blocks{pixels};
    for (Index b = 0; b < blocks.count(); ++b) {
      const Index padded = Panels<T>::padded(group_outputs(shape_));
      for (Index g = 0; g < shape_.groups; ++g) {
        T* const panels = at.panels + g * kBlockRows * padded;
        pack_gradients(gradients.group(g), blocks[b], panels);
        if (pass_.bias_gradient != nullptr) {
          const Index outputs = group_outputs(shape_);
          add_column_sums<T>({panels, blocks[b].size(), outputs}, {0, outputs}, sums + plan_.sums + g * outputs);
        }
        add_group_gradients(inputs.group(g), blocks[b], panels, sums + g * shape_.depth() * padded, at);
      }
    }
  }

  void pack_gradients(const Patches<const T>& gradients, Range positions, T* panels) const {
    detail::for_position_runs(gradients, positions, [&](Index first, Index count) {
      const T* const from = gradients.patch(first);
      const Index row = first - positions.begin;
      pack_rows<T>(positions.size(), group_outputs(shape_), {row, row + count},
                   {from - row * gradients.pixel_stride, gradients.pixel_stride}, panels);
    });
  }

  void add_group_gradients(const Patches<const T>& inputs, Range positions, const T* panels, T* sums,
                           const Memory& at) const {
    const Index padded = Panels<T>::padded(group_outputs(shape_));
    const DepthBlocks depths{shape_.depth()};
    for (Index d = 0; d < depths.count(); ++d) {
      const auto rows = patch_rows(inputs, positions, depths[d], at.block, kBlockStride);
      multiply_transposed<T>(depths[d].size(), rows,
                             {.b = {panels, positions.size(), padded},
                              .columns = {0, padded},
                              .ends = {.accumulate = true},
                              .c = {sums + depths[d].begin * padded, padded},
                              .ahead = at.ahead});
    }
  }

  /// Writes the input gradients of some pixels, which are products of patches of output gradients.
  [[gnu::noinline]] void write_gradients(const Patches<const T>& gradients, Range pixels, T* sums,
                                         const Memory& at) const {
    const GradientEpilogue<T>& epilogue = pass_.input_gradient;
    const bool direct = epilogue.identity();
    const RowBlocks blocks{pixels.size()};
    for (Index b = 0; b < blocks.count(); ++b) {
      const Index pixel = pixels.begin + blocks[b].begin;
      const MatrixRows<T> to =
          direct ? MatrixRows<T>{epilogue.target.data + pixel * epilogue.target.stride, epilogue.target.stride}
                 : MatrixRows<T>{at.tile, shape_.inputs()};
      for (Index g = 0; g < shape_.groups; ++g) {
        multiply_gradients(gradients.group(g), g, blocks[b], to.from(0, g * group_inputs(shape_)), at);
      }
      if (!direct) {
        apply_epilogue<T>(epilogue, {pixel, pixel + blocks[b].size()}, {at.tile, shape_.inputs()}, sums);
      }
    }
  }

  [[gnu::noinline]] void multiply_gradients(const Patches<const T>& gradients, Index group, Range positions,
                                            MatrixRows<T> to, const Memory& at) const {
    const Index depth = gradients.depth();
    const Index columns = plan_.strided ? shape_.depth() : group_inputs(shape_);
    const bool windows = !plan_.strided && reads_windows(shape_, depth, columns);
    const Factors<T> factors{weights_, {depth, windows ? depth : DepthBlocks::kMost}, columns};
    factors.for_blocks(group, {0, depth}, [&](Range range, const PanelMatrix<T>& weights) {
      const MatrixProduct<T> product{
          .b = weights, .columns = {0, columns}, .ends = {.accumulate = range.begin > 0}, .c = to, .ahead = at.ahead};
      if (windows) return multiply_windows(gradients, positions, product);
      const auto rows = patch_rows(gradients, positions, range, at.block, kBlockStride);
      multiply(positions.size(), rows, product);
    });
  }

  /// Forms the gradients of patches and adds them up to the input gradients of some samples.
  [[gnu::noinline]] void add_patch_gradients(const Patches<const T>& gradients, Range samples, T* sums,
                                             const Memory& at) const {
    const Frame frame = patch_frame(shape_.geometry);
    std::fill_n(at.images, samples.size() * frame.size(), T{0});
    const auto images = frame_patches<T>(at.images, frame, frame.height, shape_.geometry.window, shape_.geometry.output,
                                         group_inputs(shape_));
    const RowBlocks blocks{samples.size() * shape_.geometry.output.pixels(), patch_rows_of(shape_)};
    const Index stride = shape_.depth() + 16;
    for (Index b = 0; b < blocks.count(); ++b) {
      for (Index g = 0; g < shape_.groups; ++g) {
        multiply_gradients(gradients.group(g), g, blocks[b], {at.tile, stride}, at);
        add_patches(images.group(g), blocks[b], at.tile, stride);
      }
    }
    const Shape& image = shape_.geometry.input;
    for (Index n = 0; n < samples.size(); ++n) {
      for (Index y = 0; y < image.height; ++y) {
        const Index pixel = ((samples.begin + n) * image.height + y) * image.width;
        apply_epilogue<T>(pass_.input_gradient, {pixel, pixel + image.width},
                          {at.images + n * frame.size() + frame.row(y), image.channels}, sums);
      }
    }
  }

  void finish(Index parts) const {
    write_weight_gradient(parts);
    if (pass_.weight_parts != nullptr) measure_weight_gradient(parts);
    const PartSums<T> rest{partial_ + plan_.sums, parts, plan_.partial};
    if (pass_.bias_gradient != nullptr) sum_parts(pass_.team, rest, shape_.outputs(), pass_.bias_gradient);
    if (wanted_) write_norm_gradients(pass_.team, pass_.input_gradient, rest.from(shape_.outputs()));
  }

  /// Sums the parts' weight gradients and leaves out what is beyond the last column.
  [[gnu::noinline]] void write_weight_gradient(Index parts) const {
    const Index outputs = group_outputs(shape_);
    const Index padded = Panels<T>::padded(outputs);
    const PartSums<T> sums{partial_, parts, plan_.partial};
    if (shape_.groups == 1 && padded == outputs) {
      return sum_parts(pass_.team, sums, shape_.weight_size(), pass_.weight_gradient);
    }
    pass_.team.for_parts(shape_.depth(), [&](Range rows, Index) {
      for (Index row = rows.begin; row < rows.end; ++row) {
        for (Index g = 0; g < shape_.groups; ++g) {
          sum_parts(sums.from((g * shape_.depth() + row) * padded), outputs,
                    pass_.weight_gradient + row * shape_.outputs() + g * outputs);
        }
      }
    });
  }

  /// Columns beyond the last are zero. Where a part ends within an image, both parts count their pixels of it.
  void measure_weight_gradient(Index parts) const {
    const Index pixels = shape_.geometry.output.pixels();
    const Index size = shape_.groups * shape_.depth() * Panels<T>::padded(group_outputs(shape_));
    const double all = static_cast<double>(pass_.output_gradient.gradient.batch * pixels);
    const auto share_of = [&](Index part) {
      const Range units = plan_.partition[part];
      const Index begin = plan_.units.of_pixels(units.begin, pixels).begin;
      return static_cast<double>(plan_.units.of_pixels(units.end - 1, pixels).end - begin) / all;
    };
    *pass_.weight_parts = measure_parts(pass_.team, PartSums<T>{partial_, parts, plan_.partial}, size, share_of);
  }

  const ConvolutionShape& shape_;
  const ConvolutionBackward<T>& pass_;
  bool wanted_;
  bool reads_ahead_;  ///< weight gradients alone are too short for it
  BackwardPlan<T> plan_;
  T* weights_;
  T* partial_;
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels::matrix
