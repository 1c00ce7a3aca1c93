#pragma once

#include <algorithm>

#include <lamina/core/tensor.hpp>
#include <lamina/kernels/batch_norm.hpp>
#include <lamina/kernels/deferred.hpp>
#include <lamina/kernels/im2col_convolution.hpp>
#include <lamina/kernels/winograd.hpp>

/// @file
/// Convolution of a batch, with what stands around it done while an image is in the cache. Passes over activations:
/// forward reads the input's raw tensor (and shortcut) and writes the raw output; backward reads the input's raw tensor
/// (and shortcut), the output's gradient and raw tensor, and writes the input's gradient.

namespace lamina::kernels {

/// What forward of a convolution reads and writes.
template <class T>
struct ConvolutionForward {
  const Team& team;
  const T* weights = nullptr;
  const T* bias = nullptr;  ///< null for none
  T* scratch = nullptr;
  Deferred<T> input{};
  T* kept_input = nullptr;  ///< where the input's value goes; null where nobody else needs it
  TensorView<T> output{};
  T* mean = nullptr;  ///< where the output's batch mean and biased variance go; null for none
  T* variance = nullptr;
  /// Applied to the output before it is written: an inference batch norm, shortcut and activation. Its raw tensor is
  /// ignored.
  Deferred<T> after{};
};

/// What backward of a convolution reads and writes.
template <class T>
struct ConvolutionBackward {
  const Team& team;
  const T* weights = nullptr;
  T* scratch = nullptr;
  Deferred<T> input{};  ///< of forward; plain where its value was kept
  DeferredGradient<T> output_gradient{};
  T* weight_gradient = nullptr;
  T* bias_gradient = nullptr;      ///< null for none
  TensorView<T> input_gradient{};  ///< dz of the input (DeferredBackward); empty where nobody wants it
  DeferredBackward<T> before{};
  T* gamma_gradient = nullptr;  ///< of the batch norm in `before`, if any
  T* beta_gradient = nullptr;
};

/// Adds the rows of a rows x Columns matrix to sums.
template <class T, Index Columns>
void add_rows(Index rows, const T* values, T* sums) {
  for_channel_vectors<T>(Columns, [&]<Index Lanes>(Index c) {
    Vector<T, Lanes> sum = load<T, Lanes>(sums + c);
    for (Index row = 0; row < rows; ++row) sum += load<T, Lanes>(values + row * Columns + c);
    store<T, Lanes>(sums + c, sum);
  });
}

/// Runs one of the algorithms over a batch.
template <class Algorithm, class T, Index Inputs, Index Outputs, Index Kernel>
struct Convolution {
  static constexpr Index weight_size = Kernel * Kernel * Inputs * Outputs;

  /// Values of scratch memory.
  static constexpr Index forward_scratch(const WindowGeometry& geometry, Index threads) {
    return aligned(Algorithm::prepared_size) + padded_bias + threads * forward_thread(geometry) + moments_size;
  }
  static constexpr Index backward_scratch(const WindowGeometry& geometry, Index batch, Index threads) {
    return aligned(Algorithm::prepared_size) + threads * backward_thread(geometry) +
           Partition{batch}.parts() * partial_size;
  }

  static void forward(const WindowGeometry& geometry, const ConvolutionForward<T>& pass) {
    T* const prepared = pass.scratch;
    T* const bias = prepared + aligned(Algorithm::prepared_size);
    T* const moments = bias + padded_bias;
    T* const threads = moments + moments_size;
    Algorithm::prepare_forward(pass.weights, prepared);
    std::fill_n(bias, padded_bias, T{0});
    if (pass.bias != nullptr) std::copy_n(pass.bias, Outputs, bias);
    const Partition partition{pass.output.batch};
    pass.team.for_each(partition.parts(), [&](Index part, Index thread) {
      T* const scratch = threads + thread * forward_thread(geometry);
      T* const inputs = scratch + aligned(Algorithm::forward_scratch);
      T* const outputs = inputs + frames_size(geometry, Algorithm::input_frame(geometry));
      clear_borders(geometry, Algorithm::input_frame(geometry), inputs);
      ChannelMoments<T, Outputs> part_moments;
      for_each_group(geometry, partition[part], [&](Range samples) {
        const T* const input = input_frames(geometry, pass.input, samples, inputs, pass.kept_input);
        const bool direct = Algorithm::output_frame(geometry).bare();
        T* const output = direct ? pass.output.sample(samples.begin) : outputs;
        Algorithm::forward(geometry, samples.size(), input, prepared, bias, output, scratch);
        for (Index n = samples.begin; n < samples.end; ++n) {
          if (!direct) crop(geometry, outputs, n - samples.begin, pass.output.sample(n));
          if (pass.mean != nullptr) part_moments.add_sample(geometry.output.pixels(), pass.output.sample(n));
          if (!pass.after.plain()) finish(geometry, pass, n);
        }
      });
      if (pass.mean != nullptr) part_moments.write(moments + 2 * Outputs * part);
    });
    if (pass.mean != nullptr) {
      merge_moments<T, Outputs>(partition, geometry.output.pixels(), moments, pass.mean, pass.variance);
    }
  }

  static void backward(const WindowGeometry& geometry, const ConvolutionBackward<T>& pass) {
    T* const prepared = pass.scratch;
    T* const partial = prepared + aligned(Algorithm::prepared_size);
    const Partition partition{pass.output_gradient.gradient.batch};
    T* const threads = partial + partition.parts() * partial_size;
    const bool wanted = !pass.input_gradient.empty();
    if (wanted) Algorithm::prepare_backward(pass.weights, prepared);
    const Frame input_frame = Algorithm::input_frame(geometry);
    const Frame output_frame = Algorithm::output_frame(geometry);
    pass.team.for_each(partition.parts(), [&](Index part, Index thread) {
      T* const scratch = threads + thread * backward_thread(geometry);
      T* const inputs = scratch + aligned(Algorithm::backward_scratch);
      T* const input_gradients = inputs + frames_size(geometry, input_frame);
      T* const gradients = input_gradients + frames_size(geometry, input_frame);
      T* const sums = partial + part * partial_size;
      std::fill_n(sums + weight_size, partial_size - weight_size, T{0});
      clear_borders(geometry, input_frame, inputs);
      clear_borders(geometry, output_frame, gradients);
      Algorithm::clear_gradients(scratch);
      for_each_group(geometry, partition[part], [&](Range samples) {
        const T* const input = input_frames(geometry, pass.input, samples, inputs, nullptr);
        const T* const gradient = gradient_frames(geometry, pass.output_gradient, samples, gradients);
        Algorithm::backward(geometry, samples.size(), input, prepared, gradient, wanted ? input_gradients : nullptr,
                            scratch);
        if (pass.bias_gradient != nullptr) {
          add_rows<T, Outputs>(samples.size() * output_frame.height * output_frame.width, gradient, sums + weight_size);
        }
        for (Index n = samples.begin; n < samples.end && wanted; ++n) {
          const Index at = (n - samples.begin) * input_frame.size();
          go_back(pass.before, n, input_frame, input + at, input_gradients + at, pass.input_gradient.sample(n),
                  sums + weight_size + Outputs);
        }
      });
      Algorithm::finish_gradients(scratch, sums);
    });
    sum_partial(pass, partition.parts(), partial);
  }

 private:
  static constexpr Index aligned(Index size) { return round_up(size, static_cast<Index>(kAlignment / sizeof(T))); }
  static constexpr Index padded_bias = aligned(Outputs);
  static constexpr Index moments_size = 2 * Outputs * Partition::kMostParts;
  /// Sums of one part of the batch: weight and bias gradients, then gamma's and beta's of the batch norm before.
  static constexpr Index partial_size = aligned(weight_size + Outputs + 2 * Inputs);

  /// Images that go through together: enough for small ones to fill the blocks of an algorithm, few enough for the
  /// second-level cache.
  static constexpr Index group_size(const WindowGeometry& geometry) {
    return std::clamp<Index>(1024 / geometry.output.pixels(), 1, 16);
  }
  /// Values of the frames of a group.
  static constexpr Index frames_size(const WindowGeometry& geometry, const Frame& frame) {
    return aligned(group_size(geometry) * frame.size());
  }
  static constexpr Index forward_thread(const WindowGeometry& geometry) {
    return aligned(Algorithm::forward_scratch) + frames_size(geometry, Algorithm::input_frame(geometry)) +
           frames_size(geometry, Algorithm::output_frame(geometry));
  }
  static constexpr Index backward_thread(const WindowGeometry& geometry) {
    return aligned(Algorithm::backward_scratch) + 2 * frames_size(geometry, Algorithm::input_frame(geometry)) +
           frames_size(geometry, Algorithm::output_frame(geometry));
  }

  template <class Body>
  static void for_each_group(const WindowGeometry& geometry, Range samples, const Body& body) {
    const Index size = group_size(geometry);
    for (Index first = samples.begin; first < samples.end; first += size) {
      body(Range{first, std::min(first + size, samples.end)});
    }
  }

  /// Images are written between the borders, which stay zero.
  static void clear_borders(const WindowGeometry& geometry, const Frame& frame, T* frames) {
    if (!frame.bare()) std::fill_n(frames, frames_size(geometry, frame), T{0});
  }

  static const T* input_frames(const WindowGeometry& geometry, const Deferred<T>& input, Range samples, T* frames,
                               T* kept) {
    const Frame frame = Algorithm::input_frame(geometry);
    if (frame.bare() && input.plain()) return input.raw.sample(samples.begin);
    for (Index n = samples.begin; n < samples.end; ++n) {
      evaluate(input, n, frame, frames + (n - samples.begin) * frame.size(), kept);
    }
    return frames;
  }

  static const T* gradient_frames(const WindowGeometry& geometry, const DeferredGradient<T>& gradient, Range samples,
                                  T* frames) {
    const Frame frame = Algorithm::output_frame(geometry);
    if (frame.bare() && gradient.plain()) return gradient.gradient.sample(samples.begin);
    for (Index n = samples.begin; n < samples.end; ++n) {
      evaluate(gradient, n, frame, frames + (n - samples.begin) * frame.size());
    }
    return frames;
  }

  /// Copies an image out of its frame.
  static void crop(const WindowGeometry& geometry, const T* frames, Index image, T* output) {
    const Frame frame = Algorithm::output_frame(geometry);
    for (Index y = 0; y < frame.image.height; ++y) {
      std::copy_n(frames + image * frame.size() + frame.row(y), frame.row_size(), output + y * frame.row_size());
    }
  }

  static void finish(const WindowGeometry& geometry, const ConvolutionForward<T>& pass, Index sample) {
    Deferred<T> after = pass.after;
    after.raw = pass.output;
    evaluate(after, sample, Frame::of(geometry.output), pass.output.sample(sample));
  }

  static void sum_partial(const ConvolutionBackward<T>& pass, Index parts, const T* partial) {
    sum_parts(pass.team, parts, partial_size, partial, weight_size, pass.weight_gradient);
    const T* const rest = partial + weight_size;
    if (pass.bias_gradient != nullptr) sum_parts(pass.team, parts, partial_size, rest, Outputs, pass.bias_gradient);
    if (pass.before.raw == nullptr || pass.input_gradient.empty()) return;
    sum_parts(pass.team, parts, partial_size, rest + Outputs, Inputs, pass.gamma_gradient);
    sum_parts(pass.team, parts, partial_size, rest + Outputs + Inputs, Inputs, pass.beta_gradient);
  }
};

}  // namespace lamina::kernels
