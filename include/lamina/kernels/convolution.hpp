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
  const T* bias = nullptr;      ///< null for none
  const T* prepared = nullptr;  ///< what prepare() made of weights and bias before; null to do it now
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

/// Runs one of the algorithms over a batch.
template <class Algorithm, class T, Index Inputs, Index Outputs, Index Kernel>
struct Convolution {
 private:
  static constexpr Index line = static_cast<Index>(kAlignment / sizeof(T));
  static constexpr Index padded_bias = round_up(Outputs, line);

 public:
  static constexpr Index weight_size = Kernel * Kernel * Inputs * Outputs;

  /// Values of scratch memory.
  static constexpr Index forward_scratch(const WindowGeometry& geometry, Index threads) {
    return prepared_size + threads * forward_thread(geometry) + moments_size;
  }
  static constexpr Index backward_scratch(const WindowGeometry& geometry, Index batch, Index threads) {
    return aligned(Algorithm::prepared_size) + threads * backward_thread(geometry) +
           split(geometry, batch).parts() * partial_size;
  }

  /// Values that prepare() writes.
  static constexpr Index prepared_size = round_up(Algorithm::prepared_size, line) + padded_bias;

  /// Brings weights and bias, which may be null, into the form that forward computes with.
  static void prepare(const T* weights, const T* bias, T* prepared) {
    Algorithm::prepare_forward(weights, prepared);
    T* const padded = prepared + aligned(Algorithm::prepared_size);
    std::fill_n(padded, padded_bias, T{0});
    if (bias != nullptr) std::copy_n(bias, Outputs, padded);
  }

  static void forward(const WindowGeometry& geometry, const ConvolutionForward<T>& pass) {
    T* const moments = pass.scratch + prepared_size;
    T* const threads = moments + moments_size;
    if (pass.prepared == nullptr) prepare(pass.weights, pass.bias, pass.scratch);
    const T* const prepared = pass.prepared == nullptr ? pass.scratch : pass.prepared;
    const T* const bias = prepared + aligned(Algorithm::prepared_size);
    const Partition partition =
        pass.mean == nullptr ? Partition{pass.output.batch} : split(geometry, pass.output.batch);
    const Index shares = shares_of_sample(pass);
    pass.team.for_each(partition.parts() * shares, [&](Index task, Index thread) {
      const Index part = task / shares;
      T* const scratch = threads + thread * forward_thread(geometry);
      T* const buffer = scratch + aligned(Algorithm::forward_scratch);
      ChannelMoments<T, Outputs> part_moments;
      for_each_group(geometry, partition[part], [&](Range samples) {
        const Deferred<T> input = readable_input(pass.input, samples, pass.kept_input, buffer);
        const TensorView<T> output = pass.output.samples(samples.begin, samples.size());
        Deferred<T> after = pass.after;
        after.raw = pass.output;
        after = after.from(samples.begin);
        Algorithm::forward(geometry, samples.size(), {task % shares, shares}, input, prepared, bias, after, output.data,
                           scratch, read_ahead(geometry, pass, samples));
        for (Index n = samples.begin; n < samples.end && pass.mean != nullptr; ++n) {
          part_moments.add_sample(geometry.output.pixels(), pass.output.sample(n));
        }
      });
      if (pass.mean != nullptr) part_moments.write(moments + 2 * Outputs * part);
    });
    if (pass.mean != nullptr) {
      merge_moments<T, Outputs>(partition, geometry.output.pixels(), moments, pass.mean, pass.variance);
    }
    if (!pass.after.plain() && !Algorithm::reads_deferred) finish(pass);
  }

  static void backward(const WindowGeometry& geometry, const ConvolutionBackward<T>& pass) {
    T* const prepared = pass.scratch;
    T* const partial = prepared + aligned(Algorithm::prepared_size);
    const Partition partition = split(geometry, pass.output_gradient.gradient.batch);
    T* const threads = partial + partition.parts() * partial_size;
    const bool wanted = !pass.input_gradient.empty();
    if (wanted) Algorithm::prepare_backward(pass.weights, prepared);
    pass.team.for_each(partition.parts(), [&](Index part, Index thread) {
      T* const scratch = threads + thread * backward_thread(geometry);
      T* const inputs = scratch + aligned(Algorithm::backward_scratch);
      T* const gradients = inputs + group_size(geometry) * aligned(geometry.input.size());
      T* const input_gradients = gradients + group_size(geometry) * aligned(geometry.output.size());
      T* const sums = partial + part * partial_size;
      std::fill_n(sums + weight_size, partial_size - weight_size, T{0});
      Algorithm::clear_gradients(scratch);
      for_each_group(geometry, partition[part], [&](Range samples) {
        const Deferred<T> input = readable_input(pass.input, samples, nullptr, inputs);
        const DeferredGradient<T> gradient = readable_gradient(pass.output_gradient, samples, gradients);
        ReadAhead<T> ahead;
        const Range next = following(geometry, samples, partition.total);
        add_samples(ahead, pass.input.raw.data, geometry.input, next);
        add_samples(ahead, pass.input.shortcut, geometry.input, next);
        add_samples(ahead, pass.output_gradient.gradient.data, geometry.output, next);
        add_samples(ahead, pass.output_gradient.raw, geometry.output, next);
        add_samples(ahead, pass.before.added, geometry.input, samples);
        if (pass.before.raw != pass.input.raw.data) add_samples(ahead, pass.before.raw, geometry.input, samples);
        add_samples(ahead, pass.input_gradient.data, geometry.input, samples);
        Algorithm::backward(geometry, samples.size(), input, prepared, gradient, wanted ? input_gradients : nullptr,
                            scratch, ahead);
        if (pass.bias_gradient != nullptr) add_bias_gradients(gradient, samples.size(), sums + weight_size);
        for (Index n = samples.begin; n < samples.end && wanted; ++n) {
          const Frame frame = Algorithm::gradient_frame(geometry);
          go_back(pass.before, pass.input, n, frame, input_gradients + (n - samples.begin) * frame.size(),
                  pass.input_gradient.sample(n), sums + weight_size + Outputs);
        }
      });
      Algorithm::finish_gradients(scratch, sums);
    });
    sum_partial(pass, partition.parts(), partial);
  }

 private:
  static constexpr Index aligned(Index size) { return round_up(size, line); }
  static constexpr Index moments_size = 2 * Outputs * Partition::kMostParts;
  /// Sums of one part of the batch: weight and bias gradients, then gamma's and beta's of the batch norm before.
  static constexpr Index partial_size = aligned(weight_size + Outputs + 2 * Inputs);

  /// Parts of 512 pixels or more, as the sums of weight gradients cost each part as much as the products of 64 pixels;
  /// but eight parts at least, to keep that many threads busy. A smaller batch has no more parts.
  static constexpr Partition split(const WindowGeometry& geometry, Index batch) {
    return {.total = batch,
            .most_parts = std::clamp<Index>(batch * geometry.output.pixels() / 512, 8, Partition::kMostParts)};
  }

  /// Images that go through together: enough for small ones to fill the blocks of an algorithm, few enough for the
  /// second-level cache.
  static constexpr Index group_size(const WindowGeometry& geometry) {
    return std::clamp<Index>(1024 / geometry.output.pixels(), 1, 16);
  }
  static constexpr Index forward_thread(const WindowGeometry& geometry) {
    return aligned(Algorithm::forward_scratch) + group_size(geometry) * aligned(geometry.input.size());
  }
  static constexpr Index backward_thread(const WindowGeometry& geometry) {
    return aligned(Algorithm::backward_scratch) +
           group_size(geometry) * (aligned(geometry.input.size()) + aligned(geometry.output.size()) +
                                   aligned(Algorithm::gradient_frame(geometry).size()));
  }

  template <class Body>
  static void for_each_group(const WindowGeometry& geometry, Range samples, const Body& body) {
    const Index size = group_size(geometry);
    for (Index first = samples.begin; first < samples.end; first += size) {
      body(Range{first, std::min(first + size, samples.end)});
    }
  }

  /// The group of samples that comes next, on this thread but at the end of its share.
  static constexpr Range following(const WindowGeometry& geometry, Range samples, Index batch) {
    return {samples.end, std::min(samples.end + group_size(geometry), batch)};
  }

  /// Small images lie in the third-level cache, and to ask for them costs more than to wait.
  static void add_samples(ReadAhead<T>& ahead, const T* tensor, const Shape& shape, Range samples) {
    constexpr Index small = 64;
    if (tensor == nullptr || shape.pixels() <= small) return;
    ahead.add(tensor + samples.begin * shape.size(), samples.size() * shape.size());
  }

  /// The samples as the algorithm can read them: values that must be kept, or that it cannot compute itself, are
  /// evaluated first.
  static Deferred<T> readable_input(const Deferred<T>& input, Range samples, T* kept, T* buffer) {
    if (input.plain() || (kept == nullptr && Algorithm::reads_deferred)) return input.from(samples.begin);
    const Index size = input.raw.shape.size();
    T* const values = kept == nullptr ? buffer : kept + samples.begin * size;
    for (Index n = samples.begin; n < samples.end; ++n) evaluate(input, n, values + (n - samples.begin) * size);
    return {.raw = {values, samples.size(), input.raw.shape}};
  }

  static DeferredGradient<T> readable_gradient(const DeferredGradient<T>& gradient, Range samples, T* buffer) {
    if (gradient.plain() || Algorithm::reads_deferred) return gradient.from(samples.begin);
    const Index size = gradient.gradient.shape.size();
    for (Index n = samples.begin; n < samples.end; ++n) evaluate(gradient, n, buffer + (n - samples.begin) * size);
    return {.gradient = {buffer, samples.size(), gradient.gradient.shape}};
  }

  static void add_bias_gradients(const DeferredGradient<T>& gradient, Index images, T* sums) {
    const Index size = images * gradient.gradient.shape.size();
    for_channel_vectors<T>(Outputs, [&]<Index Lanes>(Index c) {
      const DeferredGradientReader<T, Lanes> read(gradient, c);
      Vector<T, Lanes> sum = load<T, Lanes>(sums + c);
      for (Index i = c; i < size; i += Outputs) sum += read(i);
      store<T, Lanes>(sums + c, sum);
    });
  }

  /// Applies `after` for an algorithm that does not.
  static void finish(const ConvolutionForward<T>& pass) {
    Deferred<T> after = pass.after;
    after.raw = pass.output;
    pass.team.for_parts(pass.output.batch, [&](Range samples, Index) {
      for (Index n = samples.begin; n < samples.end; ++n) evaluate(after, n, pass.output.sample(n));
    });
  }

  /// In inference a batch smaller than the team is shared out within its images.
  static Index shares_of_sample(const ConvolutionForward<T>& pass) {
    const bool divisible =
        pass.mean == nullptr && pass.kept_input == nullptr && (pass.input.plain() || Algorithm::reads_deferred);
    return divisible && pass.output.batch < pass.team.threads() ? pass.team.threads() : 1;
  }

  static ReadAhead<T> read_ahead(const WindowGeometry& geometry, const ConvolutionForward<T>& pass, Range samples) {
    ReadAhead<T> ahead;
    const Range next = following(geometry, samples, pass.output.batch);
    add_samples(ahead, pass.input.raw.data, geometry.input, next);
    add_samples(ahead, pass.input.shortcut, geometry.input, next);
    add_samples(ahead, pass.kept_input, geometry.input, next);
    add_samples(ahead, pass.output.data, geometry.output, next);
    return ahead;
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
