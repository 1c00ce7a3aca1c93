#pragma once

#include <algorithm>

#include <lamina/core/instruction_set.hpp>
#include <lamina/core/rounding.hpp>
#include <lamina/kernels/pooling_pass.hpp>

namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels {

/// Mean of all pixels of a sample: the output is one pixel a sample. Pixels are summed in runs, and the runs in order.
/// Scratch is counted in values of T.
template <class T>
class GlobalAveragePooling {
 public:
  static constexpr Index forward_scratch(const WindowGeometry& geometry, Index batch, Index threads) {
    const Shape& input = geometry.input;
    return Partition{batch}.parts() * moments_size<T>(input.channels) + threads * thread_size(input);
  }
  static constexpr Index backward_scratch(const WindowGeometry& geometry, Index batch, Index threads) {
    const Shape& input = geometry.input;
    return Partition{batch}.parts() * detail::epilogue_sums_size<T>(input.channels) + threads * thread_size(input);
  }

  static void forward(const WindowGeometry& geometry, const PoolingForward<T>& pass) {
    const Shape& input = geometry.input;
    const Partition partition{pass.output.batch};
    T* const threads = pass.scratch + partition.parts() * moments_size<T>(input.channels);
    pass.team.for_each(partition.parts(), [&](Index part, Index thread) {
      T* const sums = threads + thread * thread_size(input);
      const Range samples = partition[part];
      for (Index n = samples.begin; n < samples.end; ++n) {
        sum_sample(input, pass, n, sums);
        for_channel_vectors<T>(input.channels, [&]<Index Lanes>(Index c) {
          store<T, Lanes>(pass.output.sample(n) + c, load<T, Lanes>(sums + c) / static_cast<T>(input.pixels()));
        });
      }
      if (pass.mean == nullptr) return;
      MomentAccumulator<T> moments(input.channels, pass.scratch + part * moments_size<T>(input.channels));
      moments.add(samples.size(), pass.output.sample(samples.begin), pass.output.stride);
    });
    if (pass.mean == nullptr) return;
    merge_moments<T>(partition, 1, input.channels, pass.scratch, {pass.mean, pass.variance});
  }

  static void backward(const WindowGeometry& geometry, const PoolingBackward<T>& pass) {
    const Shape& input = geometry.input;
    if (!pass.input_gradient.wanted()) return;
    const Partition partition{pass.output_gradient.gradient.batch};
    const Index size = detail::epilogue_sums_size<T>(input.channels);
    T* const threads = pass.scratch + partition.parts() * size;
    pass.team.for_each(partition.parts(), [&](Index part, Index thread) {
      T* const sums = pass.scratch + part * size;
      std::fill_n(sums, size, T{0});
      for (Index n = partition[part].begin; n < partition[part].end; ++n) {
        backward_sample(input, pass, n, threads + thread * thread_size(input), sums);
      }
    });
    write_norm_gradients<T>(pass.team, pass.input_gradient, {pass.scratch, partition.parts(), size});
  }

 private:
  /// A pixel of sums, or of the output's gradient, and a run of pixels.
  static constexpr Index thread_size(const Shape& input) {
    return (1 + detail::kPixelRun) * whole_lines<T>(input.channels);
  }

  static void sum_sample(const Shape& input, const PoolingForward<T>& pass, Index n, T* sums) {
    T* const buffer = sums + whole_lines<T>(input.channels);
    std::fill_n(sums, input.channels, T{0});
    detail::for_pixel_runs(n * input.pixels(), input.pixels(), [&](Index first, Index count) {
      const auto pixels = detail::pixels_of(pass.input, first, count, pass.kept_input, buffer);
      detail::for_channel_blocks<T>(input.channels, [&]<Index Lanes, Index Vectors>(Index c) {
        VectorRow<T, Lanes, Vectors> run;
        detail::sum_pixels<T, Lanes, Vectors>(
            count,
            [&](Index v, Index pixel) { return load<T, Lanes>(pixels.data + pixel * pixels.stride + c + v * Lanes); },
            run);
        for (Index v = 0; v < Vectors; ++v) {
          T* const to = sums + c + v * Lanes;
          store<T, Lanes>(to, load<T, Lanes>(to) + run[v]);
        }
      });
    });
  }

  static void backward_sample(const Shape& input, const PoolingBackward<T>& pass, Index n, T* share, T* sums) {
    T* const buffer = share + whole_lines<T>(input.channels);
    const T weight = T{1} / static_cast<T>(input.pixels());
    materialize(pass.output_gradient, n, 1, share, input.channels);
    detail::for_pixel_runs(n * input.pixels(), input.pixels(), [&](Index first, Index count) {
      const PixelRows<T> gradient = detail::gradients_of(pass.input_gradient, first, buffer);
      for_channel_vectors<T>(input.channels, [&]<Index Lanes>(Index c) {
        const Vector<T, Lanes> value = load<T, Lanes>(share + c) * weight;
        for (Index i = 0; i < count; ++i) store<T, Lanes>(gradient.data + i * gradient.stride + c, value);
      });
      if (pass.input_gradient.identity()) return;
      apply_epilogue(pass.input_gradient, {first, first + count}, gradient, sums);
    });
  }
};

}  // namespace lamina::inline LAMINA_INSTRUCTION_SET::kernels
